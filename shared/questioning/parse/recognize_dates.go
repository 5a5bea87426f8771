package parse

import (
	"slices"
	"strings"
	"time"
)

// Dates and times in a text. scan runs the patterns over all tokens; findDates and findClocks
// make spans of what it found and put a doubt on those that the words around them make
// uncertain. A span is weak when nothing but a number makes it a date or a time: "the 8th"
// counts for a slot that asks for a date, and an "8" for one that asks for a time, and
// neither for any other slot.
//
// For each type the dates and times of the other type are found too. They are accounted for,
// so that "Friday at 8" is a time for one slot and a date for another.

// findDates finds the dates in the text; bare ones, such as "the 8th", only for a
// slot that wants a date.
func (t *text) findDates(bare bool) []span {
	found := t.scan(t.lang.dates)
	t.nameWeekdays(found)
	var spans []span
	for _, w := range found {
		if w.weak && (!bare || t.noDay(w)) || w.clockAmounts() {
			continue
		}
		day, problem := w.dateOf(t.now)
		w.value, w.doubt = day.Format(time.DateOnly), problem
		if w.amounts != nil && (t.ends(w.from, "span") || w.has(fieldDay) && t.leadsFrom(w.from, w.next)) {
			w.doubt = "this is a span of time" // "for 3 days from today", "4 days from the 1st"
		}
		if w.next-w.from == 1 && t.starts(w.from, month) && t.starts(w.from, weekday) {
			w.doubt = twoDays // "mar" is a Tuesday and a March
		}
		if day.After(t.now) && (w.has(fieldDay) || w.holiday != "" || w.date != "") && !w.saysYear() && t.tells(past) {
			w.doubt = "this could be a day that has passed" // "nació el 3 de marzo"
		}
		if w.doubt == "" && w.has(fieldDay) && !w.saysYear() && t.yearElsewhere(w) {
			w.doubt = "this could be a day of another year" // "June 5... 2020"
		}
		if w.set_ == 1<<fieldWeekday && t.isAnyOf(w.from) {
			w.doubt = "this could be any such day" // "a Monday"
		}
		spans = append(spans, w.span)
	}
	return spans
}

// yearElsewhere reports a number apart from the date that could be its year: four digits of
// the last or this century, as a clause of its own.
func (t *text) yearElsewhere(w when) bool {
	for i, one := range t.tokens {
		isYear := one.shape == numeral && len(one.text) == 4 && isDigits(one.text) && (one.text[:2] == "19" || one.text[:2] == "20")
		begins, ends := i == 0 || t.tokens[i-1].shape == sign, i+1 == len(t.tokens) || t.tokens[i+1].shape == sign
		if isYear && begins && ends && (i < w.from || i >= w.next) {
			return true
		}
	}
	return false
}

// noDay reports a bare number that is no day of the month: the "second" of "wait a
// second", the "seven" of "just the seven".
func (t *text) noDay(w when) bool {
	if w.has(fieldWeekday) || !w.has(fieldDay) {
		return false
	}
	return t.ends(w.from, "a") || t.starts(w.from, "a") || t.lang.code == "en" && t.tokens[w.next-1].shape == word && !t.ordinalSpan(w.span)
}

// isAnyOf reports the "a" of "a Monday", or "another" or "any", before token i.
func (t *text) isAnyOf(i int) bool {
	if i == 0 {
		return false
	}
	e, next, ok := t.class(i-1, number)
	return ok && e.value == 1 && next == i && t.starts(i-1, article) || t.ends(i, "a") || t.lang.code == "en" && t.is(i-1, "any")
}

// nameWeekdays makes a weekday that stands apart from the only whole date the weekday
// of it: "4 August, which is a Saturday".
func (t *text) nameWeekdays(found []when) {
	whole := -1
	for i, w := range found {
		switch {
		case w.date == "" && !(w.has(fieldDay) && w.has(fieldMonth)):
		case whole >= 0:
			return
		default:
			whole = i
		}
	}
	if whole < 0 {
		return
	}
	day, problem := found[whole].dateOf(t.now)
	for i, w := range found {
		if problem == "" && w.set_ == 1<<fieldWeekday && w.holiday == "" && w.amounts == nil && w.at[fieldWeekday] == weekdayOf(day) {
			found[i].moment = found[whole].moment
		}
	}
}

