package parse

import (
	"strconv"
	"strings"
)

// Patterns. How a language says dates and times is written in its file as patterns of words
// and {readers}, see patternNode, and compiled to one tree for each of the two. match walks the
// tree and takes the longest way, which is what keeps "half past nine" from being the nine in
// it. A reader reads one thing, "the 3rd" or "2 weeks", into a field of the moment; it looks
// at nothing but the tokens from its index on, and at the few behind them that would make
// something else of it.

// match follows the patterns from token i as far as they lead: what m holds with all
// that is read on the way, and the token behind it. Of several ways the longest counts,
// of equally long ones the first. The depth is that of the patterns, a dozen words.
func (t *text) match(node *patternNode, i int, m moment) (moment, int, bool) {
	var best moment
	longest, found := i, false
	if i < len(t.tokens) && !(m.any() && t.tokens[i].newline) {
		if next := node.after(t.tokens[i].plain); next != nil {
			if deeper, end, ok := t.match(next, i+1, m); ok {
				best, longest, found = deeper, end, true
			}
		}
		for _, edge := range node.readers {
			read := m
			if next, ok := t.read(edge.name, i, &read); ok {
				if deeper, end, ok := t.match(edge.to, next, read); ok && end > longest {
					best, longest, found = deeper, end, true
				}
			}
		}
	}
	if found {
		return best, longest, true
	}
	if node.end {
		for _, set := range node.sets {
			m.set(set.field, set.value)
		}
		return m, i, true
	}
	return moment{}, i, false
}

// read has the reader that a pattern names read at token i into a moment. It returns the
// token behind what was read. Brackets have readers, since patterns cannot say them.
func (t *text) read(name string, i int, m *moment) (next int, ok bool) {
	switch name {
	case "day":
		return readDay(t, i, m)
	case "ordinal":
		return readOrdinal(t, i, m)
	case "nth":
		return readNth(t, i, m)
	case "bareday":
		return readBareDay(t, i, m)
	case "oneweek":
		return readOne(t, i, m, "week")
	case "oneday":
		return readOne(t, i, m, "day")
	case "count":
		return readNumber(t, i, m, fieldNth, 1, 9)
	case "weekdays":
		return readWeekdays(t, i, m)
	case "month":
		return readClass(t, i, m, month, fieldMonth)
	case "weekday":
		return readClass(t, i, m, weekday, fieldWeekday)
	case "days":
		return readClass(t, i, m, day, fieldDays)
	case "part":
		return readPart(t, i, m)
	case "holiday":
		return readHoliday(t, i, m)
	case "year":
		return readYear(t, i, m)
	case "date":
		return readCalendar(t, i, m)
	case "dotted":
		return readDotted(t, i, m)
	case "open":
		return i + 1, t.is(i, "(")
	case "close":
		return i + 1, t.is(i, ")")
	case "when":
		return readWhen(t, i, m)
	case "yy":
		return readShortYear(t, i, m)
	case "amount":
		return readAmounts(t, i, m)
	case "clock":
		return readClock(t, i, m)
	case "hour":
		return readNumber(t, i, m, fieldHour, 0, 24)
	case "minute":
		return readNumber(t, i, m, fieldMinute, 0, 59)
	case "second":
		return readNumber(t, i, m, fieldSecond, 0, 59)
	case "number":
		return readNumber(t, i, m, fieldMonth, 1, 12)
	case "numberth":
		return readNumberth(t, i, m)
	case "decimal":
		return readDecimalClock(t, i, m)
	case "compact":
		return readCompactClock(t, i, m)
	}
	panic("there is no reader " + name)
}

// readClass reads a phrase of a class, whose value is the field's. It takes the point of
// an abbreviation with it, where the point cannot end the sentence.
func readClass(t *text, i int, m *moment, c class, f field) (int, bool) {
	e, next, ok := t.class(i, c)
	if !ok {
		return i, false
	}
	m.set(f, int(e.value))
	// The point of an abbreviation.
	if last := t.tokens[next-1]; t.is(next, ".") && t.tokens[next].glued && (len(last.text) <= 4 && next+1 < len(t.tokens) && !t.tokens[next+1].newline || next+1 < len(t.tokens) && t.tokens[next+1].glued) {
		next++
	}
	return next, true
}

// readNumber reads a cardinal from least to most into a field; of digits at most two, so
// that the 2026 of a year is no day and no hour.
func readNumber(t *text, i int, m *moment, f field, least, most int) (int, bool) {
	value, next, ok := t.cardinal(i)
	if !ok || value < least || value > most || t.tokens[i].shape == numeral && len(t.tokens[i].text) > 2 {
		return i, false
	}
	if next > i+1 && t.starts(i, filler) {
		return i, false // "19 Uhr zu viert" is no four minutes past
	}
	m.set(f, value)
	return next, true
}

// readDay reads a day of the month, as an ordinal or a cardinal.
func readDay(t *text, i int, m *moment) (int, bool) {
	if next, ok := readOrdinal(t, i, m); ok {
		return next, true
	}
	return readBareDay(t, i, m)
}

