package parse

import (
	"math"
	"strconv"
	"strings"
)

// Amounts: a number with all that belongs to it, from the sign before it to the unit behind
// it. "-$2.5 million", "an hour and a half", "three fifths", "5 euros 20". amountAt reads as
// much as can belong to one number, since a number that stops too early is another number:
// the 3 of "3 million", the 120 of "120 over 80".
//
// Some languages spell two fractions alike: "one hundred thirty fifths" are 130/5 or 100/35.
// Such an amount has a doubt, unless an "and" or the size of its parts leaves one reading.

// amountAt reads the number at token i with its sign, scales, fraction,
// currency and unit. It reads as far as the words can belong to one number, and where
// they can be read in two ways the amount has a doubt instead of the likelier one.
func (t *text) amountAt(i int) (amount, bool) {
	at, negative, money := t.readPrefix(i)
	if at >= len(t.tokens) {
		return amount{}, false
	}
	// A dash with a space behind it begins an item as often as it makes a number negative.
	bulleted := at > 0 && t.is(at-1, "-") && !negative && !t.tokens[at-1].glued && (at == 1 || t.tokens[at-1].newline)
	if a, ok := t.inverted(at); ok {
		if a.money = money; negative {
			a.value = -a.value
		}
		return a, true
	}
	value, next, last, doubt := t.base(at)
	more := ""
	if _, after, ok := t.class(at, unit); next == at && ok && t.starts(after, whole) {
		value = 1 // "journée entière"
	} else if next == at {
		return amount{}, false
	} else {
		value, next, more = t.readEnlargers(at, value, next, last)
	}
	a := amount{value: value, next: next, doubt: doubt, money: money}
	if doubt == "" {
		a.doubt = more
	}
	t.readSuffix(&a)
	if t.starts(at, idiom) && a.unit != "" && a.doubt == "" {
		a.doubt = "this could be a number of weeks too" // "quinze jours"
	}
	if a.value == 1 && a.isBare() && t.starts(at, article) && t.tokens[at].shape == word && t.isArticle(a.next) {
		return amount{}, false
	}
	if negative {
		a.value = -a.value
	} else if bulleted && a.doubt == "" {
		a.doubt = "a dash and a space before a number " + twoMeanings
	}
	return a, true
}

// inverted reads a fraction whose denominator comes first, as in Chinese: "五分之一",
// the mixed "三又二分之一" and the percentage "百分之五".
func (t *text) inverted(i int) (amount, bool) {
	if t.lang.code != "zh" {
		return amount{}, false
	}
	whole := 0.0
	// The denominator, or the whole number before it: "三又" of "三又二分之一".
	below, next, _, doubt := t.base(i)
	rate := t.starts(i, scale) // "百分之", "千分之"
	percentage := rate && below == 100
	if _, after, ok := t.class(next, joint); ok && next > i && after < len(t.tokens) {
		i, whole = after, below
		below, next, _, doubt = t.base(after)
	}
	_, at, ok := t.class(next, partsFirst)
	if !ok || next == i || doubt != "" || below <= 0 || at >= len(t.tokens) {
		return amount{}, false
	}
	above, end, last, doubt := t.base(at)
	if end == at || doubt != "" {
		return amount{}, false
	}
	if above, end, doubt = t.readEnlargers(at, above, end, last); doubt == "" && !percentage && (rate || below == 100 || above >= 1e4 && t.ends(end, scale)) {
		doubt = twoMeanings // two of a hundred or two percent, a third of a myriad or a myriad over three
	}
	if percentage {
		return amount{value: above, next: end, doubt: doubt, measured: true}, true
	}
	return amount{value: whole + above/below, next: end, doubt: doubt}, true
}

// isBare reports a number that nothing says the unit of.
func (a amount) isBare() bool { return a.unit == "" && !a.money && !a.measured }

// isArticle reports that the "un" before token i is no number: a word follows
// that the slot does not count.
func (t *text) isArticle(i int) bool {
	if i < len(t.tokens) && t.tokens[i].shape == numeral && !t.tokens[i].glued {
		return true // "un 5 %"
	}
	if t.starts(i, position) {
		return true // "un nombre"
	}
	if i >= len(t.tokens) || t.tokens[i].shape != word || t.starts(i, filler) || t.starts(i, outro) || t.names(t.tokens[i]) {
		return false
	}
	return t.kind() != kindPersons || !t.starts(i, persons) && !t.starts(i, person)
}

