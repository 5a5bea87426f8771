package parse

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Numbers without their units. Three layers read ever more of one:
//
//	cardinal, ordinalAt  small whole numbers, for days, hours and people
//	spelled              a number in words: "two thousand five hundred"
//	base                 what can begin an amount: words, digits, fractions
//
// The words of a number follow rules that languages share, with settings for where they
// differ: units before tens ("dreiundzwanzig"), an "and" between tens and units ("treinta y
// uno"), numbers written as one word. Digits are the harder part, since a point and a comma
// mean opposite things in two languages; see numeral and groupedBy.

// cardinal reads a whole number below 10000 without sign, unit or separators at token
// i: what counts people, days, hours and minutes. It never is the "one" of "the one".
func (t *text) cardinal(i int) (value, next int, ok bool) {
	if i >= len(t.tokens) {
		return 0, i, false
	}
	if token := t.tokens[i]; token.shape == numeral {
		value, err := strconv.Atoi(token.text)
		return value, i + 1, err == nil && len(token.text) <= 4
	}
	spelled, next, _ := t.spelled(i)
	if spelled == 1 && t.pronoun(i) {
		return 0, i, false
	}
	return int(spelled), next, next > i && spelled == math.Trunc(spelled) && spelled < 1e4
}

// ordinalAt reads "3rd", "23." or "twenty-third" at token i. Digits are an ordinal only
// with a suffix glued to them.
func (t *text) ordinalAt(i int) (value, next int, ok bool) {
	if i >= len(t.tokens) {
		return 0, i, false
	}
	if t.tokens[i].shape == numeral {
		value, err := strconv.Atoi(t.tokens[i].text)
		_, next, ok := t.class(i+1, suffix)
		if ok && err == nil && t.tokens[i+1].glued && (next == len(t.tokens) || !t.tokens[next].glued || t.tokens[next].shape != numeral) {
			return value, next, true // the "1e10" of a Frenchman is no first
		}
		return 0, i, false
	}
	if e, next, ok := t.class(i, ordinal); ok {
		return int(e.value), next, true
	}
	tens, at, _ := t.spelled(i)
	if at == i {
		return 0, i, false
	}
	if _, after, ok := t.class(at, and); ok && t.lang.tensAnd {
		at = after
	}
	e, next, ok := t.class(at, ordinal)
	if !ok || tens < 20 || !follows(tens, e.value) {
		return 0, i, false
	}
	return int(tens + e.value), next, true
}