// leadsFrom reports a "from" among the tokens.
func (t *text) leadsFrom(from, next int) bool {
	for i := from; i < next; i++ {
		if e, _, ok := t.class(i, placing); ok && e.value < 0 {
			return true
		}
	}
	return false
}

// findClocks finds the times of day; bare numbers only for a slot that wants one. A bare
// number that counts something, "8 people" or "table for 8", is none.
func (t *text) findClocks(bare bool) []span {
	found := t.scan(t.lang.times)
	counts := func(w when) bool { return t.kind() == kindPersons && w.has(fieldWeak) && !t.ends(w.from, "at") } // "tonight for 5"
	// Of two times it is not clear to which a part of the day elsewhere belongs.
	if len(found) == 1 && found[0].has(fieldHour) && !counts(found[0]) {
		t.partElsewhere(&found[0])
	}
	var spans []span
	for _, w := range found {
		counts := w.weak && slices.ContainsFunc([]class{persons, person, attendance, measure, currency, thing}, func(c class) bool { return t.starts(w.next, c) })
		counts = counts || w.weak && (t.ends(w.from, "groups") || t.ends(w.from, thing)) // "table for 8", "table 8"
		if w.weak && !bare || counts || !w.hasClock() || w.weak && t.ends(w.from, "in") || t.isArticleHour(w) {
			continue
		}
		at, problem := w.clockOf(t.now)
		if problem == "" && t.unlikelyClock(w) {
			problem = twoMeanings
		}
		w.value, w.doubt = time.Time{}.Add(at).Format(time.TimeOnly), problem
		if problem == "" && t.otherHalf(w, found) {
			w.doubt = twoTimes
		}
		if problem == "" && t.isCountOfHours(w) {
			w.doubt = "this could be a span of time"
		}
		spans = append(spans, w.span)
	}
	return spans
}

// isArticleHour reports the article of "un rendez-vous le matin", which is spelled as the
// number one is. As an hour it has a word of its own beside it: "à une heure", "a la una".
func (t *text) isArticleHour(w when) bool {
	return w.has(fieldWeak) && w.next == w.from+1 && t.starts(w.from, article) && !t.ends(w.from, "at") && w.next < len(t.tokens)
}

// unlikelyClock reports digits that are more likely something else than a time: the "134" of
// "134 this afternoon", since people leave out the colon of round times only, and the "10"
// of "10 mercredi matin" where the day stands first.
func (t *text) unlikelyClock(w when) bool {
	first := t.tokens[w.from]
	const roundTo = 5 // minutes
	compact := first.shape == numeral && len(first.text) == 3 && isDigits(first.text) && w.at[fieldMinute]%roundTo != 0
	return compact || w.has(fieldWeak) && t.lang.dayFirst && t.starts(w.next, weekday) && !t.ends(w.from, "at")
}

// otherHalf reports an "am" or "pm" apart from the time that puts it into the other half of
// the day: "7am... I mean pm". The "am" of "I am" is none.
func (t *text) otherHalf(w when, found []when) bool {
	if !w.has(fieldPart) {
		return false
	}
	for i := range t.tokens {
		e, next, ok := t.class(i, part)
		now := partsOfDay[e.name]
		ends := next >= len(t.tokens) || t.tokens[next].shape == sign
		free := i == 0 || t.tokens[i-1].shape == word && !t.is(i-1, "i") && !t.isNumber(i-1)
		ofTime := slices.ContainsFunc(found, func(other when) bool { return other.from <= i && i < other.next })
		_, denied := t.deniedFrom(i)
		if ok && (now == am || now == pm) && !ofTime && !denied && ends && free && len(t.tokens[i].text) > 1 && partOfDay(w.at[fieldPart]).late() != now.late() {
			return true
		}
	}
	return false
}

