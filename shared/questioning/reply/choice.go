package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func checkChoice(slot questioning.Slot, value any) (any, error) {
	if at := valueIndex(slot.Options, value); at >= 0 {
		return slot.Options[at].Value, nil
	}
	if words, ok := value.(string); ok {
		if words = clean(words); words != "" && len(words) <= longestTyped {
			return parseChoice(slot, words)
		}
	}
	return nil, misread(slot, "")
}

func parseChoice(slot questioning.Slot, words string) (any, error) {
	at, ok := pick(slot.Options, words)
	if !ok {
		return nil, misread(slot, "")
	}
	return slot.Options[at].Value, nil
}

// valueIndex is the first option that holds value, or -1.
func valueIndex(options []questioning.Option, value any) int {
	return slices.IndexFunc(options, func(option questioning.Option) bool {
		switch value := value.(type) {
		case string, float64, bool:
			return option.Value == value
		}
		return false
	})
}

// firstOf is the first option with the value of option i.
func firstOf(options []questioning.Option, i int) int {
	if at := valueIndex(options, options[i].Value); at >= 0 {
		return at
	}
	return i
}

// namesOption reports whether words are the name of one of slot's options.
func namesOption(slot questioning.Slot, words string) bool {
	switch slot.Type {
	case questioning.Choice, questioning.Choices:
		_, ok := named(slot.Options, words)
		return ok
	}
	return false
}