// spelled reads a number in words, with the scale it ends in: last is 100 for "two
// hundred" and 0 where no scale is said. Where token i begins none, next is i.
//
// above holds what scales from a thousand on have multiplied, section the hundreds below
// the next such scale, and current the words since the last one. Each number word
// is added to what it can follow ("sixty" and "five", "soixante" and "dix"). A
// hundred multiplies what stands before it; a larger scale multiplies all that
// follows the last scale above it, so that "tres billones cuatrocientos mil
// doscientos millones" is three billions and 400200 millions.
func (t *text) spelled(i int) (value float64, next int, last float64) {
	var section, current float64
	var above scales
	started, pending := false, false // pending: current holds a word
	defer func() {
		value = above.sum() + section + current
		// "四百五" is 450: a last digit counts the tenth of the scale before it.
		if t.lang.code == "zh" && pending && last >= 100 && current < 10 && !t.ends(next-1, and) {
			value += current * (last/10 - 1)
		}
	}()
	small := math.Inf(1)
	if t.lang.code == "zh" && t.isSmallWord(i) {
		return 0, i, 0
	}
	for next = i; ; {
		at := next
		joined := false
		if _, after, ok := t.class(at, and); ok && started {
			at, joined = after, true
		}
		if started && pending && t.hyphenated(at, current) {
			at++
		}
		if e, after, ok := t.class(at, number); ok {
			if t.tokens[at].text == "两" && started && !t.starts(after, scale) {
				return 0, next, last // an ounce
			}
			// "drei und zwanzig": units, "und", and the tens that they belong to.
			unitsFirst := !joined && !pending && t.lang.unitsFirst && e.value > 0 && e.value < 10
			if tens, end, ok := t.tensAfter(after); ok && unitsFirst {
				e.value, after = e.value+tens, end
			}
			switch {
			// The first word of the number, or the first one behind a scale: "two hundred
			// [and] five". It has to be smaller than the scale.
			case !pending && (!joined || section+above.sum() > 0) && e.value < max(last, 1e3):
				current = e.value
			// A word that cannot follow the one before it begins another number.
			case pending && joined && !t.lang.tensAnd && current < 100, !pending, !follows(current, e.value),
				t.lang.unitsFirst && !joined && current >= 20 && current < 100 && e.value < 10: // "zwanzig drei"
				return 0, next, last
			default:
				current += e.value
			}
			started, pending, next = true, true, after
			continue
		}
		e, after, ok := t.scaleOf(at)
		// "cent" and "mille" of languages that say no "one" before them, but not "milliers".
		bare := t.lang.code != "en" && !pending && section == 0 && e.value != 12 && !t.starts(at, many)
		switch {
		// No scale, or one that another rule reads: dozens and the letters m and b.
		case !ok || joined && !(e.value == 10 && t.lang.code == "zh") || e.value < 100 && t.lang.code != "zh" || e.isLetter():
			return 0, next, last
		// A hundred multiplies the words before it within the section.
		case (e.value < 1e3 || e.value < 1e4 && t.lang.code == "zh") && e.value < small && (pending || bare || t.lang.code == "en" && section == 0 && above == nil && !t.scaleIsLeft(at)):
			section, small, current = section+counted(current)*e.value, e.value, 0
		// A larger scale closes the section.
		case e.value >= 1e3 && (pending || section > 0 || started && e.value >= last) && above.raise(section+current, e.value):
			section, current, small = 0, 0, math.Inf(1)
		case e.value == 1e3 && bare && len(t.tokens[at].text) > 1 && above.raise(1, e.value):
			small = math.Inf(1)
		default:
			return 0, next, last
		}
		started, pending, next, last = true, false, after, e.value
	}
}

// isSmallWord reports a Chinese word of several characters that only begins like a number:
// the "一共" before a total is no one.
func (t *text) isSmallWord(i int) bool {
	found := t.phrases(i)
	if len(found) == 0 || found[0].next == i+1 {
		return false
	}
	return !slices.ContainsFunc(found[0].entries, func(e entry) bool {
		return !slices.Contains([]class{filler, hedge, outro, yes, no, and, because, thing}, e.class)
	})
}

// scales are the parts of a spelled number that end in a scale from a thousand
// on, the largest first.
type scales []struct{ value, scale float64 }

// raise adds a part: count and the parts below the scale are multiplied by it, or
// without a count the part before it, as in "a million million". It reports false
// where the scale was said before.
func (s *scales) raise(count, scale float64) bool {
	kept := len(*s)
	for kept > 0 && ((*s)[kept-1].scale < scale || count == 0 && (*s)[kept-1].scale == scale) {
		kept--
		count += (*s)[kept].value
	}
	if kept > 0 && (*s)[kept-1].scale == scale {
		return false
	}
	*s = append((*s)[:kept], struct{ value, scale float64 }{counted(count) * scale, scale})
	return true
}

// counted is what a scale multiplies: 1 where nothing is said before it.
func counted(count float64) float64 {
	if count == 0 {
		return 1
	}
	return count
}

// sum is the value of all parts.
func (s scales) sum() (total float64) {
	for _, part := range s {
		total += part.value
	}
	return total
}

// scaleIsLeft reports an English scale that a number before it has not taken: the
// second "hundred" of "one hundred and two hundred", that of "a couple of hundred".
func (t *text) scaleIsLeft(i int) bool {
	return t.lang.code == "en" && (t.ends(i, number) || t.ends(i, scale))
}

// hyphenated reports a hyphen with spaces around it, after tens and before units:
// the "-" of "ninety - five". No range descends, so it joins them.
func (t *text) hyphenated(i int, before float64) bool {
	if !t.is(i, "-") || before < 20 || before > 90 || math.Mod(before, 10) != 0 {
		return false
	}
	e, _, ok := t.class(i+1, number)
	return ok && t.tokens[i+1].shape == word && e.value > 0 && e.value < 10
}