// readPrefix moves over a sign and a currency, in either order: "-$5" and "$-5".
func (t *text) readPrefix(i int) (at int, negative, money bool) {
	at = i
	for range 4 {
		if _, next, ok := t.class(at, minus); ok && !negative && t.phrases(at)[0].next == next {
			at, negative = next, true
		} else if t.is(at, "-") && !negative && t.isSign(at) {
			at, negative = at+1, true
		} else if next, ok := t.currencyAt(at); ok && next < len(t.tokens) && (t.tokens[next].shape == numeral || t.is(next, "-") || t.tokens[next-1].shape == sign && t.starts(next, number)) {
			at, money = next, true
		} else {
			break
		}
	}
	return at, negative, money
}

// isSign reports a minus: a dash before a number and after nothing it can join.
func (t *text) isSign(i int) bool {
	if i+1 >= len(t.tokens) || !t.tokens[i+1].glued {
		return false
	}
	return i == 0 || !t.tokens[i].glued || strings.Contains("($€£¥<>=", t.tokens[i-1].text)
}

// readEnlargers reads what makes a number larger or adds a fraction to it: the "hundred"
// of "5 hundred", the "and a half" of "two and a half", the "fifths" of "three fifths".
// last is the scale that the number ended in so far; what follows has to be smaller.
func (t *text) readEnlargers(from int, value float64, next int, last float64) (float64, int, string) {
	doubt := ""
	// "Three fifths": the number was a numerator. It may have swallowed words that belong to
	// the denominator, or be a whole number with a fraction behind its last scale.
	if denominator, after, ok := t.denominator(next, value); ok && value == math.Trunc(value) && value > 0 && t.isDenominator(next) {
		joined := t.joinedBy(from, next)
		if value > denominator.value && (joined || couldBeDenominator(value, denominator.value)) {
			english := t.lang.code == "en"
			small := math.Mod(value, last)
			switch {
			case joined && small > 0 && small < denominator.value && last >= 1e6:
				return value - small + exactly(small/denominator.value, last), after, "" // "six million and two thirds"
			case joined && small > 0 && small < denominator.value && last >= 100 && english:
				return value - small + small/denominator.value, after, "" // "a hundred and three quarters"
			case joined && small >= denominator.value && english: // no proper fraction: "a hundred and thirty fifths"
			case small == 0 && last == 100 && english && strings.HasSuffix(t.tokens[after-1].text, "s"): // "five hundred fifths"
			default:
				doubt = twoMeanings // the "thirty-fifths" of "one hundred thirty fifths"
			}
		}
		value, next = value/denominator.value, after
		if more, after, ok := t.scaleAfter(next); ok {
			value, next = value*more, after
		}
		return value, next, doubt
	}
	if below, after, ok := t.dividedBy(next, value); ok {
		return value / below, after, ""
	}
	// "Two and a half", "2 1/2", and then the scale: "two and a half million".
	if part, after, ok := t.mixed(next, value); ok && last == 0 {
		value, next = value+part, after
	}
	if last < 100 || t.tokens[from].shape == numeral {
		value, next, last, doubt = t.scaled(from, value, next)
		if e, after, ok := t.class(next, fraction); ok && doubt == "" && e.value >= 1e6 {
			return value / e.value, after, "" // "a hundred trillionths"
		}
	}
	// What follows a scale is smaller than it: "3 million 200 thousand", "a million and a half".
	for last > 0 && doubt == "" {
		at := next
		if _, after, ok := t.class(at, and); ok {
			at = after
		}
		if at >= len(t.tokens) || t.tokens[at].newline {
			break
		}
		if part, after, ok := t.mixed(next, value); ok && (last >= 1e6 || last < 100) && !t.starts(after, scale) {
			return value + part*last, after, "" // "a million and a half", "3 million and a quarter", "a dozen and a half"
		} else if e, scaled, isScale := t.scaleOf(after); ok && isScale && e.value < last {
			return value + exactly(part, e.value), scaled, "" // "a billion and a half million"
		} else if ok {
			return value, after, twoMeanings
		}
		more, after, scaleOfMore, bad := t.base(at)
		if t.isOneOf(at, after) {
			break // "6 million a year", "6 millions une fois"
		}
		if after == at || bad != "" || more != math.Trunc(more) || t.tokens[at].shape == calendar {
			break
		}
		more, after, bad = t.readEnlargers(at, more, after, scaleOfMore)
		if bad != "" || more >= last {
			break
		}
		if t.lang.code == "zh" && more < 10 && at == next && scaleOfMore == 0 {
			doubt = twoMeanings // "1万2" is 12000 to most
		}
		value, next, last = value+more, after, scaleOfMore
	}
	return value, next, doubt
}

