package needed

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// readList reads the short form: each entry a name, a question, or an object.
// What the short form names is wanted, so it is required unless it says not.
func readList(raw []byte) ([]questioning.Slot, error) {
	entries, err := decode[[]json.RawMessage]("", raw, "a list")
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, errorf("", "is empty: name at least one thing wanted")
	}
	if len(entries) > MaxSlots {
		return nil, errorf("", "has %d entries, at most %d can be asked for", len(entries), MaxSlots)
	}
	slots := make([]questioning.Slot, len(entries))
	seen := map[string]bool{}
	var patterns bounds.Patterns
	for i, entry := range entries {
		path := fmt.Sprintf("[%d]", i)
		slots[i].Required = true
		if err := readEntry(path, entry, &slots[i]); err != nil {
			return nil, err
		}
		if err := finish(path, &slots[i], &patterns); err != nil {
			return nil, err
		}
		if err := checkDefault(path, &slots[i]); err != nil {
			return nil, err
		}
		if seen[slots[i].Key] {
			return nil, errorf(path, "the key %q is given twice", slots[i].Key)
		}
		seen[slots[i].Key] = true
	}
	return slots, nil
}

func readEntry(path string, raw json.RawMessage, slot *questioning.Slot) error {
	if trimmed := bytes.TrimSpace(raw); trimmed[0] == '"' {
		text, err := decodeText(path, trimmed, MaxTitle)
		slot.Key, slot.Title, slot.Type = keyFrom(text), text, questioning.Text
		if text == slot.Key {
			slot.Title = titleFrom(text)
		}
		return err
	}
	if bytes.TrimSpace(raw)[0] != '{' {
		return errorf(path, `must be a name, or an object such as {"key": "deadline", "type": "date"}`)
	}
	fields, err := members(path, raw)
	if err != nil {
		return err
	}
	var typ string
	for _, f := range fields {
		at := bounds.Join(path, f.name)
		switch f.name {
		case "key", "name":
			slot.Key, err = decodeText(at, f.value, MaxTitle)
		case "type":
			typ, err = decodeText(at, f.value, MaxKey)
		case "required":
			slot.Required, err = decode[bool](at, f.value, "true or false")
		case "options", "enum":
			slot.Options, err = readOptions(at, f.value)
		default:
			var known bool
			if known, err = common(at, f, slot); err == nil && !known {
				err = errorf(at, "is not known; an entry has key, title, description, question, type, options, required, weight, default, when, look_for and bounds")
			}
		}
		if err != nil {
			return err
		}
	}
	if slot.Key == "" {
		slot.Key = keyFrom(slot.Title + slot.Question)
	}
	slot.Type, err = listType(bounds.Join(path, "type"), typ, len(slot.Options) > 0)
	return err
}

func listType(path, name string, options bool) (questioning.Type, error) {
	switch t := questioning.Type(name); t {
	case questioning.Choices, "multi", "array":
		if options {
			return questioning.Choices, nil
		}
		return questioning.List, nil
	case "", "text", "enum", questioning.Text, questioning.Choice:
		if options {
			return questioning.Choice, nil
		}
		if t == questioning.Choice || t == "enum" {
			return "", errorf(path, "a choice needs options")
		}
		return questioning.Text, nil
	case questioning.Integer, questioning.Number, questioning.Boolean, questioning.Date, questioning.Time,
		questioning.DateTime, questioning.Email, questioning.URI, questioning.List:
		if options {
			return questioning.Choice, nil
		}
		return t, nil
	}
	return "", errorf(path, "%q is not known; string, integer, number, boolean, date, time, date-time, email, uri, choice, choices and list are", name)
}

func readOptions(path string, raw json.RawMessage) ([]questioning.Option, error) {
	entries, err := decode[[]json.RawMessage](path, raw, "a list of options")
	if err != nil {
		return nil, err
	}
	options := make([]questioning.Option, len(entries))
	for i, entry := range entries {
		at := fmt.Sprintf("%s[%d]", path, i)
		if bytes.TrimSpace(entry)[0] == '{' {
			err = json.Unmarshal(entry, &options[i])
		} else {
			err = json.Unmarshal(entry, &options[i].Value)
		}
		if err != nil || !scalar(options[i].Value) {
			return nil, errorf(at, `must be a value, or {"value": …, "title": "…"}`)
		}
	}
	return options, checkOptions(path, options)
}