// tensAfter reads the "und zwanzig" of "drei und zwanzig".
func (t *text) tensAfter(i int) (float64, int, bool) {
	_, at, ok := t.class(i, and)
	if !ok {
		return 0, i, false
	}
	e, next, ok := t.class(at, number)
	return e.value, next, ok && e.value >= 20 && e.value < 100 && math.Mod(e.value, 10) == 0
}

// follows reports whether a number word can follow another as one number: units follow
// tens, tens and units follow hundreds, and in French ten to nineteen follow sixty and
// eighty. "Five six" are two numbers.
func follows(before, after float64) bool {
	tens, units := math.Mod(before, 100), math.Mod(before, 10)
	switch {
	case before == 0 || after == 0:
		return false
	case before >= 100 && tens == 0:
		return after < 100
	case tens == 60 || tens == 80:
		return after < 20
	}
	return tens >= 20 && units == 0 && after < 10
}

// vulgar are the fractions that have a character of their own.
var vulgar = map[string]float64{"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1.0 / 3, "⅔": 2.0 / 3}

// base reads the digits, the words or the fraction at token i, without scales
// that follow digits. Where token i begins none, next is i; doubt says why the value
// may be another.
func (t *text) base(i int) (value float64, next int, last float64, doubt string) {
	first := t.tokens[i]
	if _, after, ok := t.class(i, article); ok {
		if _, next, ok := t.class(after, half); ok {
			return 0.5, next, 0, ""
		}
	}
	switch {
	case first.shape == numeral && !t.partOfWord(i) && t.is(i+1, "/") && t.tokens[i+1].glued && i+2 < len(t.tokens) && t.tokens[i+2].glued:
		value, ok := slashed(first.text + "/" + t.tokens[i+2].text)
		if !ok {
			return 0, i, 0, ""
		}
		return value, i + 3, 0, ""
	case first.shape == numeral && !t.partOfWord(i):
		return t.digits(i)
	case first.shape == calendar:
		value, ok := slashed(first.text)
		if !ok {
			return 0, i, 0, ""
		}
		return value, i + 1, 0, ""
	case vulgar[first.text] != 0:
		return vulgar[first.text], i + 1, 0, ""
	}
	if value, next, last = t.spelled(i); next > i {
		if _, after, ok := t.class(next, point); ok {
			if digits, end := t.decimals(after); end > after && !t.starts(end, fraction) {
				value, _ = strconv.ParseFloat(strconv.FormatFloat(value, 'f', 0, 64)+"."+digits, 64)
				return value, end, last, ""
			}
		}
		if value == 1 && t.pronoun(i) {
			return 0, i, 0, ""
		}
		return value, next, last, ""
	}
	if _, after, ok := t.class(i, point); ok && t.tokens[i].shape == word {
		if digits, end := t.decimals(after); end > after {
			value, _ = strconv.ParseFloat("0."+digits, 64)
			return value, end, 0, ""
		}
	}
	if _, after, ok := t.class(i, half); ok {
		if _, skipped, found := t.class(after, article); found {
			after = skipped
		}
		if i > 1 && t.ends(i, and) {
			doubt = twoMeanings // the half of something more: "docena y media"
		}
		return 0.5, after, 0, doubt
	}
	return t.one(i)
}

// one reads the article of "a hundred", "a dozen" and "a third" as 1; that of
// "a week" is read where a unit follows.
func (t *text) one(i int) (value float64, next int, last float64, doubt string) {
	if e, after, ok := t.class(i, fraction); ok {
		if more, next, ok := t.scaleAfter(after); ok {
			return exactly(1/e.value, more), next, more, "" // "quart de million"
		}
	}
	_, after, ok := t.class(i, "a")
	if !ok {
		return 0, i, 0, ""
	}
	if e, _, ok := t.class(after, scale); ok && len(e.name) > 0 && after < len(t.tokens) && len(t.tokens[after].text) > 1 {
		return 1, after, 0, ""
	}
	if _, _, ok := t.class(after, fraction); ok {
		return 1, after, 0, ""
	}
	if _, _, ok := t.class(after, half); ok {
		return 1, after, 0, ""
	}
	for _, c := range []class{unit, currency, measure} {
		if t.starts(after, "groups") {
			break // "a total of 5"
		}
		if _, _, ok := t.class(after, c); ok && t.tokens[after].shape == word && len(t.tokens[after].text) > 2 {
			return 1, after, 0, ""
		}
	}
	return 0, i, 0, ""
}

// pronoun reports the "one" of "the first one" and "one of them".
func (t *text) pronoun(i int) bool {
	if t.lang.code != "en" || t.tokens[i].text != "one" || t.starts(i+1, number) {
		return false
	}
	if i > 0 {
		switch t.tokens[i-1].text {
		case "the", "this", "that", "which", "any", "no", "some", "another", "other", "every", "each":
			return true
		}
		if _, _, ok := t.ordinalAt(i - 1); ok || i > 1 && t.tokens[i-1].shape != word && t.is(i-2, "the") {
			return true // "the first one", "the 7:30 one"
		}
	}
	return i+1 < len(t.tokens) && t.tokens[i+1].text == "of"
}

// decimals reads digits spelled one by one after a point, "two five", or as one number
// of two digits, "twenty-five". They are kept as written: "oh five" is no "five".
func (t *text) decimals(i int) (digits string, next int) {
	for next = i; next < len(t.tokens); {
		if token := t.tokens[next]; token.shape == numeral && strings.Trim(token.text, "0123456789") == "" {
			digits, next = digits+token.text, next+1
			continue
		}
		e, after, ok := t.class(next, number)
		if !ok || e.value != math.Trunc(e.value) || e.value > 99 || e.value > 9 && digits != "" {
			break
		}
		if e.value >= 20 {
			e.value, after, _ = t.spelled(next)
		}
		digits, next = digits+strconv.FormatFloat(e.value, 'f', 0, 64), after
	}
	return digits, next
}

// partOfWord reports digits that a name holds: "MP3", "SCP-173", "m2".
func (t *text) partOfWord(i int) bool {
	before := i - 1
	if before >= 0 && t.tokens[i].glued && t.tokens[before].text == "-" && t.tokens[before].glued {
		before--
		return before >= 0 && t.tokens[before].shape == word && !t.moneyBefore(before+1)
	}
	return t.tokens[i].glued && before >= 0 && t.tokens[before].shape == word && !isHan(t.tokens[before].text) && !t.moneyBefore(i)
}

// digits joins the groups of "1 500 000" and reads the numeral at token i, with the
// spelled decimals, the exponent or the power behind it. A group has three digits, so
// that "1 50" are two numbers.
func (t *text) digits(i int) (value float64, next int, last float64, doubt string) {
	written := t.tokens[i].text
	next = i + 1
	if len(written) <= 3 && isDigits(written) {
		for next < len(t.tokens) && t.tokens[next].shape == numeral && !t.tokens[next].glued && !t.tokens[next].newline {
			group, rest := t.tokens[next].text, ""
			if cut := strings.IndexAny(group, ".,"); cut >= 0 {
				group, rest = group[:cut], group[cut:]
			}
			if len(group) != 3 {
				break
			}
			written += group
			if next++; rest != "" {
				written += strings.Replace(rest, ",", ".", 1)
				break
			}
		}
	}
	value, doubt = t.numeral(strings.ReplaceAll(written, "'", ""), i, next)
	if whole, _, _ := strings.Cut(written, t.lang.decimal); strings.Contains(whole, "'") && !groups(whole, "'") {
		doubt = notOneNumber // 5'10"
	}
	if strings.Count(written, ",") == 1 && !groups(written, ",") && (t.is(i-1, "[") || t.is(i-1, "(")) && (t.is(next, "]") || t.is(next, ")")) {
		doubt = blocking[between] // the interval "[30,50]"
	}
	if _, after, ok := t.class(next, point); ok && t.tokens[next].shape == word && isDigits(written) {
		if decimals, end := t.decimals(after); end > after {
			value, _ = strconv.ParseFloat(written+"."+decimals, 64)
			return value, end, 0, ""
		}
	}
	if power, after, ok := t.exponent(next); ok {
		value, next = inDigits(value*math.Pow(10, power)), after
	}
	if power, after, ok := t.powerOf(next); ok {
		value, next = inDigits(math.Pow(value, power)), after
	} else if _, factor, ok := t.timesTen(next); ok {
		if power, after, ok := t.powerOf(factor); ok {
			value, next = inDigits(value*math.Pow(10, power)), after
		}
	}
	return value, next, 0, doubt
}

// inDigits drops what computing in binary adds beyond the 15th digit.
func inDigits(value float64) float64 {
	value, _ = strconv.ParseFloat(strconv.FormatFloat(value, 'g', 15, 64), 64)
	return value
}

// timesTen reads the "x10" of "6.2x10^4"; next is the token after it.
func (t *text) timesTen(i int) (from, next int, ok bool) {
	if i >= len(t.tokens) || !strings.Contains("x×*·", t.tokens[i].text) || !t.is(i+1, "10") {
		return i, i, false
	}
	return i, i + 2, true
}

// powerOf reads the "^-4" of "10^-4".
func (t *text) powerOf(i int) (power float64, next int, ok bool) {
	if !t.is(i, "^") {
		return 0, i, false
	}
	return t.signedDigits(i + 1)
}

// exponent reads the "e-1" of "12e-1".
func (t *text) exponent(i int) (power float64, next int, ok bool) {
	if !t.is(i, "e") || !t.tokens[i].glued {
		return 0, i, false
	}
	return t.signedDigits(i + 1)
}

// signedDigits reads the up to three digits of an exponent, with their sign, that
// stand glued to the token before them.
func (t *text) signedDigits(i int) (power float64, next int, ok bool) {
	at, sign := i, 1.0
	if t.is(at, "-") {
		at, sign = at+1, -1
	} else if t.is(at, "+") {
		at++
	}
	if at >= len(t.tokens) || !t.tokens[at].glued || !isDigits(t.tokens[at].text) || len(t.tokens[at].text) > 3 {
		return 0, i, false
	}
	power, _ = strconv.ParseFloat(t.tokens[at].text, 64)
	return sign * power, at + 1, true
}

const (
	notOneNumber = "the digits and separators do not make one number"
	twoMeanings  = "may have more than one meaning"
)

// numeral reads digits with separators, which people and languages use both ways round. The last kind of separator is the
// decimal one when it comes once, unless it leaves exactly three digits: then
// the language, the slot's type or its bounds say which, or nothing does.
func (t *text) numeral(written string, from, to int) (value float64, doubt string) {
	dots, commas := strings.Count(written, "."), strings.Count(written, ",")
	// Unless the digits tell otherwise, separators are those of English.
	group, decimal := ",", "."
	lead, _, _ := strings.Cut(strings.Replace(written, ",", ".", 1), ".")
	switch {
	case dots+commas == 0:
	case dots > 0 && commas > 0:
		if strings.LastIndex(written, ",") > strings.LastIndex(written, ".") {
			group, decimal = ".", ","
		}
	case dots+commas > 1:
		if dots > 1 {
			group, decimal = ".", ","
		}
	case lead == "0" || lead == "" || !groups(written, ",") && !groups(written, "."):
		if commas == 1 {
			group, decimal = ".", ","
		}
	default:
		separator := written[len(lead) : len(lead)+1]
		grouped, known := t.groupedBy(written, separator, from, to)
		if !known {
			return 0, strconv.Quote(written) + " " + twoMeanings
		}
		if grouped == (separator == ".") {
			group, decimal = ".", ","
		}
	}
	whole, part, hasPart := strings.Cut(written, decimal)
	if strings.Contains(whole, group) && !groups(whole, group) && !(group == "," && lakhs.MatchString(whole)) || strings.ContainsAny(part, ".,") {
		return 0, notOneNumber
	}
	plain := strings.ReplaceAll(whole, group, "")
	if hasPart {
		plain += "." + part
	}
	value, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return 0, notOneNumber
	}
	return value, ""
}