// optionNames are the spellings, folded, that name an option.
func optionNames(option questioning.Option) []string {
	var names []string
	for _, name := range []string{valueText(option.Value), option.Title} {
		if name = spell(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

var joiner = regexp.MustCompile(`(\pL)-(\pL)`)

// spell folds a name so that "full_time", "Full-time" and "full time" agree.
func spell(name string) string {
	return joiner.ReplaceAllString(strings.Join(strings.Fields(strings.ReplaceAll(fold(name), "_", " ")), " "), "$1 $2")
}

// pick is the option that words mean: by name, position, unique start, near
// spelling or, last, by being the only one the words contain.
func pick(options []questioning.Option, words string) (int, bool) {
	if at, ok := named(options, words); ok {
		return at, true
	}
	if at, ok := position(bare(words), len(options)); ok {
		return at, true
	}
	for _, matches := range []func(name, word string) int{startsWith, misspelled} {
		if at, ok := nearest(options, spell(bare(words)), matches); ok {
			return at, true
		}
	}
	if found, sure := contained(options, spell(words)); len(found) > 0 {
		return found[0], sure && len(found) == 1
	}
	if yes, ok := boolean(fold(words)); ok {
		if yes {
			return namedAny(options, "yes", "true")
		}
		return namedAny(options, "no", "false")
	}
	return 0, false
}

func namedAny(options []questioning.Option, names ...string) (int, bool) {
	for _, name := range names {
		if at, ok := named(options, name); ok {
			return at, true
		}
	}
	return 0, false
}

// named is the option whose value or title is words: first as written, then
// folded, then without the punctuation around them; values before titles.
func named(options []questioning.Option, words string) (int, bool) {
	if at := valueIndex(options, words); at >= 0 {
		return at, true
	}
	for _, wanted := range []string{spell(words), spell(bare(words))} {
		for _, name := range []func(questioning.Option) string{
			func(option questioning.Option) string { return valueText(option.Value) },
			func(option questioning.Option) string { return option.Title },
		} {
			at := slices.IndexFunc(options, func(option questioning.Option) bool {
				return wanted != "" && spell(name(option)) == wanted
			})
			if at >= 0 {
				return at, true
			}
		}
	}
	return 0, false
}

var (
	positionForm = regexp.MustCompile(`^(?:i'd (?:choose|pick|take|go with|say) |i (?:choose|pick|take) |i'll (?:take|go with) |` +
		`let's (?:take|go with) |go with |it's |it is )?(?:the )?(?:` +
		`(?:(?:option|choice|answer|number|no\.?|nr\.?) ?)?#? ?(\d{1,4})[.)]?|(?:(?:option|choice|answer|letter) )?\(?([a-z])[.)]?|` +
		`(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)|(\d{1,3})(?:st|nd|rd|th))(?: (?:one|option|choice|answer))?$`)
	ordinals = strings.Fields("first second third fourth fifth sixth seventh eighth ninth tenth")
)

// position reads "2", "#2", "option b" or "the second one" among count options.
func position(words string, count int) (int, bool) {
	match := positionForm.FindStringSubmatch(words)
	if match == nil {
		return 0, false
	}
	at := -1
	switch {
	case match[2] != "":
		at = int(match[2][0] - 'a')
	case match[3] == "last":
		at = count - 1
	case match[3] != "":
		at = slices.Index(ordinals, match[3])
	default:
		number, _ := strconv.Atoi(match[1] + match[4])
		at = number - 1
	}
	return at, at >= 0 && at < count
}

// nearest is the one option whose name comes closest to word; cost is negative
// for a name that does not match.
func nearest(options []questioning.Option, word string, cost func(name, word string) int) (int, bool) {
	best, lowest, unique := 0, -1, false
	if utf8.RuneCountInString(word) > longestPhrase {
		return 0, false
	}
	for i, option := range options {
		for _, name := range optionNames(option) {
			switch cost := cost(name, word); {
			case cost < 0:
			case lowest < 0 || cost < lowest:
				best, lowest, unique = i, cost, true
			case cost == lowest && firstOf(options, best) != firstOf(options, i):
				unique = false
			}
		}
	}
	return best, unique
}

func startsWith(name, word string) int {
	rest, ok := strings.CutPrefix(name, word)
	if !ok || utf8.RuneCountInString(word) < 3 || isDigits(word[len(word)-1:]) && rest != "" && strings.ContainsAny(rest[:1], "0123456789.,") {
		return -1
	}
	return 0
}

// misspelled is the edit distance of word to name if that is short for a name
// of its length. Digits are no matter of spelling.
func misspelled(name, word string) int {
	wanted, got := []rune(name), []rune(word)
	limit := 0
	switch length := len(wanted); {
	case length >= 8:
		limit = 2
	case length >= 4:
		limit = 1
	}
	if limit == 0 || len(wanted) > longestPhrase || max(len(wanted)-len(got), len(got)-len(wanted)) > limit || onlyDigits(name) != onlyDigits(word) {
		return -1
	}
	if distance := editDistance(wanted, got); distance <= limit {
		return distance
	}
	return -1
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours (Damerau-Levenshtein, optimal string alignment).
func editDistance(a, b []rune) int {
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitution := old[j-1]
			if a[i-1] != b[j-1] {
				substitution++
			}
			row[j] = min(old[j]+1, row[j-1]+1, substitution)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old, row = old, row, older
	}
	return old[len(b)]
}

var negations = regexp.MustCompile(`\b(?:not|no|never|none|neither|nor|without|except|but|excluding|instead|rather|or|isn't|dislike|hate|avoid)\b|n't\b`)

var (
	numberBefore = regexp.MustCompile(`(?:\d[.,:/]|-)$`)
	numberAfter  = regexp.MustCompile(`^(?:[.,:/-]\d|%)`)
)

// contained lists the options whose names stand in words as whole words, a
// longer name hiding those within it. sure is false when the words around them
// may turn the meaning, as "not" does.
func contained(options []questioning.Option, words string) (found []int, sure bool) {
	type spelling struct {
		name string
		at   int
	}
	var spellings []spelling
	for i, option := range options {
		for _, name := range optionNames(option) {
			if name == "a" || name == "i" {
				continue // words of any sentence
			}
			spellings = append(spellings, spelling{name, i})
		}
	}
	slices.SortStableFunc(spellings, func(a, b spelling) int { return len(b.name) - len(a.name) })
	for _, spelling := range spellings {
		masked := maskWhole(words, spelling.name)
		if masked != words && !slices.ContainsFunc(found, func(at int) bool { return firstOf(options, at) == firstOf(options, spelling.at) }) {
			found = append(found, spelling.at)
		}
		words = masked
	}
	slices.Sort(found)
	return found, !negations.MatchString(words)
}

// maskWhole blanks out each occurrence of name in words as whole words.
func maskWhole(words, name string) string {
	var masked strings.Builder
	done := 0
	for from := 0; ; {
		at := strings.Index(words[from:], name)
		if at < 0 {
			masked.WriteString(words[done:])
			return masked.String()
		}
		at += from
		end := at + len(name)
		if joined(words[:at], name, words[end:]) {
			_, step := utf8.DecodeRuneInString(words[at:])
			from = at + step
			continue
		}
		masked.WriteString(words[done:at] + " \x00 ")
		from, done = end, end
	}
}

// joined reports whether name is part of a longer word or number.
func joined(before, name, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	return isWordRune(last) || isWordRune(next) ||
		isDigits(name[:1]) && numberBefore.MatchString(before[max(0, len(before)-2):]) ||
		isDigits(name[len(name)-1:]) && numberAfter.MatchString(after[:min(len(after), 2)])
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