// isOneOf reports an article from token i to next that begins another amount: the "a" of "a
// year", the "une" of "une fois". That of "deux mille un euros" is a number.
func (t *text) isOneOf(i, next int) bool {
	if next != i+1 || t.tokens[i].shape != word {
		return false
	}
	if t.starts(i, number) {
		return t.starts(i, article) && (t.starts(next, unit) || t.starts(next, more))
	}
	return t.starts(i, "a")
}

// dividedBy reads the "over three" of "one over three" and the "sur trois" of "deux
// mille sur trois", with nothing behind it. In English what is below the whole is a
// fraction and "120 over 80" a pair; elsewhere "8 sur 10" is a mark, and what is
// above the whole a fraction.
func (t *text) dividedBy(i int, above float64) (below float64, next int, ok bool) {
	_, at, certain := t.class(i, divided)
	if _, after, ok := t.class(i, over); ok && !certain {
		at = after
	} else if !certain {
		return 0, i, false
	}
	if at >= len(t.tokens) || above <= 0 {
		return 0, i, false
	}
	below, next, _, doubt := t.base(at)
	ends := next == len(t.tokens) || next > at && t.tokens[next].shape == sign
	fraction := certain || (below > above) == (t.lang.code == "en") && below != above
	return below, next, ends && doubt == "" && fraction && below > 0 && below == math.Trunc(below)
}

// denominator reads the "fifths" of "three fifths", the "twenty-fifth" of "one
// twenty-fifth" and the "veinticincoavos" of "tres veinticincoavos".
func (t *text) denominator(i int, above float64) (entry, int, bool) {
	if t.is(i, "-") && !t.tokens[i].glued {
		if e, after, ok := t.class(i+1, fraction); ok && above > 1 && above < e.value {
			return e, after, true // "five - eighths"
		}
	}
	if i >= len(t.tokens) || t.tokens[i].shape != word {
		return entry{}, i, false
	}
	e, next, ok := t.class(i, fraction)
	below, at, _ := t.spelled(i)
	switch units, after, found := t.class(at, fraction); {
	case at == i || above >= below:
	case t.starts(at, parts):
		_, after, _ := t.class(at, parts)
		return entry{class: fraction, value: below}, after, true
	case found && at == i+1 && below < 100 && math.Mod(below, 10) == 0 && units.value < 10 && units.value > 2:
		units.value += below
		return units, after, true
	}
	if whole, after, found := t.ordinalAt(i); found && !ok && whole > 10 && above < float64(whole) && !t.lang.unitsFirst {
		return entry{class: fraction, value: float64(whole)}, after, true // "vingt et unième"
	}
	return e, next, ok
}

// couldBeDenominator reports a numerator whose last word may belong to the
// denominator: 130 fifths are spelled as 100 thirty-fifths are.
func couldBeDenominator(numerator, denominator float64) bool {
	return numerator >= 100 && math.Mod(numerator, 10) == 0 && (denominator < 10 || math.Mod(numerator, 100) == 0)
}

// joinedBy reports an "and" among the tokens.
func (t *text) joinedBy(from, next int) bool {
	for i := from; i < next; i++ {
		if t.starts(i, and) {
			return true
		}
	}
	return false
}

// isDenominator tells the "fifths" of a fraction from the "fifth" of May.
func (t *text) isDenominator(i int) bool {
	if t.is(i, "-") {
		i++
	}
	_, next, _ := t.class(i, fraction)
	_, _, isMonth := t.class(next, month)
	return !isMonth
}