// groupedBy reports whether the separator of "1.500" groups thousands, and
// whether anything tells: a whole number has no decimals, money has two, one of the two
// readings may be out of the slot's bounds, and last the language of the words decides.
func (t *text) groupedBy(written, separator string, from, to int) (grouped, known bool) {
	if separator == "," && (!t.sure || t.lang.decimal == ".") {
		return true, true
	}
	small, _ := strconv.ParseFloat(strings.Replace(written, ",", ".", 1), 64)
	_, smallErr := checkNumber(t.slot, small)
	_, largeErr := checkNumber(t.slot, math.Round(small*1000))
	switch {
	case t.slot.Type == questioning.Integer, smallErr != nil && largeErr == nil:
		return true, true
	case t.moneyBefore(from) || t.starts(to, currency):
		return separator == "." || t.lang.decimal == ".", true
	case smallErr == nil && largeErr != nil:
		return false, true
	case !t.sure:
		return false, false
	}
	return separator != t.lang.decimal, true
}

// lakhs are digits as India parts them: 12,34,567.
var lakhs = lazyregexp.New(`^\d{1,2}(,\d\d)+,\d{3}$`)

// groups reports whether separator parts digits into thousands.
func groups(digits, separator string) bool {
	parts := strings.Split(digits, separator)
	if len(parts) < 2 || len(parts[0]) == 0 || len(parts[0]) > 3 {
		return false
	}
	return !slices.ContainsFunc(parts[1:], func(part string) bool { return len(part) != 3 })
}

