package reply

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// parseNumber reads the one number in words. Anything that leaves two readings
// open, such as a range, a bound ("at least 5") or two numbers, is refused.
func parseNumber(slot questioning.Slot, words string) (any, error) {
	scan := numberScan{slot: slot, tokens: tokenize(words)}
	found, reason := scan.run()
	if reason != "" {
		return nil, misread(slot, reason)
	}
	if joint, ok := joinUnits(slot, found, scan.tokens); ok {
		found = []quantity{joint}
	}
	if len(found) == 2 && scan.isScore(found[0], found[1]) {
		found = found[:1]
	}
	values := make([]float64, 0, len(found))
	for _, quantity := range found {
		value, ok := quantity.in(slotUnit(slot))
		if !ok {
			return nil, misread(slot, "this cannot be converted exactly")
		}
		values = append(values, value)
	}
	slices.Sort(values)
	switch values = slices.Compact(values); len(values) {
	case 0:
		return nil, misread(slot, "")
	case 1:
		return checkNumber(slot, values[0])
	default:
		return nil, misread(slot, "found "+formatNumber(values[0])+" and "+formatNumber(values[1])+" where one is needed")
	}
}

// quantity is a number found in words with the time unit after it, if any.
type quantity struct {
	value    float64
	unit     string
	from, to int // its tokens
}

type token struct {
	text   string
	number bool
	glued  bool // nothing between it and the token before
}

var (
	tokens = regexp.MustCompile(`(\d+(?:[.,]\d+)*(?:e[+-]?\d+\b)?|\.\d+)|[a-z]+(?:'[a-z]+)?|[^\s]`)
	// measures are units whose name holds a digit that is no number.
	measures    = regexp.MustCompile(`(^|[\s\d(/])(?:[mck]?m|ft)[23]\b`)
	largeSuffix = regexp.MustCompile(`(\d)([MB])\b`)
	fractions   = strings.NewReplacer("½", ".5", "¼", ".25", "¾", ".75")
	largeNames  = strings.NewReplacer("M", " million", "B", " billion")
)

func tokenize(words string) []token {
	words = largeSuffix.ReplaceAllStringFunc(fractions.Replace(words), largeNames.Replace)
	words = measures.ReplaceAllString(fold(words), "$1 unit")
	var list []token
	end := -1
	for _, at := range tokens.FindAllStringSubmatchIndex(words, -1) {
		list = append(list, token{words[at[0]:at[1]], at[2] >= 0, at[0] == end})
		end = at[1]
	}
	return list
}

type numberScan struct {
	slot   questioning.Slot
	tokens []token
}

func (s numberScan) text(i int) string {
	if i < 0 || i >= len(s.tokens) {
		return ""
	}
	return s.tokens[i].text
}

// run finds the quantities, or the reason why they cannot be relied on.
func (s numberScan) run() ([]quantity, string) {
	var found []quantity
	for i := 0; i < len(s.tokens); {
		next, quantity, reason := s.quantity(i)
		switch {
		case reason != "":
			return nil, reason
		case next > i:
			if s.bounded(i, next) {
				return nil, "this is a range, not one number"
			}
			found = append(found, quantity)
			i = next
		case vague[s.text(i)]:
			return nil, "this is no exact number"
		default:
			i++
		}
	}
	unit := slotUnit(s.slot)
	if len(found) == 0 && unit != "" {
		return s.single(), ""
	}
	if len(found) > 0 && unit != "" {
		if rate := s.rate(found[0].to); rate != "" && !slotNames(s.slot, rate) {
			return nil, "this is an amount per " + rate
		}
	}
	return found, ""
}