// mixed reads "½", "1/2", "and a half" and "and three quarters" after a whole number.
func (t *text) mixed(i int, whole float64) (float64, int, bool) {
	if i >= len(t.tokens) || whole != math.Trunc(whole) {
		return 0, i, false
	}
	if vulgar[t.tokens[i].text] != 0 {
		return vulgar[t.tokens[i].text], i + 1, true
	}
	at := i
	_, after, joined := t.class(i, and)
	if !joined {
		_, after, joined = t.class(i, joint)
	}
	if joined {
		at = after
	}
	if !joined && t.is(at, "-") && t.tokens[at].glued && at+1 < len(t.tokens) && t.tokens[at+1].glued {
		at++ // "2-1/2": no range descends
	}
	if at >= len(t.tokens) {
		return 0, i, false
	}
	if part, ok := slashed(t.tokens[at].text); ok && t.tokens[at].shape == calendar && part < 1 {
		return part, at + 1, true
	}
	if _, after, ok := t.class(i, andHalf); ok {
		return 0.5, after, true // "siebeneinhalb"
	}
	if !joined {
		return 0, i, false
	}
	skipped := at
	if _, after, ok := t.class(at, article); ok {
		skipped = after
	}
	if _, after, ok := t.class(skipped, half); ok {
		return 0.5, after, true
	}
	count, next := 1.0, skipped
	if skipped == at {
		if spelled, after, _ := t.spelled(at); after > at {
			count, next = spelled, after
		} else if t.tokens[at].shape == numeral {
			return 0, i, false
		}
	}
	e, after, ok := t.class(next, fraction)
	if !ok || count >= e.value {
		return 0, i, false
	}
	return count / e.value, after, true
}

// scaled multiplies by the scales after a number: "2.3 million", "5k", "20 mil".
func (t *text) scaled(from int, value float64, next int) (float64, int, float64, string) {
	last := 0.0
	for {
		e, after, ok := t.scaleOf(next)
		if !ok {
			return value, next, last, ""
		}
		if e.isLetter() {
			switch value, ok, doubt := t.letter(from, next, value, e); {
			case doubt != "":
				return value, next, last, doubt
			case !ok:
				return value, next, last, ""
			default:
				return value, after, e.value, ""
			}
		}
		value, next, last = exactly(value, e.value), after, e.value
	}
}

// letter reads the m and b of "5M", "$5m" and "5m", which can be meters or minutes too, and
// the g and t of "$5g", which are grams and tons where the slot says so.
func (t *text) letter(from, i int, value float64, e entry) (float64, bool, string) {
	// Beside money it is a million; else a capital says so, since units are written small.
	written := t.source[t.tokens[i].start:t.tokens[i].end]
	money := t.moneyBefore(from) || t.starts(i+1, currency)
	weight := strings.ContainsAny(e.name[2:], "gt")
	switch {
	case weight && t.names(t.tokens[i]):
		return value, false, "" // "Weight (g)"
	case weight && !money && (written != strings.ToUpper(written) || t.lang.code != "en"):
	case len(written) == 2 && written != "MM", e.name == "1e6m" && clockUnits[t.slotUnit()], !t.tokens[i].glued && !money && written != "M":
		return value, false, ""
	case money, written == strings.ToUpper(written), e.name == "1e9b" && value != math.Trunc(value): // there is no half bit
		return exactly(value, e.value), true, ""
	}
	return value, false, strconv.Quote(t.source[t.tokens[i-1].start:t.tokens[i].end]) + " " + twoMeanings
}

