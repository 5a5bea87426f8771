package parse

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Units convert exactly only to units measured in the same base: seconds or months.
var (
	inSeconds  = map[string]float64{"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "fortnight": 1209600}
	inMonths   = map[string]float64{"month": 1, "year": 12}
	clockUnits = map[string]bool{"second": true, "minute": true, "hour": true}
	unitPlural = regexp.MustCompile(`(?i)(?:^|[^a-z])(second|minute|hour|day|week|month|year)s(?:$|[^a-z])`)
)

// unitOf is the time unit that a slot's title, key or description says its number
// is in, or "". Only a plural says so: "Birth year" is no amount of years.
func unitOf(slot questioning.Slot) string {
	for _, said := range []string{slot.Title, slot.Key, slot.Description} {
		if match := unitPlural.FindStringSubmatch(strings.ReplaceAll(said, "_", " ")); match != nil {
			return strings.ToLower(match[1])
		}
	}
	return ""
}

func (t *text) slotUnit() string { return unitOf(t.slot) }

// readNumber reads the one number in the text.
func (t *text) readNumber() (any, obstacle) {
	values, others := t.numbers()
	value, problem := t.settle(values, others, false)
	if problem.reason != "" || value == nil {
		if problem.reason == "" && t.hasVague() {
			problem.reason = "this is no exact number"
		}
		return nil, problem
	}
	checked, err := checkNumber(t.slot, value.(float64))
	if err != nil {
		return nil, obstacle{formatNumber(value.(float64)) + " does not fit", ""}
	}
	return checked, obstacle{}
}

func (t *text) hasVague() bool {
	for i := range t.tokens {
		if t.starts(i, scale) {
			return true
		}
	}
	return false
}

// numbers finds the amounts in the text, in the slot's unit, and the dates and
// times whose digits are none.
func (t *text) numbers() (values, others []span) {
	moments := append(t.days(), strong(t.clocks(false))...)
	if t.slotIs(persons) {
		if parties := t.parties(); len(parties) > 0 {
			return parties, moments
		}
	}
	for i := 0; i < len(t.tokens); {
		if other, ok := at(moments, i); ok && t.slotUnit() == "" && !t.duration(other) {
			others = append(others, other)
			i = other.next
			continue
		}
		a, ok := t.amountAt(i)
		if !ok {
			i++
			continue
		}
		v := t.inUnit(i, a)
		v.free = (a.money || a.named || a.unit != "") && !t.enlarged(a.next)
		values = append(values, v)
		i = max(a.next, i+1)
		if _, after, ok := t.class(i, rate); ok && a.unit != "" {
			i = after // the "a week" of "40 hours a week" is no week
		}
	}
	return t.labelled(t.scored(t.joined(values))), others
}

// days are the dates whose digits are no number: fractions look like 3/4 too.
func (t *text) days() []span {
	var days []span
	for _, s := range t.dates(true) {
		if s.weak && t.ordinalSpan(s) || !s.weak && (s.next-s.from > 1 || !strings.Contains(t.tokens[s.from].text, "/") || strings.Count(t.tokens[s.from].text, "/") > 1) {
			s.weak = s.weak && !t.starts(s.from, article)
			days = append(days, s)
		}
	}
	return days
}

func (t *text) ordinalSpan(s span) bool {
	for i := s.from; i < s.next; i++ {
		if _, _, ok := t.ordinalAt(i); ok {
			return true
		}
	}
	return false
}

// labelled leaves the number of what the slot names where others count something
// else: "two bedrooms, one bath".
func (t *text) labelled(values []span) []span {
	var named []span
	for _, v := range values {
		if v.next < len(t.tokens) && t.names(t.tokens[v.next]) && t.tokens[v.next].shape == word && !t.starts(v.next, filler) {
			named = append(named, v)
			continue
		}
		if v.next >= len(t.tokens) || t.tokens[v.next].shape != word || t.starts(v.next, filler) || t.starts(v.next, and) || t.starts(v.next, persons) {
			return values
		}
	}
	if len(named) > 0 {
		return named
	}
	return values
}

// duration reports a time of day such as "3 heures" that is an amount as well.
func (t *text) duration(s span) bool {
	a, ok := t.amountAt(s.from)
	fraction := a.value != math.Trunc(a.value) && t.tokens[s.from].shape == word // "trois et demi"
	return ok && (a.unit != "" || fraction && a.doubt == "") && a.next >= s.next
}

// enlarged reports a word at token i that would make another number of the one
// before it: "75 USD million".
func (t *text) enlarged(i int) bool {
	return i < len(t.tokens) && (t.tokens[i].shape == numeral || t.starts(i, scale) || t.starts(i, fraction) || t.starts(i, number) || t.starts(i, ordinal) || t.starts(i, half))
}

func at(spans []span, i int) (span, bool) {
	for _, s := range spans {
		if s.from == i {
			return s, true
		}
	}
	return span{}, false
}

// kind is what a slot counts, as far as its own words tell.
type kind int

const (
	kindAny kind = iota
	kindTime
	kindMoney
	kindPersons // or places and things of which each person has one
)

func (t *text) kind() kind {
	switch {
	case !t.counts():
		return kindAny
	case t.slotUnit() != "":
		return kindTime
	case t.slotIs("money"):
		return kindMoney
	case t.slotIs(persons), t.slotIs("places"):
		return kindPersons
	}
	return kindAny
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

// convert is exact or not ok.
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

// joined adds up "2 hours and 30 minutes": amounts in ever smaller units with
// nothing but "and" or a comma between them.
func (t *text) joined(values []span) []span {
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
	total, ok := 0.0, false
	smallest := amounts[len(amounts)-1].unit
	for _, a := range amounts {
		value, exact := convert(a.value, a.unit, smallest)
		if !exact {
			return values
		}
		total += value
	}
	if sum.value, ok = convert(total, smallest, t.slotUnit()); !ok {
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

func (t *text) minutesFollow(i int, m moment) bool {
	return len(m.amounts) > 0 && m.amounts[len(m.amounts)-1].unit == "hour" && i < len(t.tokens) && t.tokens[i].shape == numeral && t.tokens[i].glued && isDigits(t.tokens[i].text)
}

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

func wholeNumber(digits string) int {
	n := 0
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

// parties add up who comes: "5 adults and 1 child", "me and four of my friends".
func (t *text) parties() []span {
	var found []span
	for i := 0; i < len(t.tokens); i++ {
		sum, next, kinds, terms := 0.0, i, map[string]bool{}, 0
		for at := i; ; {
			count, kind, after, ok := t.companions(at, terms > 0)
			if !ok {
				break
			}
			sum, next, terms = sum+count, after, terms+1
			kinds[kind] = true
			joint, ok := t.joint(after)
			if !ok || t.is(after, ",") && t.everybodyAt(joint) {
				break // the number behind the comma counts all
			}
			at = joint
		}
		if terms == 0 || terms == 1 && !t.aloneIsSum(i) {
			continue
		}
		party := span{from: i, next: next, value: sum}
		switch {
		case len(kinds) > 1 && t.slotNamesKind(kinds):
			party.doubt = "the count of each is asked for"
		case i > 1 && (t.ends(i, to) || t.ends(i, alternative)) && t.tokens[i-2].shape == numeral:
			party.doubt = blocking[between]
		case terms == 1 && (t.ends(i, plus) || t.starts(i, "my") || t.starts(i+1, more) || t.ends(next, "some_of") || sum == 1 && t.oneOfMany(i, next)), t.ends(i, and) && t.somebody(i-2):
			party.doubt = leftOut
		}
		found = append(found, party)
		i = next - 1
	}
	return t.inAll(found)
}

// everybodyAt reports a number of people of no special kind.
func (t *text) everybodyAt(i int) bool {
	count, _, next, ok := t.companions(i, false)
	return ok && count > 1 && t.ends(next, "everybody")
}

const leftOut = "this may leave out who writes"

// inAll drops who is named apart where the text says how many people come in all:
// the son of "a party for my son, 20 people" is among them, or is not counted.
func (t *text) inAll(parties []span) []span {
	if !slices.ContainsFunc(parties, func(p span) bool { return p.doubt == "" && p.value != 1.0 && t.ends(p.next, "everybody") }) {
		return parties
	}
	return slices.DeleteFunc(parties, func(p span) bool { return p.doubt == leftOut && p.value == 1.0 })
}

// oneOfMany reports one person who need not be all: "another person", "one of us".
func (t *text) oneOfMany(from, next int) bool {
	return t.starts(from, article) && !t.starts(from, number) && t.ends(next, person) || next-from > 2 && t.ends(next, persons)
}

// somebody reports a word that may be one who comes too: the "dog" of "my dog and
// two kids", and any that is not known.
func (t *text) somebody(i int) bool {
	return i >= 0 && (t.ends(i, "my") || t.tokens[i].shape == word && len(t.phrases(i)) == 0 && !t.names(t.tokens[i]))
}

// companions reads one term of a party.
func (t *text) companions(i int, follows bool) (count float64, kind string, next int, ok bool) {
	if _, after, ok := t.class(i, oneself); ok {
		// The "I" of "3 people and I want to leave" begins a clause.
		clause := follows && t.starts(i, "subject") && !t.starts(after, and) && after < len(t.tokens) && (t.tokens[after].shape == word || t.is(after, "'"))
		return 1, "", after, !clause
	}
	count, at := 1.0, i
	counted := false
	if value, after, ok := t.cardinal(i); ok {
		count, at, counted = float64(value), after, true
	} else if _, after, ok := t.class(i, "my"); ok {
		at = after
		if value, after, ok := t.cardinal(at); ok {
			count, at, counted = float64(value), after, true
		}
	} else if _, after, ok := t.class(i, article); ok {
		at = after
		if e, after, ok := t.class(at, scale); ok && e.value < 100 && t.starts(after, persons) {
			count, at, counted = e.value, after, true // "a couple of friends"
		}
	} else if !follows || !t.starts(i, person) {
		return 0, "", i, false
	}
	if _, after, ok := t.class(at, "of_my"); ok {
		at = after
	}
	if _, after, ok := t.class(at, "parents"); ok && !counted && count == 1 && at > i {
		return 2, "parents", after, true
	}
	if e, after, ok := t.class(at, persons); ok && counted {
		return count * max(1, e.value), t.tokens[at].plain, after, true
	}
	if _, after, ok := t.class(at, person); ok && count == 1 {
		return count, t.tokens[at].plain, after, true
	}
	return count, "", at, counted && follows && at != i && at >= len(t.tokens)
}

// joint is where the next term begins after "and", "plus", "with" or a comma.
func (t *text) joint(i int) (int, bool) {
	if count, _, _, ok := t.companions(i, false); ok && count > 0 && t.tokens[i].shape == numeral {
		return i, true // "4 adults 2 kids"
	}
	if t.is(i, ",") {
		i++
		if _, after, ok := t.class(i, and); ok {
			return after, true
		}
		return i, true
	}
	for _, c := range []class{and, plus} {
		if _, after, ok := t.class(i, c); ok {
			return after, true
		}
	}
	return i, false
}

// aloneIsSum reports that one term is a party by itself: "just me", "two couples".
func (t *text) aloneIsSum(i int) bool {
	count, _, next, ok := t.companions(i, false)
	if !ok {
		return false
	}
	if t.starts(i, oneself) {
		return t.ends(i, only) || t.ends(i, plus) || next >= len(t.tokens) && t.ends(i, filler) && !t.requests() || next == len(t.tokens) && i == 0
	}
	return count > 0
}

// requests reports words that ask somebody to do something: "book that for me".
func (t *text) requests() bool {
	for i := range t.tokens {
		if t.starts(i, request) || t.starts(i, want) {
			return true
		}
	}
	return false
}

// slotNamesKind reports a slot that asks for one of the kinds that are told apart.
func (t *text) slotNamesKind(kinds map[string]bool) bool {
	for kind := range kinds {
		if kind != "" && t.names(token{shape: word, plain: kind}) {
			return true
		}
	}
	return false
}

// counted are the amounts, dates and times in a text that is asked for none.
func (t *text) counted() []span {
	counted := *t
	counted.slot, counted.asks, counted.echo = questioning.Slot{Type: questioning.Number}, nil, nil
	values, others := counted.numbers()
	return append(values, others...)
}
