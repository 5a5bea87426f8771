package slotspec

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// readList reads the short form: each entry a name, a question, or an object. What
// the short form names is wanted, so it is required unless it says not. A list has
// no schema, so Spec.Schema stays nil and Values returns a flat object by key. The
// root object is empty: there is nothing for a reference to point to.
func readList(entries []any, notes *notes) (*reader, error) {
	if len(entries) == 0 {
		return nil, errorf("", "is empty: name at least one thing wanted")
	}
	if len(entries) > MaxSlots {
		return nil, errorf("", "has %d entries, at most %d can be asked for", len(entries), MaxSlots)
	}
	r := newReader(&object{}, notes)
	r.list = true
	for i, entry := range entries {
		if err := r.entry(indexed("", i), entry); err != nil {
			return nil, err
		}
	}
	r.resolveConditions()
	return r, nil
}

// nesting are members that make an entry a JSON Schema with parts of its own. An
// entry without them is read by members, which takes looser spellings than JSON
// Schema allows.
var nesting = []string{"properties", "items", "anyOf", "oneOf", "allOf", "nullable", "schema"}

// entry reads one entry of the list.
func (r *reader) entry(path string, entry any) error {
	slot := questioning.Slot{Required: true, Type: questioning.Text}
	switch e := entry.(type) {
	case string:
		text, err := textOf(path, e, MaxTitle)
		if err != nil {
			return err
		}
		// A question ("When do you leave?") is its own title; a name as programs
		// write it ("start_date") needs one made.
		if slot.Key, slot.Title = keyFrom(text), text; text == slot.Key {
			slot.Title = titleFrom(text)
		}
	case *object:
		for _, name := range nesting {
			if e.has(name) {
				return r.nested(path, e)
			}
		}
		if err := r.members(path, e, &slot); err != nil {
			return err
		}
	default:
		return errorf(path, `must be a name, or an object such as {"key": "deadline", "type": "date"}`)
	}
	if slot.Key == "" || len(slot.Key) > MaxKey {
		return keyLength(path)
	}
	at := []step{{name: slot.Key}}
	return r.addSlot(path, slot, position{steps: at}, place{steps: at})
}

// keyNames name an entry, the first that is there.
var keyNames = []string{"key", "name", "id", "field", "slot"}

// nested reads an entry that is a JSON Schema with a name. It is normalized here,
// since the rest of the list never goes through the normalizer. OpenAPI's
// parameters are optional unless they say otherwise, contrary to the short form.
func (r *reader) nested(path string, e *object) error {
	key, required := "", true
	for _, name := range keyNames {
		if text, ok := e.get(name).(string); ok && key == "" {
			key = strings.TrimSpace(text)
		}
	}
	if key == "" {
		return keyLength(path)
	}
	if flag, ok := e.get("required").(bool); ok {
		required = flag
		e.delete("required")
	} else if e.has("in") { // a parameter of OpenAPI
		required = false
	}
	if inner, ok := e.get("schema").(*object); ok {
		e, path = inner, join(path, "schema")
	}
	if err := (&normalizer{notes: r.notes}).schema(path, e); err != nil {
		return err
	}
	return r.property(path, key, e, position{required: true}, required)
}

// members reads the members of an entry into slot. The first of several keys
// counts, and "title" wins over "label". Unknown members are reported, since a
// misspelt "requird" would otherwise change the meaning without a word; extensions
// (x-…) are not, since tools add them for themselves.
func (r *reader) members(path string, e *object, slot *questioning.Slot) error {
	var kind string
	for _, m := range e.members {
		at := join(path, m.name)
		var err error
		switch m.name {
		case "key", "name", "id", "field", "slot":
			if slot.Key == "" {
				slot.Key, err = textOf(at, m.value, MaxTitle)
			}
		case "type", "kind":
			kind, err = textOf(at, m.value, MaxKey)
		case "text": // of a question, in forms
			if slot.Question == "" {
				slot.Question, err = textOf(at, m.value, MaxDescription)
			}
		case "format":
			if kind == "" || kind == "string" || kind == "text" {
				kind, err = textOf(at, m.value, MaxKey)
			}
		case "required":
			var ok bool
			if slot.Required, ok = m.value.(bool); !ok {
				err = errorf(at, "must be true or false")
			}
		case "optional":
			if optional, ok := m.value.(bool); ok {
				slot.Required = !optional
			}
		case "options", "enum", "choices", "values":
			slot.Options, err = listedOptions(at, m.value)
		default:
			var known bool
			if known, err = common(at, m, slot); err == nil && !known && !strings.HasPrefix(m.name, "x-") {
				r.notes.add(at, "is not known and set aside; an entry has key, title, description, question, type, options, required, weight, default, when, look_for and bounds")
			}
		}
		if err != nil {
			return err
		}
	}
	if slot.Key == "" {
		slot.Key = keyFrom(slot.Title + slot.Question)
	}
	var err error
	slot.Type, err = listType(join(path, "type"), kind, len(slot.Options) > 0)
	return err
}

// listType is the slot type of a type's name in the short form. Options decide
// between choice and text whatever the type says, because a model that lists
// options means them.
func listType(path, name string, options bool) (questioning.Type, error) {
	lower := strings.ToLower(name)
	switch lower {
	case "choices", "multi", "multiselect", "array", "list":
		if options {
			return questioning.Choices, nil
		}
		if lower == "choices" || lower == "multiselect" {
			return "", errorf(path, "%s need options", lower)
		}
		return questioning.List, nil
	case "choice", "enum", "select", "radio":
		if !options {
			return "", errorf(path, "a %s needs options", lower)
		}
	}
	if options {
		return questioning.Choice, nil
	}
	named, known := typeNamed(name)
	switch {
	case named.format == "password":
		return "", secretError(path, "a password")
	case name == "" || known && named.kind == "string" || known && named.kind == "":
		return formatType(named.format), nil
	case known && named.kind == "integer":
		return questioning.Integer, nil
	case known && named.kind == "number":
		return questioning.Number, nil
	case known && named.kind == "boolean":
		return questioning.Boolean, nil
	}
	return "", errorf(path, "%q is not known; string, integer, number, boolean, date, time, date-time, email, uri, choice, choices and list are", name)
}

// listedOptions reads options as values or {"value", "title"}.
func listedOptions(path string, raw any) ([]questioning.Option, error) {
	entries, err := listOf(path, raw, "options")
	if err != nil {
		return nil, err
	}
	options := make([]questioning.Option, len(entries))
	for i, entry := range entries {
		value, title := optionOf(entry)
		plain, ok := plainValue(value)
		if !ok {
			return nil, errorf(indexed(path, i), `must be a value, or {"value": …, "title": "…"}`)
		}
		options[i] = questioning.Option{Value: plain, Title: short(title)}
	}
	return options, checkOptions(path, options)
}