// readSuffix reads the percent sign, currency or unit behind the number. A percentage is
// a share where the slot's maximum is 1 at most, and a count of hundredths elsewhere.
func (t *text) readSuffix(a *amount) {
	// The order matters: "c" is a hundredth of a currency and a scale of the thermometer, "m" a
	// meter, a minute and a million, and what is tried first has the stronger claim.
	if _, next, ok := t.class(a.next, percent); ok {
		if a.next, a.measured = next, true; t.slot.Maximum != nil && *t.slot.Maximum <= 1 {
			a.value /= 100
		}
		return
	}
	if _, next, ok := t.class(a.next, cents); ok && t.tokens[a.next].shape == word && len(t.tokens[a.next].text) > 1 {
		if e, _, ok := t.class(a.next, scale); ok && e.value == 100 && a.doubt == "" {
			a.doubt = twoMeanings // "3 cents" of French
		}
		if t.lang.code == "zh" && a.doubt == "" {
			a.doubt = twoMeanings // a tenth or a hundredth of a yuan, or a point
		}
		a.next, a.money, a.cents = next, true, true
		return
	}
	if next, ok := t.currencyAt(a.next); ok {
		a.next, a.money = next, true
		if e, after, ok := t.scaleOf(next); ok && e.value >= 1e6 && len(t.tokens[next].text) > 1 && t.tokens[next].shape == word {
			a.value, a.next = exactly(a.value, e.value), after // "75 USD million"
			return
		}
		t.addCents(a)
		return
	}
	at := a.next
	if e, next, ok := t.unitAt(at, a.value); ok {
		if e.name == "year" && a.value >= 1900 && a.value <= 2100 && t.lang.code == "zh" {
			a.doubt = "this is a year"
		}
		a.next, a.unit = next, e.name
		if _, next, ok := t.class(a.next, whole); ok {
			a.next = next // "semaine entière"
		} else if _, next, ok := t.class(a.next, measure); ok {
			a.next = next // "years old"
		} else if part, next, ok := t.mixed(a.next, 0); ok {
			a.value, a.next = a.value+part, next // "an hour and a half"
		}
		return
	}
	for {
		_, next, ok := t.class(a.next, measure)
		if !ok || next < len(t.tokens) && t.tokens[a.next].text == "in" && next == a.next+1 || t.starts(next, persons) || t.is(next, "'") && t.tokens[next].glued {
			return // "10 old friends", "6 millions l'an"
		}
		if t.is(a.next, "两") && t.starts(next, measure) {
			a.doubt = twoMeanings // "一两个"
		}
		if _, after, ok := t.class(next, half); ok && t.lang.code == "zh" {
			a.value, next = a.value+0.5, after // "十五斤半"
		}
		a.named = a.named || t.tokens[a.next].text != "in" && !t.starts(a.next, filler)
		a.next, a.measured = next, true
	}
}

// unitAt reads a unit of time, after the "a" of "half a day" and the "of" of
// "a couple of weeks".
func (t *text) unitAt(i int, value float64) (entry, int, bool) {
	if _, after, ok := t.class(i, "a"); ok && t.starts(after, unit) && (value < 1 || !t.starts(i, rate)) {
		i = after // "two full weeks", "half a day"; "5 a day" is a rate
	}
	if t.is(i, "m") && t.tokens[i].glued && clockUnits[t.slotUnit()] {
		return entry{class: unit, name: "minute"}, i + 1, true
	}
	e, next, ok := t.class(i, unit)
	if ok && len(t.tokens[i].text) == 1 && !t.tokens[i].glued && next == i+1 {
		return e, next, e.name == "hour" && i > 0 && t.tokens[i-1].shape == numeral // "3 h"
	}
	return e, next, ok
}

// addCents adds the cents of "5 euros 20" and "a dollar and 42 cents". Without the word
// for them they have two digits, or end the clause behind "and".
func (t *text) addCents(a *amount) {
	at := a.next
	_, after, joined := t.class(at, and)
	if !joined {
		_, after, joined = t.class(at, joint)
	}
	if joined {
		at = after
	}
	if at >= len(t.tokens) || a.value != math.Trunc(a.value) {
		return
	}
	more, next, _, doubt := t.base(at)
	if next == at || doubt != "" || more != math.Trunc(more) || more >= 100 || more < 0 || t.tokens[at].shape == calendar {
		return
	}
	_, after, named := t.class(next, cents)
	if t.lang.code == "zh" && more < 10 && !t.is(next, "分") {
		more *= 10 // "三块五", "3元5角"
	}
	// A number behind an amount of money is its cents only where it cannot count anything else.
	switch {
	case next < len(t.tokens) && t.tokens[next].glued && t.tokens[next].shape != sign && !named:
		return // a code: "11a"
	case named:
		next = after
	case joined && next < len(t.tokens) && t.tokens[next].shape != sign, // "5 dollars and 20 people"
		t.tokens[at].shape == numeral && len(t.tokens[at].text) != 2, t.starts(next, unit), t.starts(next, measure), t.starts(next, currency):
		return
	}
	a.value, a.next = math.Round(a.value*100+more)/100, next
}

// enlarged reports a word at token i that would make another number of the one
// before it: "75 USD million".
func (t *text) enlarged(i int) bool {
	return i < len(t.tokens) && (t.tokens[i].shape == numeral || t.starts(i, scale) || t.starts(i, fraction) || t.starts(i, number) || t.starts(i, ordinal) || t.starts(i, half))
}
