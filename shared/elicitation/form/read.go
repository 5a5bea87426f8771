package form

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// Answer is what the person filled in for one item: a value, or a text that is
// still to be read.
type Answer struct {
	Item
	Value any
	Text  string // what the person chose or typed
}

// Read returns what was filled in, in the order of the items, and what the person
// said in own words. What was left out, or left empty, is not among it; what is on no
// field is passed over. The context's language is the form's.
func Read(items []Item, content map[string]any, c parse.Context) (answers []Answer, words string) {
	for _, item := range items {
		if answer, given := item.read(content[item.Slot.Key], c); given {
			answers = append(answers, answer)
		}
	}
	return answers, text(content[wordsName(items)])
}

func (item Item) read(field any, c parse.Context) (Answer, bool) {
	if empty(field) {
		return Answer{}, false
	}
	if value, ok := item.value(field, c); ok {
		return Answer{item, value, item.Slot.Render(value, c.Language)}, true
	}
	words := text(field)
	return Answer{item, nil, words}, words != ""
}

// value returns what a field holds as the slot's value, or false when it has
// to be read as words.
func (item Item) value(field any, c parse.Context) (any, bool) {
	slot := item.Slot
	switch slot.Type {
	case questioning.Text, questioning.List, questioning.Time:
		return nil, false
	case questioning.Boolean, questioning.Choice:
		return chosen(slot, field, c.Language)
	case questioning.Choices:
		many, ok := field.([]any)
		if !ok {
			return nil, false
		}
		options := make([]any, len(many))
		for i, one := range many {
			if options[i], ok = chosen(slot, one, c.Language); !ok {
				return nil, false
			}
		}
		field = options
	}
	checked, err := parse.Check(slot, field, c)
	return checked, err == nil
}

// chosen is the option whose label a field holds. A program that fills in forms may
// send the value instead.
func chosen(slot questioning.Slot, field any, language string) (any, bool) {
	values := valuesOf(slot)
	if label, ok := field.(string); ok {
		if i := slices.Index(labels(slot, messages.In(language)), label); i >= 0 {
			return values[i], true
		}
	}
	for _, value := range values {
		if value == field || questioning.Render(value, messages.English) == field {
			return value, true
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
