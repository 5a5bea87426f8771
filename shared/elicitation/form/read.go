package form

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// Answer is what the person filled in for one item. Without a value and an
// outcome the text is still to be read.
type Answer struct {
	Item
	Value   any
	Text    string
	Outcome questioning.Outcome
}

// Read returns what was filled in, in the order of the items. What was left
// out, or left empty, is not among it; what is on no field is passed over.
func Read(items []Item, content map[string]any, c parse.Context) []Answer {
	names := namesOf(items)
	var answers []Answer
	for i, item := range items {
		value, words := content[names[i].value], ""
		if !item.free() {
			words = text(content[names[i].instead])
		}
		if answer, given := item.read(value, words, c); given {
			answers = append(answers, answer)
		}
	}
	return answers
}

// read prefers an outcome in own words over a value, which may have been
// preset, and a value over other words, which then are a remark on it.
func (item Item) read(value any, words string, c parse.Context) (Answer, bool) {
	a := Answer{Item: item, Text: words}
	if words != "" {
		if read := parse.Read(item.Slot, words, c); read.Outcome != questioning.Answered {
			a.Outcome = read.Outcome
			return a, true
		}
	}
	if empty(value) {
		return a, words != ""
	}
	if checked, ok := item.value(value, c); ok {
		a.Value = checked
		return a, true
	}
	if words == "" {
		a.Text = text(value)
	}
	return a, a.Text != ""
}

// value returns what a field holds as the slot's value, or false when it has
// to be read as words.
func (item Item) value(value any, c parse.Context) (any, bool) {
	slot := item.Slot
	switch slot.Type {
	case questioning.Text, questioning.List, questioning.Time:
		return nil, false
	case questioning.Choice:
		if option, ok := chosen(slot, value); ok {
			return option, true
		}
		return nil, false
	case questioning.Choices:
		if many, ok := value.([]any); ok {
			options := make([]any, len(many))
			for i, one := range many {
				if options[i], ok = chosen(slot, one); !ok {
					return nil, false
				}
			}
			value = options
		}
	}
	checked, err := parse.Check(slot, value, c)
	return checked, err == nil
}

func chosen(slot questioning.Slot, value any) (any, bool) {
	for _, o := range slot.Options {
		if constant(o.Value) == value || o.Value == value {
			return o.Value, true
		}
	}
	return nil, false
}

// empty says that a field was left as it was found: clients send "" and [] too.
func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return text(v) == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// text is a field's content as words that can be stored.
func text(value any) string {
	words, ok := value.(string)
	if !ok {
		switch value.(type) {
		case bool, float64, []any:
			words = questioning.Render(value, messages.English)
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(words, "\uFFFD"), "\x00", ""))
}
