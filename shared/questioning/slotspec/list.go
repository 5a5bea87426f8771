package slotspec

import (
	"encoding/json"
	"errors"
	"slices"
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
	if len(r.slots) == 0 {
		return nil, errorf("", "leaves nothing to ask for: every entry is set aside")
	}
	r.resolveConditions()
	return r, nil
}

// nesting are members that make an entry a JSON Schema with parts of its own. An
// entry without them is read by members, which takes looser spellings than JSON
// Schema allows.
var nesting = []string{"properties", "items", "anyOf", "oneOf", "allOf", "nullable", "schema", "$ref"}

// entry reads one entry of the list.
func (r *reader) entry(path string, entry any) error {
	slot := questioning.Slot{Required: true, Type: questioning.Text}
	switch e := entry.(type) {
	case string:
		text, err := textOf(path, e, MaxTitle)
		if err != nil {
			return err
		}
		if m, ok := typedEntry(text); ok {
			return r.named(path, m)
		}
		// A question ("When do you leave?") is its own title; a name as programs
		// write it ("start_date") needs one made.
		if slot.Key, slot.Title = keyFrom(text), text; text == slot.Key {
			slot.Title = titleFrom(text)
		}
	case *object:
		e = ownNames(e)
		if name, section := sectionOf(e); section != nil {
			for i, one := range section {
				if err := r.entry(indexed(join(path, name), i), one); err != nil {
					return err
				}
			}
			return nil
		}
		if len(e.members) == 1 && !isMember(e.members[0].name) { // {"budget": "number"}
			return r.named(path, e.members[0])
		}
		for _, name := range nesting {
			if e.has(name) {
				return r.nested(path, e)
			}
		}
		err := r.members(path, e, &slot)
		var unasked cannotAsk
		if errors.As(err, &unasked) && !slot.Required {
			r.notes.add(unasked.problem.Path, "is set aside: it %s", unasked.problem.Problem)
			return nil
		}
		if err != nil {
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

// typedEntry parts a name from its type where an entry gives both: "budget: number",
// "notes (optional)".
func typedEntry(text string) (member, bool) {
	match := typedName.FindStringSubmatch(text)
	if match == nil {
		return member{}, false
	}
	kind := match[2] + match[3]
	if strings.EqualFold(kind, "optional") {
		kind = "string?"
	}
	if strings.EqualFold(kind, "required") {
		kind = "string"
	}
	if _, _, ok := typeText(kind); !ok || isNoun(kind) {
		return member{}, false
	}
	return member{keyFrom(match[1]), kind}, keyFrom(match[1]) != ""
}

// sectionOf is the list of entries that an entry groups, such as a page of a form; nil
// for one that is no group.
func sectionOf(e *object) (name string, entries []any) {
	for _, name := range []string{"questions", "fields", "slots", "elements", "sections", "pages", "items"} {
		if list, ok := e.get(name).([]any); ok && len(list) > 0 && !e.has("type") && !e.has("options") && (name != "items" || !slices.ContainsFunc(keyNames, e.has)) {
			return name, list
		}
	}
	return "", nil
}

// named reads an entry that is a map of one name, as an entry of a map is read.
func (r *reader) named(path string, m member) error {
	name, optional := strings.CutSuffix(m.name, "?")
	property, isOptional, err := ofMap(join(path, m.name), name, m.value)
	if err != nil {
		return err
	}
	if err := (&normalizer{notes: r.notes}).schema(join(path, m.name), property); err != nil {
		return err
	}
	needed := !optional && !isOptional
	return r.property(join(path, m.name), name, property, position{required: true}, needed)
}

// keyNames name an entry, the first that is there.
var keyNames = []string{"key", "name", "id", "field", "slot", "slot_name", "field_name", "property", "parameter", "variable", "ref"}

// otherNames are other names of an entry's members. Members that are left out by null,
// as strict models write what is optional, are absent.
var otherNames = map[string]string{
	"kind": "type", "answer_type": "type", "data_type": "type", "value_type": "type", "input_type": "type", "field_type": "type", "slot_type": "type", "datatype": "type",
	"is_required": "required", "mandatory": "required", "is_optional": "optional",
	"prompt": "question", "question_text": "question", "q": "question", "text": "question",
	"allowed_values": "options", "possible_values": "options", "enum_values": "options", "enum": "options", "choices": "options", "values": "options",
	"help": "description", "help_text": "description", "hint": "description", "details": "description",
	"display_name": "label", "max_length": "maxLength", "maxlength": "maxLength", "min_length": "minLength", "minlength": "minLength",
	"default_value": "default", "x_question": "x-question", "x_when": "x-when", "x_weight": "x-weight", "x_look_for": "x-look-for",
	"min_items": "minItems", "max_items": "maxItems", "one_of": "oneOf", "any_of": "anyOf", "all_of": "allOf",
	"min_value": "minimum", "max_value": "maximum",
}

// ownMembers are the members that an entry has.
var ownMembers = strings.Fields("type format required optional options question title label description default weight when look_for min max " +
	"minimum maximum minLength maxLength minItems maxItems pattern multiple x-question x-when x-weight x-look-for")

// ownNames gives an entry's members their names, and drops those that are null. Where
// a name is given twice, the own one counts.
func ownNames(e *object) *object {
	named := &object{}
	for _, m := range e.members {
		if m.value == nil {
			continue
		}
		name := m.name
		if name == "value" && isTypeText(m.value) && !e.has("type") {
			name = "type"
		}
		if !isMember(name) {
			folded := snake(name)
			if other := otherNames[folded]; other != "" {
				folded = other
			}
			if isMember(folded) && !e.has(folded) && !named.has(folded) {
				name = folded
			}
		}
		named.members = append(named.members, member{name, m.value})
	}
	return named
}

// isMember reports the name of a member of an entry.
func isMember(name string) bool {
	return slices.Contains(keyNames, name) || slices.Contains(ownMembers, name) || slices.Contains(nesting, name)
}

// snake is a name in snake case.
func snake(name string) string {
	return strings.ToLower(strings.Join(keyWords(name), "_"))
}

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
	if flag, ok := truth(e.get("required")); ok {
		required = flag
		e.delete("required")
	} else if e.has("in") { // a parameter of OpenAPI
		required = false
	}
	if inner, ok := e.get("schema").(*object); ok {
		if text, isText := e.get("description").(string); isText && !inner.has("description") {
			inner.set("description", text)
		}
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
	n := normalizer{notes: r.notes}
	n.cut(path, e)
	n.boundTexts(path, e)
	var kind string
	for _, m := range e.members {
		at := join(path, m.name)
		var err error
		switch {
		case slices.Contains(keyNames, m.name):
			if slot.Key == "" {
				slot.Key, err = textOf(at, m.value, MaxTitle)
			}
		case m.name == "type":
			kind, err = textOf(at, m.value, MaxKey)
		case m.name == "format":
			if named, known := typeNamed(kind); kind == "" || known && named == (namedType{"string", ""}) {
				kind, err = textOf(at, m.value, MaxKey)
			}
		case m.name == "required":
			var ok bool
			if slot.Required, ok = truth(m.value); !ok {
				err = errorf(at, "must be true or false")
			}
		case m.name == "optional":
			if optional, ok := truth(m.value); ok {
				slot.Required = !optional
			}
		case m.name == "options":
			if list, isList := m.value.([]any); !isList || len(list) > 0 { // strict models write what they leave out
				slot.Options, err = r.listedOptions(at, m.value)
			}
		case m.name == "min", m.name == "max", m.name == "multiple": // below, by the type
		case m.name == "placeholder" || m.name == "example" || m.name == "examples" || m.name == "order" || m.name == "index": // nothing to ask for
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
	if e.get("multiple") == true && len(slot.Options) > 0 {
		kind = "choices"
	}
	var err error
	if slot.Type, err = listType(join(path, "type"), kind, len(slot.Options) > 0); err != nil {
		return err
	}
	return ends(path, e, slot)
}

// ends reads "min" and "max", which mean a value of numbers and a length of texts.
func ends(path string, e *object, slot *questioning.Slot) error {
	for name, of := range map[string]string{"min": "inimum", "max": "aximum"} {
		value, given := e.get(name).(json.Number)
		if !given {
			continue
		}
		switch slot.Type {
		case questioning.Integer, questioning.Number:
			name = name[:1] + of
		case questioning.Text:
			name += "Length"
		case questioning.List, questioning.Choices:
			name += "Items"
		default:
			continue
		}
		if _, err := common(join(path, name), member{name, value}, slot); err != nil {
			return err
		}
	}
	return nil
}

// listType is the slot type of a type's name in the short form. Options decide
// between choice and text whatever the type says, because a model that lists
// options means them.
func listType(path, name string, options bool) (questioning.Type, error) {
	named, known := typeNamed(name)
	switch {
	case choicesName(name) || known && named.kind == "array" || strings.EqualFold(name, "checkbox") && options:
		if options {
			return questioning.Choices, nil
		}
		if choicesName(name) {
			return "", errorf(path, "%s need options", name)
		}
		return questioning.List, nil
	case choiceName(name) && !options:
		return "", errorf(path, "a %s needs options", name)
	case options:
		return questioning.Choice, nil
	}
	switch {
	case named.format == "password":
		return "", secretError(path, "a password")
	case named.format == "binary":
		return "", cannot(path, "is a file, which cannot be asked for; ask for its address (type uri)")
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

// listedOptions reads options as values or {"value", "title"}, or as a map from value
// to title. A value that is repeated counts once.
func (r *reader) listedOptions(path string, raw any) ([]questioning.Option, error) {
	if of, isMap := raw.(*object); isMap {
		var list []any
		for _, m := range of.members {
			list = append(list, &object{[]member{{"value", m.name}, {"title", m.value}}})
		}
		raw = list
	}
	entries, err := listOf(path, raw, "options")
	if err != nil {
		return nil, err
	}
	var options []questioning.Option
	for i, entry := range (&normalizer{notes: r.notes}).once(path, entries) {
		value, title := optionOf(entry)
		plain, ok := plainValue(value)
		if !ok {
			return nil, errorf(indexed(path, i), `must be a value, or {"value": …, "title": "…"}`)
		}
		options = append(options, questioning.Option{Value: plain, Title: short(title)})
	}
	return options, checkOptions(path, options)
}