// isCountOfHours reports the hours of "pour 3 heures" and, in a language that has
// another word for the time, of "3 horas".
func (t *text) isCountOfHours(w when) bool {
	last := t.tokens[w.next-1].text
	if !t.starts(w.next-1, unit) || len(last) <= 2 || w.has(fieldPart) || w.has(fieldMinute) || w.amounts != nil {
		return false
	}
	return t.ends(w.from, "span") || t.starts(w.next-1, "hours") && w.at[fieldHour] <= 12 && !t.ends(w.from, "at")
}

// partElsewhere gives the only time its part of the day from beyond the date:
// "9 tomorrow evening".
func (t *text) partElsewhere(w *when) {
	parts, at := 0, span{}
	var m moment
	for i := 0; i < len(t.tokens); i++ {
		if i >= w.from && i < w.next {
			continue
		}
		read := moment{}
		if next, ok := readPart(t, i, &read); ok && read.at[fieldPart] != int(am) && read.at[fieldPart] != int(pm) {
			m, parts, at = read, parts+1, span{from: i, next: next}
			i = next - 1
		}
	}
	if parts == 1 && w.has(fieldPart) { // said twice: "in the evening, so 7 in the evening"
		if w.at[fieldPart] == m.at[fieldPart] {
			t.part = at
		}
		return
	}
	if parts == 1 {
		t.part = at
		w.set(fieldPart, m.at[fieldPart])
		w.weak = w.weak && w.has(fieldWeak) && !t.ends(w.from, "at") && w.next-w.from == 0
	}
}

// scan matches patterns from left to right; matches do not overlap. What it finds
// depends on the words alone and not on the slot, so it is kept with the text.
func (t *text) scan(patterns *patternNode) []when {
	if kept, ok := t.scans[patterns]; ok {
		return slices.Clone(kept)
	}
	var found []when
	for i := 0; i < len(t.tokens); {
		m, next, ok := moment{}, i, false
		if t.opens(patterns, i) {
			m, next, ok = t.match(patterns, i, moment{})
		}
		if !ok || next == i || t.tokens[i].shape == numeral && t.partOfWord(i) {
			if _, after, said := t.class(i, part); said && patterns == t.lang.dates {
				i = after // the "mañana" of "de la mañana" is no tomorrow
				continue
			}
			i++
			continue
		}
		// "Now" begins many a sentence, so as a time it has to be all that is said.
		if m.has(fieldNow) && !t.fillsText(i, next) {
			i = next
			continue // "Now, I need a table"
		}
		weak := m.has(fieldWeak) || m.has(fieldDay) && !m.has(fieldMonth) && !m.has(fieldMonths)
		found = append(found, when{span{from: i, next: next, weak: weak}, m})
		if _, after, said := t.class(i, part); said && patterns == t.lang.dates {
			next = max(next, after) // nor is the "Morgen" of "heute Morgen"
		}
		i = next
	}
	if t.scans != nil {
		t.scans[patterns] = slices.Clone(found)
	}
	return found
}

// opens reports a token that a date or a time can begin with. Most words cannot, and
// trying every pattern on them is what a reading would spend its time on.
func (t *text) opens(patterns *patternNode, i int) bool {
	one := t.tokens[i]
	if one.shape != word || patterns.after(one.plain) != nil {
		return true
	}
	for _, p := range t.phrases(i) {
		for _, e := range p.entries {
			switch e.class {
			case number, ordinal, scale, fraction, article, "a", half, point, minus, month, weekday, day, holiday, part, unit:
				return true
			}
		}
	}
	_, plural := strings.CutSuffix(one.plain, "s") // of a weekday
	return plural
}