// slashed reads "3/4" as a fraction.
func slashed(written string) (float64, bool) {
	above, below, ok := strings.Cut(written, "/")
	a, errA := strconv.Atoi(strings.TrimSpace(above))
	b, errB := strconv.Atoi(strings.TrimSpace(below))
	return float64(a) / float64(b), ok && errA == nil && errB == nil && b != 0
}

// scaleOf reads what multiplies a number: "hundred", "million", "k".
func (t *text) scaleOf(i int) (entry, int, bool) {
	e, next, ok := t.class(i, scale)
	if ok && t.longerUnit(i, next) {
		return e, i, false // "千米"
	}
	if !ok || t.starts(i, cents) && i > 0 && t.tokens[i-1].shape == numeral && !t.goesOn(i, next) {
		return e, i, false
	}
	if e.isLetter() {
		e.value, _ = strconv.ParseFloat(strings.TrimRight(e.name, scaleLetters), 64)
	} else if len(t.tokens[i].text) == 1 && t.tokens[i].shape == word && !isHan(t.tokens[i].text) && !t.tokens[i].glued && i > 0 && t.tokens[i-1].shape != numeral {
		return e, i, false // "five k"
	}
	return e, next, true
}

// goesOn reports that the "cents" from token i to next, which follow digits, are
// hundreds and no money: in "4 mille 3 cents" and "3 cent un".
func (t *text) goesOn(i, next int) bool {
	_, after, joined := t.class(next, and)
	return t.ends(i-1, scale) || t.starts(after, number) && (!joined || !t.starts(after, article))
}

