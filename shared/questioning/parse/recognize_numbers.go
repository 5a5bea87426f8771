package parse

import (
	"math"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Numbers for a slot. findNumbers finds every amount in the text and settles what can be
// settled without the words around it: the slot's unit (90 minutes are 1.5 hours), sums
// ("2 hours 30"), marks ("8 out of 10"), years and codes that count nothing, and who comes to
// a party. Dates and times in the text are others: their digits are no amounts.

// findNumbers finds the amounts in the text, in the slot's unit, and the dates and
// times whose digits are none. A slot that counts persons takes a party, where the text
// tells of one: of "5 adults and 2 children" neither number is the answer.
func (t *text) findNumbers() (values, others []span) {
	// Dates and times first: their digits are no amounts, unless the slot counts hours or days.
	clocks := slices.DeleteFunc(t.findClocks(false), func(s span) bool {
		return (t.tokens[s.from].shape == numeral || t.starts(s.from, number)) && t.starts(s.from+1, to)
	}) // "4 to 6"
	moments := append(t.findDays(), strong(clocks)...)
	if t.kind() == kindPersons {
		moments = append(moments, t.appointedHours()...)
	}
	// Then who comes, for a slot that counts people. Where the text tells of a party, its bare
	// numbers are those of something else.
	if t.slotIs(persons) {
		var parties, denied []span
		for _, party := range t.findParties() {
			_, replaced := t.replaced(party)
			switch from, ok := t.deniedFrom(party.from); {
			case ok:
				denied = append(denied, span{from: from, next: party.next})
			case !replaced && !t.isIncluded(party):
				if t.changedToNumber(party, moments) {
					party.doubt = twoMeanings
				}
				parties = append(parties, party)
			}
		}
		if total, ok := t.saidInAll(parties); ok {
			return []span{total}, slices.Concat(moments, t.replacedNumbers(), denied, without(parties, []span{total}))
		}
		if len(parties) > 0 {
			if others := t.otherCounts(parties, moments); len(others) > 0 {
				for i := range parties {
					parties[i].doubt = "another number stands beside this"
				}
				parties = append(parties, others...)
			}
			return t.withTotals(parties), slices.Concat(moments, t.replacedNumbers(), denied)
		}
	}
	// Then every amount, from left to right.
	for i := 0; i < len(t.tokens); {
		if other, ok := spanAt(moments, i); ok && t.slotUnit() == "" && !t.duration(other) {
			others = append(others, other)
			i = other.next
			continue
		}
		if _, after, ok := t.class(i, rate); ok && len(values) > 0 && values[len(values)-1].next == i {
			i = after // the "an hour" of "15 euros an hour" is no hour
			continue
		}
		a, ok := t.amountAt(i)
		if !ok {
			i++
			continue
		}
		v := t.inUnit(i, a)
		v.free = (a.money || a.named || a.unit != "" || t.isNamedNoun(a.next)) && !t.enlarged(a.next)
		if tens := math.Mod(a.value, 10) == 0 && a.value >= 20; tens && t.starts(a.next, ordinal) && t.tokens[a.next-1].shape == word {
			v.doubt = twoMeanings // "a twenty-first"
		}
		if last := len(values) - 1; last >= 0 && values[last].next == i && values[last].value == v.value && t.tokens[i].shape == word {
			v.doubt = twoMeanings // "twenty twenty"
		}
		values = append(values, v)
		i = max(a.next, i+1)
		if _, after, ok := t.class(i, rate); ok && a.unit != "" {
			i = after // the "a week" of "40 hours a week" is no week
		}
	}
	values, others = t.withoutIncidental(values, others)
	return t.onlyNamed(t.scored(t.summed(values))), others
}

// withoutIncidental leaves the amounts where one of them says its unit, without the
// years and names that stand beside them: "in 2003 it was $ 2 million", "20th".
func (t *text) withoutIncidental(values, others []span) (kept, rest []span) {
	if !slices.ContainsFunc(values, func(v span) bool { return v.free }) {
		return values, others
	}
	for _, v := range values {
		if !v.free && (t.isYear(v) || t.isCode(v)) {
			others = append(others, v)
			continue
		}
		kept = append(kept, v)
	}
	return kept, others
}

// isYear reports four digits that a word for a point in time leads to.
func (t *text) isYear(v span) bool {
	written := t.tokens[v.from].text
	return v.next == v.from+1 && len(written) == 4 && isDigits(written) && (written[:2] == "19" || written[:2] == "20") &&
		(t.ends(v.from, "year_in") || t.ends(v.from, month))
}

// isCode reports digits that a word of the person's own is written onto: "20th" of
// a Spaniard.
func (t *text) isCode(v span) bool {
	return v.next == v.from+1 && v.next < len(t.tokens) && t.tokens[v.from].shape == numeral && t.tokens[v.next].glued && t.tokens[v.next].shape == word && len(t.phrases(v.next)) == 0
}

// changedToNumber reports a party that the sentence changes to a bare number, which may say
// how many come now or when: "switch my booking for 2 to 7".
func (t *text) changedToNumber(party span, moments []span) bool {
	if !t.tellsBefore("changing", party.from) {
		return false
	}
	for i := party.next; i < len(t.tokens) && (t.tokens[i].shape != sign || t.is(i, ",")); i++ {
		if _, next, ok := t.cardinal(i + 1); t.leads(i) > 0 && ok && !meets(span{from: i + 1, next: next}, moments) {
			return true
		}
	}
	return false
}

// isIncluded reports the two children of "4 including two children".
func (t *text) isIncluded(party span) bool {
	for i := 1; i <= party.from; i++ {
		if _, next, ok := t.class(i, including); ok && next <= party.from {
			from := max(0, i-2)
			for ; from < i; from++ {
				if _, end, ok := t.cardinal(from); ok && end == i {
					return true
				}
			}
		}
	}
	return false
}

// isNamedNoun reports a noun at token i that the slot itself counts: the "tickets" of "3
// tickets" for the number of tickets.
func (t *text) isNamedNoun(i int) bool {
	return i < len(t.tokens) && t.tokens[i].shape == word && t.names(t.tokens[i]) && !t.starts(i, filler)
}

// replacedNumbers are the bare numbers that others replace: the "from 4 to" of "change it
// from 4 to 6 people".
func (t *text) replacedNumbers() []span {
	var found []span
	for i := range t.tokens {
		if _, next, ok := t.cardinal(i); ok {
			if old, ok := t.replaced(span{from: i, next: next}); ok {
				found = append(found, old)
			}
		}
	}
	return found
}

// withTotals adds the bare numbers that say a party's size once more, as in "4 (2
// adults, 2 kids)".
func (t *text) withTotals(parties []span) []span {
	for i := range t.tokens {
		value, next, ok := t.cardinal(i)
		bare := ok && (next == len(t.tokens) || t.tokens[next].shape == sign)
		if bare && !meets(span{from: i, next: next}, parties) && slices.ContainsFunc(parties, func(p span) bool { return p.value == float64(value) }) {
			parties = append(parties, span{from: i, next: next, value: float64(value)})
		}
	}
	slices.SortFunc(parties, func(a, b span) int { return a.from - b.from })
	return parties
}

// onlyNamed leaves the number of what the slot names where others count something
// else: "two bedrooms, one bath".
func (t *text) onlyNamed(values []span) []span {
	var named, denied []span
	for _, v := range values {
		if _, ok := t.deniedFrom(v.from); ok {
			denied = append(denied, v) // the "4 people" of "5, not 4 people"
			continue
		}
		if v.next < len(t.tokens) && t.names(t.tokens[v.next]) && t.tokens[v.next].shape == word && !t.starts(v.next, filler) {
			named = append(named, v)
			continue
		}
		if v.next >= len(t.tokens) || t.tokens[v.next].shape != word || t.starts(v.next, filler) || t.starts(v.next, and) || t.starts(v.next, persons) {
			return values
		}
	}
	if len(named) > 0 {
		return append(named, denied...)
	}
	return values
}

// duration reports a time of day such as "3 heures" that is an amount as well.
func (t *text) duration(s span) bool {
	a, ok := t.amountAt(s.from)
	fraction := a.value != math.Trunc(a.value) && t.tokens[s.from].shape == word // "trois et demi"
	return ok && (a.unit != "" || fraction && a.doubt == "") && a.next >= s.next
}

// inUnit is the span of an amount, converted to the slot's unit. An amount of
// something else than the slot counts is in doubt.
func (t *text) inUnit(from int, a amount) span {
	s := span{from: from, next: a.next, value: a.value, doubt: a.doubt}
	kind, unit := t.kind(), t.slotUnit()
	switch {
	case a.doubt != "":
	case kind != kindAny && kind != kindMoney && a.money, kind == kindMoney && a.unit != "", kind == kindPersons && a.unit != "",
		kind != kindAny && a.measured && a.named:
		s.doubt = "this is an amount of something else"
	case kind == kindMoney && a.cents:
		s.doubt = "this is an amount of cents"
	case a.unit == "day" && clockUnits[unit] && t.isWhole(from):
		s.doubt = "a whole day may be less than 24 hours"
	case unit == "" && (a.unit == "week" || a.unit == "fortnight"):
		s.doubt = "this could be a number of days too"
	case unit != "" && a.unit != "":
		value, ok := convert(a.value, a.unit, unit)
		if s.value = value; !ok {
			s.doubt = "this cannot be converted exactly"
		}
	}
	return s
}

// convert converts an amount between units of time. It is exact or not ok: a month is no
// number of days.
func convert(value float64, from, to string) (float64, bool) {
	if from == to {
		return value, true
	}
	base := inSeconds
	if inMonths[to] != 0 {
		base = inMonths
	}
	if base[to] == 0 || base[from] == 0 {
		return 0, false
	}
	value = value * base[from] / base[to]
	rounded := math.Round(value*1e6) / 1e6
	return rounded, math.Abs(value-rounded) <= 1e-12*math.Abs(value)
}

// summed adds up "2 hours and 30 minutes": amounts in ever smaller units with
// nothing but "and" or a comma between them.
func (t *text) summed(values []span) []span {
	var m moment
	if len(values) == 0 || t.slotUnit() == "" {
		return values
	}
	next, ok := readAmounts(t, values[0].from, &m)
	if !ok || len(m.amounts) < 2 && !t.minutesFollow(next, m) {
		return values
	}
	amounts := m.amounts
	sum := span{from: values[0].from, next: next, value: 0.0}
	if t.minutesFollow(next, m) { // "1h30"
		minutes, after, _ := t.cardinal(next)
		amounts, sum.next = append(amounts, amount{value: float64(minutes), unit: "minute"}), after
	}
	for i, a := range amounts {
		if i > 0 && size(a.unit) >= size(amounts[i-1].unit) {
			return values
		}
	}
	total := 0.0
	smallest := amounts[len(amounts)-1].unit
	for _, a := range amounts {
		value, exact := convert(a.value, a.unit, smallest)
		if !exact {
			return values
		}
		total += value
	}
	value, exact := convert(total, smallest, t.slotUnit())
	if sum.value = value; !exact {
		sum.doubt = "this cannot be converted exactly"
	}
	joined := []span{sum}
	for _, v := range values {
		if v.from >= sum.next {
			joined = append(joined, v)
		}
	}
	return joined
}

// minutesFollow reports the "30" of "1h30" and of "2 heures 30" at token i, where no
// word follows that it could count.
func (t *text) minutesFollow(i int, m moment) bool {
	if len(m.amounts) == 0 || m.amounts[len(m.amounts)-1].unit != "hour" || i >= len(t.tokens) || t.tokens[i].newline {
		return false
	}
	minutes, next, ok := t.cardinal(i)
	glued := t.tokens[i].glued && t.tokens[i].shape == numeral
	return ok && minutes < 60 && (glued || next == len(t.tokens) || t.tokens[next].shape == sign)
}

// isWhole reports the "toute la journée" and the "journée entière" at token i.
func (t *text) isWhole(i int) bool {
	_, after, ok := t.class(i, unit)
	return t.starts(i, "a") && !t.is(i, "a") && !t.is(i, "an") || ok && t.starts(after, whole)
}

// size orders units: roughly how many seconds one has, 0 for what is no unit of time.
func size(unit string) float64 { return max(inSeconds[unit], inMonths[unit]*30*86400) }

// scored reads "8/10" and "8 out of 10" on a scale to 10.
func (t *text) scored(values []span) []span {
	if t.slot.Maximum == nil {
		return values
	}
	if len(values) == 1 && t.tokens[values[0].from].shape == calendar {
		above, below, _ := strings.Cut(t.tokens[values[0].from].text, "/")
		if below == formatNumber(*t.slot.Maximum) && isDigits(above) {
			values[0].value = float64(wholeNumber(above))
		}
		return values
	}
	if len(values) == 2 && values[1].value == *t.slot.Maximum && values[1].from > values[0].next && t.starts(values[0].next, "out_of") {
		values[0].next = values[1].next
		return values[:1]
	}
	return values
}

// wholeNumber is the value of digits, which are few: those of a date.
func wholeNumber(digits string) int {
	n := 0
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

// findCounted are the amounts, dates and times in a text that is asked for none.
func (t *text) findCounted() []span {
	counted := *t
	counted.setSlot(questioning.Slot{Type: questioning.Number})
	values, others := counted.findNumbers()
	return append(values, others...)
}
