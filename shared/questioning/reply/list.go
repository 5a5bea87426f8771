package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

var (
	bullet      = regexp.MustCompile(`^[\s>]*(?:[-*+•‣▪◦·–—]|\(?\d{1,3}[.)])\s+`)
	separator   = regexp.MustCompile(`(?i)[,;\n&+]|\s+(?:and|plus)\s+|\s+-\s+`)
	numbersOnly = regexp.MustCompile(`^\d+(?:\s+\d+)+$`)
	allOf       = setOfPhrases("all|all of them|all of these|all of those|all of the above|every one|everything|all options|each of them")
	noneOf      = setOfPhrases("none|none of them|none of these|none of those|none of the above|neither|neither of them|nothing|no one|nothing at all|not any")
	bothOf      = setOfPhrases("both|both of them|both of these|both options")
)

func setOfPhrases(list string) map[string]bool { return phraseTable(map[bool]string{true: list}) }

func parseChoices(slot questioning.Slot, words string) (any, error) {
	options := slot.Options
	whole := bare(words)
	at, isName := named(options, words)
	switch {
	case isName:
		return chosen(slot, []int{at})
	case allOf[whole], bothOf[whole] && len(options) == 2:
		every := make([]int, len(options))
		for i := range every {
			every[i] = i
		}
		return chosen(slot, every)
	case noneOf[whole]:
		if at, ok := nearest(options, whole, startsWith); ok {
			return chosen(slot, []int{at})
		}
		return chosen(slot, nil)
	}
	picked, rest := takeJoinedNames(options, words)
	for _, piece := range pieces(rest) {
		if at, ok := pick(options, piece); ok {
			picked = append(picked, at)
			continue
		}
		found, sure := contained(options, spell(piece))
		if !sure || len(found) == 0 {
			return nil, misread(slot, "could not match "+quoted(piece))
		}
		picked = append(picked, found...)
	}
	if len(picked) == 0 {
		return nil, misread(slot, "")
	}
	return chosen(slot, picked)
}

// pieces are the parts of words that may each name an option.
func pieces(words string) []string {
	var list []string
	for line := range strings.SplitSeq(words, "\n") {
		for _, piece := range separator.Split(bullet.ReplaceAllString(line, ""), -1) {
			piece = strings.TrimSpace(piece)
			if lower := strings.ToLower(piece); lower == "and" || strings.HasPrefix(lower, "and ") {
				piece = strings.TrimSpace(piece[len("and"):])
			}
			switch {
			case bare(piece) == "":
			case numbersOnly.MatchString(piece):
				list = append(list, strings.Fields(piece)...)
			default:
				list = append(list, piece)
			}
		}
	}
	return list
}

// takeJoinedNames takes out the options whose own name holds a separator, such
// as "Research and development".
func takeJoinedNames(options []questioning.Option, words string) (picked []int, rest string) {
	var joined []questioning.Option
	var index []int
	for i, option := range options {
		if slices.ContainsFunc(optionNames(option), separator.MatchString) {
			joined, index = append(joined, option), append(index, i)
		}
	}
	if len(joined) == 0 {
		return nil, words
	}
	lines := strings.Split(words, "\n")
	for i, line := range lines {
		line = spell(line)
		found, _ := contained(joined, line)
		for _, at := range found {
			picked = append(picked, index[at])
			for _, name := range optionNames(joined[at]) {
				line = strings.ReplaceAll(maskWhole(line, name), "\x00", ",")
			}
		}
		if len(found) > 0 {
			lines[i] = line
		}
	}
	return picked, strings.Join(lines, "\n")
}

func checkChoices(slot questioning.Slot, items []any) (any, error) {
	picked := make([]int, 0, len(items))
	for _, item := range items {
		value, err := checkChoice(slot, item)
		if err != nil {
			return nil, misread(slot, "")
		}
		picked = append(picked, valueIndex(slot.Options, value))
	}
	return chosen(slot, picked)
}

// chosen is the canonical value of the picked options.
func chosen(slot questioning.Slot, picked []int) (any, error) {
	taken := make([]bool, len(slot.Options))
	for _, at := range picked {
		if at = valueIndex(slot.Options, slot.Options[at].Value); at >= 0 {
			taken[at] = true
		}
	}
	values := []any{}
	for i, option := range slot.Options {
		if taken[i] {
			values = append(values, option.Value)
		}
	}
	if !fits(len(values), slot.MinItems, slot.MaxItems) {
		return nil, misread(slot, "the number of answers does not fit")
	}
	return values, nil
}

// parseList splits words into items at the lines, semicolons and commas. Items
// on bulleted lines or between semicolons keep their commas. A last "and" parts
// two items after a comma, and two short ones without.
func parseList(slot questioning.Slot, words string) (any, error) {
	if noneOf[bare(words[:min(len(words), longestPhrase)])] && len(words) <= longestPhrase {
		return listOf(slot, nil)
	}
	var items []string
	for line := range strings.SplitSeq(listLines.Replace(words), "\n") {
		item := bullet.ReplaceAllString(line, "")
		switch {
		case strings.Contains(item, ";"):
			items = append(items, strings.Split(item, ";")...)
		case item != line:
			items = append(items, item)
		default:
			items = append(items, splitSentence(item)...)
		}
	}
	return listOf(slot, items)
}

var listLines = strings.NewReplacer("\r", "\n", "•", "\n• ")

var conjunction = regexp.MustCompile(`(?i)\s+and\s+`)

func splitSentence(line string) []string {
	items := strings.Split(line, ",")
	last := strings.TrimSpace(items[len(items)-1])
	if rest, ok := cutFold(last, "and "); ok && len(items) > 1 {
		items[len(items)-1] = rest
		return items
	}
	joints := conjunction.FindAllStringIndex(last, -1)
	if len(joints) == 0 {
		return items
	}
	joint := joints[len(joints)-1]
	left, right := last[:joint[0]], last[joint[1]:]
	if len(items) > 1 || len(strings.Fields(left)) <= 3 && len(strings.Fields(right)) <= 3 {
		items = append(items[:len(items)-1], left, right)
	}
	return items
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func checkList(slot questioning.Slot, values []any) (any, error) {
	items := make([]string, len(values))
	for i, value := range values {
		item, ok := value.(string)
		if !ok {
			return nil, misread(slot, "")
		}
		items[i] = item
	}
	return listOf(slot, items)
}

func listOf(slot questioning.Slot, items []string) (any, error) {
	values := []any{}
	for _, item := range items {
		if item = clean(item); item != "" {
			values = append(values, item)
		}
	}
	if !fits(len(values), slot.MinItems, slot.MaxItems) {
		return nil, misread(slot, "the number of items does not fit")
	}
	return values, nil
}

// quoted shows the start of a person's words in a message.
func quoted(words string) string {
	const most = 40
	if runes := []rune(words); len(runes) > most {
		words = string(runes[:most]) + "…"
	}
	return `"` + words + `"`
}