// readBareDay reads a day of the month as a cardinal: the "12" of "Monday 12", but not
// the hour of "Friday 6 pm" or the people of "May the 3 of us".
func readBareDay(t *text, i int, m *moment) (int, bool) {
	next, ok := readNumber(t, i, m, fieldDay, 1, 31)
	return next, ok && !t.starts(next, part) && !t.starts(next, persons)
}

// readOne reads a unit as an amount of one: the "day" of "the day after Christmas".
func readOne(t *text, i int, m *moment, name string) (int, bool) {
	e, next, ok := t.class(i, unit)
	if !ok || e.name != name || t.starts(i, day) || i > 0 && (t.starts(i-1, all) || t.starts(i-1, hedge) || t.starts(i-1, repeated)) {
		return i, false // "day after tomorrow" is a day itself, and "any day after Friday" is none
	}
	m.amounts = []amount{{value: 1, unit: name, next: next}}
	return next, true
}

// readWeekdays reads the plural of "two Sundays from now".
func readWeekdays(t *text, i int, m *moment) (int, bool) {
	if i >= len(t.tokens) {
		return i, false
	}
	one, plural := strings.CutSuffix(t.tokens[i].plain, "s")
	node := t.lang.lexicon.after(one)
	if !plural || node == nil {
		return i, false
	}
	for _, e := range node.entries {
		if e.class == weekday {
			m.set(fieldWeekday, int(e.value))
			return i + 1, true
		}
	}
	return i, false
}

// readOrdinal reads the day of "the 3rd".
func readOrdinal(t *text, i int, m *moment) (int, bool) {
	value, next, ok := t.ordinalAt(i)
	if !ok || value < 1 || value > 31 {
		return i, false
	}
	m.set(fieldDay, value)
	return next, true
}

// readNumberth reads a month that is said by an ordinal.
func readNumberth(t *text, i int, m *moment) (int, bool) {
	value, next, ok := t.ordinalAt(i)
	m.set(fieldMonth, value)
	return next, ok && value >= 1 && value <= 12
}

// readNth reads the "second" of "the second Friday", up to a fifth, which a month may
// have.
func readNth(t *text, i int, m *moment) (int, bool) {
	value, next, ok := t.ordinalAt(i)
	if !ok || value < 1 || value > 5 {
		return i, false
	}
	m.set(fieldNth, value)
	return next, true
}

// readPart reads a part of the day, which may be said once more: "tonight at 8 pm". Of
// two, "am" and "pm" say more than "tonight"; two that contradict each other are none.
func readPart(t *text, i int, m *moment) (int, bool) {
	e, next, ok := t.class(i, part)
	if !ok {
		return i, false
	}
	if (len(t.tokens[i].text) == 1 || t.is(i, "am")) && next == i+1 && !m.has(fieldHour) {
		return i, false // the article of "a 9:15 pm" is no "am", nor is the "am" of "am 8."
	}
	// "tonight at 8 pm" says the same part of the day twice.
	if now := partsOfDay[e.name]; !m.has(fieldPart) || m.at[fieldPart] == int(now) || partOfDay(m.at[fieldPart]).late() == now.late() {
		if !m.has(fieldPart) || now == am || now == pm {
			m.set(fieldPart, int(now))
		}
		return next, true
	}
	return i, false
}

// readYear reads 2026, '26 and a year in words. Two digits without an apostrophe are no
// year here: "May 26" is a day.
func readYear(t *text, i int, m *moment) (int, bool) {
	at := i
	if t.is(i, "'") {
		at++
	}
	if at >= len(t.tokens) {
		return i, false
	}
	if written := t.tokens[at].text; t.tokens[at].shape == numeral {
		year, err := strconv.Atoi(written)
		if err != nil || at > i && len(written) != 2 || at == i && (len(written) != 4 || year < 1000) {
			return i, false
		}
		if at > i {
			year += 2000
		}
		m.set(fieldYear, year)
		return at + 1, true
	}
	// In words a year is one number, "two thousand ten", or two: its century and the rest.
	value, next, _ := t.spelled(i)
	rest := next
	if t.is(next, "oh") || t.is(next, "o") || t.is(next, "zero") {
		rest++
	}
	if more, end, _ := t.spelled(rest); end > rest && value >= 16 && value <= 21 && (rest == next && more >= 10 && more < 100 || rest > next && more > 0 && more < 10) {
		value, next = value*100+more, end // "nineteen seventy eight", "nineteen oh one"
	}
	if value < 1000 || value > 2999 {
		return i, false
	}
	m.set(fieldYear, int(value))
	return next, true
}

// readShortYear reads the "74" of "31 octobre 74": nothing may follow it that it
// could count.
func readShortYear(t *text, i int, m *moment) (int, bool) {
	if i >= len(t.tokens) || t.tokens[i].shape != numeral || len(t.tokens[i].text) != 2 || i+1 < len(t.tokens) && (t.tokens[i+1].shape != sign || t.tokens[i+1].glued && i+2 < len(t.tokens)) {
		return i, false
	}
	year, err := strconv.Atoi(t.tokens[i].text)
	m.set(fieldYear, century(year, t.now.Year()))
	return i + 1, err == nil
}