// fillsText reports that nothing but fillers and signs stands beside the tokens.
func (t *text) fillsText(from, next int) bool {
	for i := range t.tokens {
		if (i < from || i >= next) && t.tokens[i].shape != sign && !t.starts(i, filler) && !t.starts(i, outro) && !t.starts(i, article) {
			return false
		}
	}
	return true
}

// strongest leaves the times that are more than a bare number, or that "at"
// stands before, if there are any.
func (t *text) strongest(spans []span) []span {
	spans = strong(spans)
	var kept []span
	for _, s := range spans {
		if s.weak && t.ends(s.from, "at") {
			kept = append(kept, s)
		}
	}
	if len(kept) > 0 {
		return kept
	}
	return spans
}

// dateSpans are the dates for a slot that wants one, and the times beside them.
func (t *text) dateSpans() (values, others []span) {
	all := t.findDates(true)
	values = strong(all)
	others = append(without(strong(t.findClocks(false)), all), without(t.appointedHours(), all)...)
	others = append(others, t.countedPeople()...)
	others = append(others, without(t.durations(), all)...)
	return values, append(others, without(all, values)...) // the "19th" of "19th to 21st August"
}

// timeSpans are the times of day for a slot that wants one, and the dates beside them.
func (t *text) timeSpans() (values, others []span) {
	dates := slices.DeleteFunc(t.findDates(true), func(s span) bool { return s.doubt == noOneDay }) // "una hora antes"
	// A bare number is an hour only where it is no part of a date: the 8 of "June 8".
	values = t.strongest(t.findClocks(true))
	if len(values) > 0 && values[0].weak {
		values = without(values, strong(dates))
	}
	return values, append(without(dates, values), without(t.countedPeople(), values)...)
}

// appointedHours are the bare numbers that "at" makes hours: the 7 of "June 8 at 7".
func (t *text) appointedHours() []span {
	var hours []span
	for _, w := range t.scan(t.lang.times) {
		if w.weak && t.ends(w.from, "at") && !t.starts(w.next, unit) && !t.starts(w.next, persons) {
			hours = append(hours, span{from: w.from, next: w.next})
		}
	}
	return hours
}

// durations are the spans of time behind "for": the "2 days" of "for 2 days this
// Saturday".
func (t *text) durations() []span {
	var found []span
	for i := 1; i < len(t.tokens); i++ {
		if !t.ends(i, "span") {
			continue
		}
		if a, ok := t.amountAt(i); ok && a.unit != "" && a.doubt == "" {
			found = append(found, span{from: i, next: a.next})
		} else if _, next, ok := t.class(i, more); ok && t.starts(next, unit) {
			found = append(found, span{from: i, next: next + 1}) // "for a few days"
		}
	}
	return found
}

// countedPeople are the numbers of people, which are no part of a date or a time.
func (t *text) countedPeople() []span {
	var counts []span
	for i := range t.tokens {
		if _, next, ok := t.cardinal(i); ok && (t.starts(next, persons) || t.starts(next, person)) {
			counts = append(counts, span{from: i, next: next})
		}
	}
	return counts
}

// findMoments finds the dates and times of day in the text, values of something else:
// beside an option or a yes they are accounted for.
func (t *text) findMoments() []span {
	days := t.findDates(false)
	return append(without(strong(t.findClocks(false)), days), days...)
}

// findDays finds the dates whose digits are no number: fractions look like 3/4 too.
func (t *text) findDays() []span {
	var days []span
	for _, s := range t.findDates(true) {
		if s.weak && t.ordinalSpan(s) || !s.weak && (s.next-s.from > 1 || !strings.Contains(t.tokens[s.from].text, "/") || strings.Count(t.tokens[s.from].text, "/") > 1) {
			s.weak = s.weak && !t.starts(s.from, article)
			days = append(days, s)
		}
	}
	return days
}

// ordinalSpan reports a date that an ordinal is part of: "the 8th".
func (t *text) ordinalSpan(s span) bool {
	for i := s.from; i < s.next; i++ {
		if _, _, ok := t.ordinalAt(i); ok {
			return true
		}
	}
	return false
}