var (
	digitsWords = map[string]float64{"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
		"seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
		"fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30,
		"forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
	scales = map[string]float64{"dozen": 12, "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "mio": 1e6,
		"mn": 1e6, "mln": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12}
	// vague words name an amount the scan did not take as part of a number.
	vague = setOf("hundred hundreds thousand thousands million millions billion billions trillion trillions dozens")
	// parts after a number in words make it a fraction.
	parts      = setOf("third thirds quarter quarters fifth fifths tenth tenths halves")
	currencies = setOf("$ € £ ¥ ₹ usd eur gbp chf jpy cad aud inr cny dollars dollar euros euro pounds pound bucks")
	limits     = setOf("not than least most over under above below isn't")
	alternates = setOf("more less fewer over above below under")
	// pointers make a following "one" a pronoun.
	pointers = setOf("the this that which each every any no next last first second other another some right only")
)

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// quantity reads the number that starts at token i; next is i if none does.
func (s numberScan) quantity(i int) (next int, found quantity, reason string) {
	next, value, digits := s.base(i)
	if next == i {
		return i, found, ""
	}
	if digits == "" && parts[s.text(next)] {
		return next, found, "this is no exact number"
	}
	half := s.text(next) == "and" && s.text(next+1) == "a" && s.text(next+2) == "half"
	if half {
		next += 3
	}
	next, scale, reason := s.scale(i, next, digits != "" || half || value == 0.5)
	if reason == "" && digits != "" {
		value, reason = s.numeral(digits, scale != 1, s.money(i, next))
	}
	if reason != "" {
		return next, found, reason
	}
	if half {
		value += 0.5
	}
	value = scaled(value, scale)
	if s.text(next) == "%" && s.slot.Maximum != nil && *s.slot.Maximum <= 1 {
		value /= 100
	}
	if s.negative(i) {
		value = -value
	}
	to, unit := s.unit(next)
	return to, quantity{value, unit, i, to}, ""
}

// scale reads the words and letters that multiply the number in tokens from to
// next. A number in words has taken its own, a dozen apart.
func (s numberScan) scale(from, next int, open bool) (int, float64, string) {
	scale := 1.0
	for scales[s.text(next)] != 0 && (open || s.text(next) == "dozen") {
		scale *= scales[s.text(next)]
		next++
	}
	letter := s.text(next)
	if letter != "m" && letter != "b" {
		return next, scale, ""
	}
	switch large := map[string]float64{"m": 1e6, "b": 1e9}[letter]; {
	case letter == "m" && clockUnits[slotUnit(s.slot)], !s.tokens[next].glued && !s.money(from, next):
		return next, scale, ""
	case s.money(from, next) || s.money(from, next+1):
		return next + 1, scale * large, ""
	}
	return next, scale, s.text(next-1) + letter + " may have more than one meaning"
}

// money reports whether a currency stands before or after the tokens.
func (s numberScan) money(from, to int) bool {
	return currencies[s.text(from-1)] || currencies[s.text(to)]
}

// base reads the digits or the number words at token i.
func (s numberScan) base(i int) (next int, value float64, digits string) {
	first, second := s.text(i), s.text(i+1)
	number, isWord := digitsWords[first]
	switch {
	case s.tokens[i].number:
		next, digits = s.grouped(i)
		return next, 0, digits
	case (first == "a" || first == "an") && len(second) > 1 && scales[second] != 0:
		next, value = s.wordsFrom(i+1, 1)
	case first == "a" && second == "couple":
		next, value = i+2, 2
	case first == "half" && second == "a" && scales[s.text(i+2)] != 0:
		next, value = i+2, 0.5
	case first == "half":
		next, value = i+1, 0.5
	case isWord && (first != "one" || !pointers[s.text(i-1)] && second != "of"):
		next, value = s.wordsFrom(i+1, number)
	default:
		next = i
	}
	return next, value, ""
}

// wordsFrom goes on with a number in words that began with value before token i.
func (s numberScan) wordsFrom(i int, value float64) (int, float64) {
	total, current, ceiling := 0.0, value, math.Inf(1)
	for ; i < len(s.tokens); i++ {
		at := i
		if joint := s.text(at); joint == "-" || joint == "and" && (total > 0 || current >= 100) {
			at++
		}
		word := s.text(at)
		more, isNumber := digitsWords[word]
		tens, units := math.Mod(current, 100), math.Mod(current, 10)
		switch scale := scales[word]; {
		case isNumber && more < 10 && more > 0 && (tens >= 20 && units == 0 || tens == 0 && total+current > 0):
			current += more
		case isNumber && more >= 10 && tens == 0 && total+current > 0 && (current >= 100 || current == 0):
			current += more
		case at == i && word == "hundred" && current > 0 && current < 100:
			current *= 100
		case at == i && scale >= 1e3 && len(word) > 1 && current > 0 && scale < ceiling:
			total, current, ceiling = total+current*scale, 0, scale
		default:
			return i, total + current
		}
		i = at
	}
	return i, total + current
}

// grouped joins the groups of "1 500 000" that start at token i.
func (s numberScan) grouped(i int) (int, string) {
	digits := s.text(i)
	if len(digits) > 3 || !isDigits(digits) {
		return i + 1, digits
	}
	for i++; i < len(s.tokens); i++ {
		at := i
		if s.text(at) == "'" && s.tokens[at].glued {
			at++
		} else if s.tokens[i].glued {
			break
		}
		group, rest := s.text(at), ""
		if cut := strings.IndexAny(group, ".,"); cut >= 0 {
			group, rest = group[:cut], group[cut:]
		}
		if len(group) != 3 || !isDigits(group) || !s.tokens[at].number {
			break
		}
		i = at
		if digits += group; rest != "" {
			return i + 1, digits + strings.Replace(rest, ",", ".", 1)
		}
	}
	return i, digits
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (s numberScan) negative(i int) bool {
	if currencies[s.text(i-1)] {
		i--
	}
	switch s.text(i - 1) {
	case "minus", "negative":
		return true
	case "-": // no sign after a word or a number ("10-20", "top-10"), nor before a space
		before := i - 2
		return s.tokens[i].glued && (before < 0 || !s.tokens[i-1].glued || strings.Contains("($€£¥", s.text(before)))
	}
	return false
}

// bounded reports whether words around the number make it one end of a range.
func (s numberScan) bounded(from, to int) bool {
	if before := s.text(from - 1); currencies[before] || before == "about" || before == "around" {
		from--
	}
	switch before := s.text(from - 1); {
	case limits[before], before == "to" && s.text(from-2) == "up", before == "<", before == ">":
		return true
	}
	switch after := s.text(to); {
	case after == "+", after == "plus":
		return true
	case after == "or" || after == "and":
		return alternates[s.text(to+1)]
	}
	return false
}

// isScore reports whether the two are "8/10" or "8 out of 10" on a scale to 10.
func (s numberScan) isScore(got, of quantity) bool {
	between := s.tokens[got.to:of.from]
	return s.slot.Maximum != nil && of.value == *s.slot.Maximum && len(between) > 0 &&
		(between[0].text == "/" && len(between) == 1 || between[len(between)-1].text == "of" && len(between) <= 2)
}

// numeral reads digits with separators. The last kind of separator is the
// decimal one if it comes once. A single comma before exactly three digits
// groups ("1,500"). A single dot before exactly three digits is a decimal only
// if the slot takes fractions, no money is named, and the slot's bounds do not
// leave the grouped reading as the only one.
func (s numberScan) numeral(digits string, isScaled, money bool) (float64, string) {
	const wrong = "the digits and separators do not make one number"
	mantissa, exponent, hasExponent := strings.Cut(digits, "e")
	dots, commas := strings.Count(mantissa, "."), strings.Count(mantissa, ",")
	group, decimal := ",", "."
	switch lead, _, _ := strings.Cut(strings.Replace(mantissa, ",", ".", 1), "."); {
	case dots > 0 && commas > 0:
		if strings.LastIndex(mantissa, ",") > strings.LastIndex(mantissa, ".") {
			group, decimal = ".", ","
		}
	case dots > 1:
		group, decimal = ".", ","
	case commas == 1 && (!groups(mantissa, ",") || lead == "0"):
		group, decimal = ".", ","
	case dots == 1 && groups(mantissa, ".") && lead != "0" && !isScaled && !hasExponent:
		if s.dotGroups(mantissa, money) {
			group, decimal = ".", ","
		}
	}
	whole, part, hasPart := strings.Cut(mantissa, decimal)
	if strings.Contains(whole, group) && !groups(whole, group) || strings.ContainsAny(part, ".,") {
		return 0, wrong
	}
	plain := strings.ReplaceAll(whole, group, "")
	if hasPart {
		plain += "." + part
	}
	if hasExponent {
		plain += "e" + exponent
	}
	value, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return 0, wrong
	}
	return value, ""
}

func (s numberScan) dotGroups(mantissa string, money bool) bool {
	if s.slot.Type == questioning.Integer || money {
		return true
	}
	small, _ := strconv.ParseFloat(mantissa, 64)
	_, smallErr := checkNumber(s.slot, small)
	_, largeErr := checkNumber(s.slot, small*1000)
	return smallErr != nil && largeErr == nil
}

// groups reports whether separator parts digits into thousands.
func groups(digits, separator string) bool {
	parts := strings.Split(digits, separator)
	if len(parts) < 2 || len(parts[0]) == 0 || len(parts[0]) > 3 {
		return false
	}
	return !slices.ContainsFunc(parts[1:], func(part string) bool { return len(part) != 3 })
}

// scaled multiplies in decimal, so that 2.3 million is 2300000 and no neighbour.
func scaled(value, scale float64) float64 {
	power := math.Log10(scale)
	if power != math.Trunc(power) {
		return value * scale
	}
	exact, err := strconv.ParseFloat(strconv.FormatFloat(value, 'f', -1, 64)+"e"+strconv.Itoa(int(power)), 64)
	if err != nil {
		return value * scale
	}
	return exact
}