// scaleAfter reads the "de million" of "trois quarts de million".
func (t *text) scaleAfter(i int) (value float64, next int, ok bool) {
	if _, after, ok := t.class(i, partOf); ok {
		i = after
	}
	e, next, ok := t.scaleOf(i)
	return e.value, next, ok && e.value >= 1e3 && len(t.tokens[i].text) > 1
}

// longerUnit reports a unit that begins like the scale at token i.
func (t *text) longerUnit(i, next int) bool {
	for _, c := range []class{measure, unit, currency, percent} {
		if _, after, ok := t.class(i, c); ok && after > next {
			return true
		}
	}
	return false
}

// exactly multiplies in decimal, so that 2.3 million is 2300000 and no neighbour: most
// decimal fractions have no exact double, and their products show it.
func exactly(value, factor float64) float64 {
	if power := math.Log10(factor); power == math.Trunc(power) {
		if exact, err := strconv.ParseFloat(strconv.FormatFloat(value, 'f', -1, 64)+"e"+strconv.Itoa(int(power)), 64); err == nil {
			return exact
		}
	}
	return value * factor
}

// isNumber reports a word of a number.
func (t *text) isNumber(i int) bool {
	return t.starts(i, number) || t.starts(i, scale) || t.starts(i, article) || t.starts(i, and)
}