// readDotted reads the "15.2." of a language that writes the day first. Without the
// second point it counts only as the whole text: "15.2" in a sentence is a number.
func readDotted(t *text, i int, m *moment) (int, bool) {
	if i >= len(t.tokens) || t.tokens[i].shape != numeral {
		return i, false
	}
	next := i + 1
	if t.is(next, ".") && t.tokens[next].glued {
		next++
	} else if next < len(t.tokens) {
		return i, false
	}
	first, second, ok := strings.Cut(t.tokens[i].text, ".")
	d, errDay := strconv.Atoi(first)
	month, errMonth := strconv.Atoi(second)
	m.set(fieldDay, d)
	m.set(fieldMonth, month)
	return next, ok && errDay == nil && errMonth == nil && d >= 1 && d <= 31 && month >= 1 && month <= 12 && len(second) <= 2
}

// readWhen reads a whole date that amounts are counted from: the "Friday" of "two weeks
// from Friday". A date within it is not counted from another, so this ends.
func readWhen(t *text, i int, m *moment) (int, bool) {
	if i >= len(t.tokens) || m.within {
		return i, false
	}
	base, next, ok := t.match(t.lang.dates, i, moment{within: true})
	if !ok || next == i || len(base.amounts) > 0 || base.has(fieldNow) {
		return i, false
	}
	base.amounts, base.within = m.amounts, false
	*m = base
	return next, true
}

// readAmounts reads "2 years and 1 month": amounts with units of time, none negative or
// in doubt.
func readAmounts(t *text, i int, m *moment) (int, bool) {
	m.amounts = nil
	next := i
	for {
		at := next
		if len(m.amounts) > 0 {
			if _, after, ok := t.class(at, and); ok {
				at = after
			} else if t.is(at, ",") {
				at++
			}
		}
		if at < len(t.tokens) && t.is(at, "-") {
			return next, len(m.amounts) > 0
		}
		a, ok := t.amountAt(at)
		if !ok || a.unit == "" || a.doubt != "" || a.value < 0 {
			return next, len(m.amounts) > 0
		}
		m.amounts = append(m.amounts, a)
		next = a.next
	}
}

// readClock reads a clock token: 14:30 or 14:30:15.
func readClock(t *text, i int, m *moment) (int, bool) {
	if i >= len(t.tokens) || t.tokens[i].shape != clock {
		return i, false
	}
	parts := strings.Split(t.tokens[i].text, ":")
	for n, f := range []field{fieldHour, fieldMinute, fieldSecond}[:len(parts)] {
		value, _ := strconv.Atoi(parts[n])
		m.set(f, value)
	}
	return i + 1, true
}

// readDecimalClock reads the "8.30" of "8.30 pm": an hour and exactly two digits of
// minutes, since the "8.5" of a number is no time.
func readDecimalClock(t *text, i int, m *moment) (int, bool) {
	if i >= len(t.tokens) || t.tokens[i].shape != numeral {
		return i, false
	}
	hour, minute, ok := strings.Cut(t.tokens[i].text, ".")
	if !ok || len(hour) > 2 || len(minute) != 2 || !isDigits(hour) || !isDigits(minute) {
		return i, false
	}
	h, _ := strconv.Atoi(hour)
	past, _ := strconv.Atoi(minute)
	m.set(fieldHour, h)
	m.set(fieldMinute, past)
	return i + 1, h <= 24 && past <= 59
}

// readCompactClock reads "1430" and the "730" of "730 pm". Nothing but its digits tells
// it from a number, so it counts only where a time is wanted.
func readCompactClock(t *text, i int, m *moment) (int, bool) {
	if i >= len(t.tokens) || t.tokens[i].shape != numeral || !isDigits(t.tokens[i].text) || len(t.tokens[i].text) < 3 || len(t.tokens[i].text) > 4 {
		return i, false
	}
	value, _ := strconv.Atoi(t.tokens[i].text)
	m.set(fieldHour, value/100)
	m.set(fieldMinute, value%100)
	return i + 1, value/100 <= 23 && value%100 <= 59
}

// readHoliday reads the name of a holiday, whose rule holidayIn knows.
func readHoliday(t *text, i int, m *moment) (int, bool) {
	e, next, ok := t.class(i, holiday)
	if ok {
		m.holiday = e.name
	}
	return next, ok
}

// readCalendar reads a calendar token, or 20261130 written as one number.
func readCalendar(t *text, i int, m *moment) (int, bool) {
	if i >= len(t.tokens) {
		return i, false
	}
	if written := t.tokens[i].text; len(written) == 8 && isDigits(written) && (written[:2] == "19" || written[:2] == "20") {
		m.date = written[:4] + "-" + written[4:6] + "-" + written[6:]
		m.set(fieldWeak, 1) // a number as well
		return i + 1, true
	}
	if t.tokens[i].shape != calendar {
		return i, false
	}
	m.date, m.dayFirst = t.tokens[i].text, t.sure && t.lang.dayFirst
	return i + 1, true
}
