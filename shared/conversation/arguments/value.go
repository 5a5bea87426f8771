package arguments

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// Value is parse.Check for a value as models write it. The slot's type decides what a
// value is that came as a string, which is how the declared schema has it: a list may
// be JSON in it, and an option that is a number may stand in it. A number for a slot of
// text, such as a postal code, is its digits. The error is that of the value as it was
// sent; of a list that was sent as JSON in a string, that of the list. Beyond that, a
// value that is right as it came is never read otherwise.
func Value(slot questioning.Slot, value any, c parse.Context) (any, error) {
	text, isText := value.(string)
	if isText && (slot.Type == questioning.List || slot.Type == questioning.Choices) {
		if items, ok := JSON(text).([]any); ok {
			return parse.Check(slot, items, c)
		}
	}
	if option, ok := optionOf(slot, value); ok {
		return option, nil
	}
	checked, err := parse.Check(slot, value, c)
	if err == nil {
		return checked, nil
	}
	var other any
	switch v := value.(type) {
	case string:
		other = JSON(v)
	case float64, bool:
		switch slot.Type {
		case questioning.Boolean:
			if v == 1.0 || v == 0.0 {
				return v == 1.0, nil
			}
			return nil, err
		case questioning.Integer, questioning.Number:
			return nil, err
		case questioning.List, questioning.Choices:
			other = []any{v}
		case questioning.Choice: // a number is not the place of an option
		default:
			if _, isNumber := v.(float64); isNumber {
				data, _ := json.Marshal(v) // it was decoded from JSON
				other = string(data)
			}
		}
	// A list of one where one value belongs, and a list of {"value": …}.
	case []any:
		other = plainItems(v)
		if len(v) == 1 && slot.Type != questioning.List && slot.Type != questioning.Choices {
			other = other.([]any)[0]
		}
	case map[string]any:
		other = plainItem(v)
	}
	if other == nil {
		return nil, err
	}
	if checked, otherwise := parse.Check(slot, other, c); otherwise == nil {
		return checked, nil
	}
	return nil, err
}

// optionOf finds the option of a choice that a value is, whether either is a string:
// "2" is the option 2, before it could be the second one.
func optionOf(slot questioning.Slot, value any) (any, bool) {
	if slot.Type != questioning.Choice {
		return nil, false
	}
	sent := fmt.Sprint(value)
	for _, option := range slot.Options {
		if fmt.Sprint(option.Value) == sent {
			return option.Value, true
		}
	}
	return nil, false
}

// plainItems are the items of a list, each {"value": …} as what it holds.
func plainItems(list []any) any {
	items := make([]any, len(list))
	for i, item := range list {
		if items[i] = item; isValue(item) {
			items[i] = plainItem(item.(map[string]any))
		}
	}
	return items
}

// isValue reports an object that only names its value.
func isValue(item any) bool {
	object, ok := item.(map[string]any)
	return ok && plainItem(object) != nil
}

// plainItem is what {"value": …} holds, nil for another object.
func plainItem(object map[string]any) any {
	for name := range object {
		if name != "value" && name != "label" && name != "title" {
			return nil
		}
	}
	return object["value"]
}

// JSON is the value that a string holds as JSON, nil where it holds none.
func JSON(text string) (value any) {
	text = strings.TrimSpace(text)
	if text == "" || json.Unmarshal([]byte(text), &value) != nil {
		return nil
	}
	return value
}
