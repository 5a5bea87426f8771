package parse

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Lists of free text are cut where people cut them: at lines, else at semicolons, else at
// commas and a last "and". Their items are kept in the person's words.

// readFree reads a list or a text. A free text is whatever the person wrote, so nothing
// in it can be in the way but the slot's bounds. Its words stand as they are; t, if the text is
// short enough to look at, tells what says "none" and "and".
func readFree(slot questioning.Slot, words string, t *text) (any, obstacle) {
	var value any
	var err error
	if slot.Type == questioning.List {
		value, err = parseList(slot, words, t)
	} else {
		value, err = checkText(slot, words)
	}
	if err != nil {
		return nil, obstacle{strings.TrimSuffix(err.Error(), "; expected "+Expected(slot, "")), ""}
	}
	return value, obstacle{}
}

// parseList splits words into items at the lines, semicolons and commas. Items
// on bulleted lines or between semicolons keep their commas. A last "and" parts
// two items after a comma, and two short ones without.
func parseList(slot questioning.Slot, words string, t *text) (any, error) {
	if t != nil {
		if picked, ok := t.allOrNone(); ok && picked == nil {
			return listOf(slot, nil)
		}
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

// longestItem bounds, in bytes, the end of a list in which an "and" is looked for.
const longestItem = 400

// splitSentence splits a line at its commas, and at a last "and" where it joins items:
// behind a comma always, else between two short items only, since "easy to use and
// quick to learn" is one wish.
func splitSentence(line string) []string {
	// Only the last item can hold the "and" that joins it to the one before.
	items := strings.Split(line, ",")
	last := strings.TrimSpace(items[len(items)-1])
	if len(last) > longestItem {
		return items
	}
	t := textOf(questioning.Slot{}, line[max(0, len(line)-longestItem):], Context{})
	tail := textOf(questioning.Slot{}, last, Context{Language: t.lang.code})
	from, next := -1, 0
	for i := range tail.tokens {
		if _, after, ok := tail.class(i, and); ok && tail.tokens[i].shape == word {
			from, next = i, after
		}
	}
	switch {
	case from < 0 || next >= len(tail.tokens):
		return items
	case from == 0 && len(items) > 1:
		items[len(items)-1] = last[tail.tokens[next].start:]
		return items
	case from == 0:
		return items
	}
	left, right := last[:tail.tokens[from].start], last[tail.tokens[next].start:]
	if len(items) > 1 || len(strings.Fields(left)) <= 3 && len(strings.Fields(right)) <= 3 {
		items = append(items[:len(items)-1], left, right)
	}
	return items
}

// listOf is the canonical list: items trimmed, blank ones dropped, their number within the bounds.
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
