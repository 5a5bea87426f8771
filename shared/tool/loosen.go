package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// A Shape rewrites an argument that is written in another form than its schema
// describes, such as a map in place of a list. It returns the argument as the
// schema describes it and what was taken differently, or nil where the argument
// is absent. What it does not know it returns as it is, for the schema to refuse.
type Shape = func(raw json.RawMessage) (json.RawMessage, []string)

// Bounds on what a result says of arguments that were taken differently. The model
// pays for each note in tokens, and learns from the first as much as from the tenth.
const (
	maxNotes      = 5
	maxNoteRunes  = 120
	maxValueRunes = 40 // of a value in a note, which has two
)

// loosener reads arguments as models and their hosts write them, before they are
// checked against the schema: JSON in strings, "3" and 3.0 for 3, "true" for true,
// null and empty strings for what is absent, conversationId for conversation_id.
// Each is one that hosts were seen to send (claude-code #22394, #34520, #50138,
// #24597; modelcontextprotocol/servers #2905). It changes only what the schema
// would refuse, and guesses at no words: "three" stays a wrong number. It is
// read-only after declare, and safe for concurrent use.
type loosener struct {
	schema *jsonschema.Schema
	shapes map[string]Shape
}

// loosen returns the arguments as the schema describes them and what was taken
// differently. An error is a *fault.Invalid: JSON in a string cannot be stored.
// Arguments that need no change are returned as they were sent. value is what raw decodes
// to; it is changed where raw is.
func (l loosener) loosen(raw json.RawMessage, value any) (json.RawMessage, []string, error) {
	var notes notes
	if text, ok := decodeString(raw); ok && startsWith(text, '{') && json.Valid([]byte(text)) {
		raw = json.RawMessage(text)
		notes.add("the arguments were read from JSON in a string")
		if err := fit("", raw); err != nil {
			return raw, nil, err
		}
	}
	var arguments map[string]json.RawMessage
	if json.Unmarshal(raw, &arguments) != nil || arguments == nil {
		return raw, nil, nil
	}
	decoded, _ := value.(map[string]any) // nil where raw was in a string
	changed := len(notes.texts) > 0
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		known := propertyNamed(l.schema, name, func(other string) bool { _, given := arguments[other]; return given })
		argument, property := arguments[name], l.schema.Properties[known]
		if property == nil {
			continue // for the schema to refuse
		}
		taken, err := l.argument(known, property, argument, decoded[name], &notes)
		if err != nil {
			return raw, nil, err
		}
		if known == name && bytes.Equal(taken, argument) {
			continue
		}
		changed = true
		delete(arguments, name)
		if taken != nil {
			arguments[known] = taken
		}
	}
	if !changed {
		return raw, nil, nil
	}
	loosened, err := json.Marshal(arguments)
	if err != nil {
		return raw, nil, nil // it was decoded from JSON
	}
	return loosened, notes.all(), nil
}

// argument loosens one argument. nil stands for one that is absent. What the
// schema leaves open is not encoded again: the order of its members counts. value is what
// raw decodes to, or nil, which has it decoded.
func (l loosener) argument(name string, property *jsonschema.Schema, raw json.RawMessage, value any, notes *notes) (json.RawMessage, error) {
	optional := !slices.Contains(l.schema.Required, name)
	if text, ok := decodeString(raw); ok {
		if optional && strings.TrimSpace(text) == "" {
			return nil, nil
		}
		if inner := jsonWithin(text); !takes(property, "string") && inner != nil {
			raw, value = inner, nil
			notes.add("%s: read from JSON in a string", name)
			if err := fit(name, raw); err != nil {
				return nil, err
			}
		}
	}
	if isNull(raw) {
		return nil, nil
	}
	if shape := l.shapes[name]; shape != nil {
		shaped, said := shape(raw)
		for _, text := range said {
			notes.add("%s: %s", name, text)
		}
		if shaped == nil {
			return nil, nil
		}
		if !bytes.Equal(shaped, raw) {
			raw, value = shaped, nil
		}
	}
	if open(property) {
		return raw, nil
	}
	if value == nil && decode(raw, &value) != nil {
		return raw, nil
	}
	walk := &walk{notes: notes}
	value = walk.value(name, property, value, optional)
	if walk.err != nil || !walk.changed {
		return raw, walk.err
	}
	loosened, err := json.Marshal(value)
	if err != nil {
		return raw, nil // it was decoded from JSON
	}
	return loosened, nil
}

// fence is how models set JSON off in Markdown.
var fence = regexp.MustCompile("(?s)^\\s*```[a-zA-Z0-9]*\\s*\n(.*?)\n?\\s*```\\s*$")

// jsonWithin is the object or list that a text holds as JSON, also in a code block or
// in a string once more; nil where it holds none.
func jsonWithin(text string) json.RawMessage {
	if match := fence.FindStringSubmatch(text); match != nil {
		text = match[1]
	}
	if again, ok := decodeString(json.RawMessage(text)); ok {
		text = again
	}
	if (startsWith(text, '{') || startsWith(text, '[')) && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return nil
}

// walk is one pass over the value of an argument, as deep as its schema.
type walk struct {
	notes   *notes
	changed bool
	err     error
}

// value returns the value as its schema describes it. Nulls in lists are dropped;
// hosts fill lists with them where a form left a row empty. The first error ends
// the walk.
func (w *walk) value(path string, s *jsonschema.Schema, value any, optional bool) any {
	if s == nil || w.err != nil {
		return value
	}
	if text, ok := value.(string); ok && !takes(s, "string") && (s.Type == "object" || s.Type == "array") {
		value = w.embedded(path, text)
	}
	switch v := value.(type) {
	case map[string]any:
		if s.Properties != nil {
			w.object(path, s, v)
		}
		return v
	case []any:
		if s.Items == nil {
			return v
		}
		kept := slices.DeleteFunc(v, func(item any) bool { return item == nil })
		w.changed = w.changed || len(kept) != len(v)
		for i := range kept {
			kept[i] = w.value(fmt.Sprintf("%s[%d]", path, i), s.Items, kept[i], false)
		}
		return kept
	}
	if scalar, differs := scalar(s.Type, value, optional); scalar != nil {
		w.changed = true
		if differs {
			w.notes.add("%s: %s taken as %s", path, plain.JSON(value, maxValueRunes), plain.JSON(scalar, maxValueRunes))
		}
		return scalar
	}
	return value
}

// object loosens the members that the schema knows. A member that is null or, if
// optional, blank is absent.
func (w *walk) object(path string, s *jsonschema.Schema, object map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		known := propertyNamed(s, name, func(other string) bool { _, given := object[other]; return given })
		property := s.Properties[known]
		if property == nil {
			continue
		}
		value, optional := object[name], !slices.Contains(s.Required, known)
		text, isText := value.(string)
		if value == nil || optional && isText && strings.TrimSpace(text) == "" {
			delete(object, name)
			w.changed = true
			continue
		}
		if known != name {
			delete(object, name)
			w.changed = true
		}
		object[known] = w.value(path+"."+known, property, value, optional)
	}
}

// embedded decodes JSON in a string; a string that holds none stays.
func (w *walk) embedded(path, text string) any {
	var value any
	if !startsWith(text, '{') && !startsWith(text, '[') || decode([]byte(text), &value) != nil {
		return text
	}
	if err := fit(path, []byte(text)); err != nil {
		w.err = err
		return text
	}
	w.changed = true
	w.notes.add("%s: read from JSON in a string", path)
	return value
}

// Plus signs and leading zeros are what people type, and no JSON.
var (
	wholeText  = regexp.MustCompile(`^[+]?(-?\d+)(?:\.0*)?$`)
	numberText = regexp.MustCompile(`^[+]?(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$`)
	truths     = map[string]bool{"true": true, "false": false, "yes": true, "no": false, "1": true, "0": false}
)

// scalar returns the value as the type has it, nil where it is that already or
// cannot be, and whether that differs from what was sent. Nothing is rounded: "3.5"
// stays a wrong integer. A number that is written differently only (3.0 for 3) does
// not count as different.
func scalar(wanted string, value any, optional bool) (taken any, differs bool) {
	text, isText := value.(string)
	text = strings.TrimSpace(text)
	number, isNumber := value.(json.Number)
	switch {
	case wanted == "integer" && isNumber:
		if whole := wholeText.FindStringSubmatch(number.String()); whole != nil && whole[1] != number.String() {
			return json.Number(canonical(whole[1])), false
		}
	case wanted == "integer" && isText:
		if whole := wholeText.FindStringSubmatch(text); whole != nil {
			return json.Number(canonical(whole[1])), true
		}
	case wanted == "number" && isText:
		if match := numberText.FindStringSubmatch(text); match != nil && json.Valid([]byte(canonical(match[1]))) {
			return json.Number(canonical(match[1])), true
		}
	case wanted == "boolean" && isText:
		if truth, ok := truths[strings.ToLower(text)]; ok {
			return truth, true
		}
	case wanted == "boolean" && isNumber:
		if truth, ok := truths[number.String()]; ok {
			return truth, true
		}
	case wanted == "string" && isNumber && optional:
		// An id of digits. What is required is words, or an id that the server made.
		return number.String(), true
	}
	return nil, false
}

// canonical takes off the leading zeros that JSON does not allow.
func canonical(number string) string {
	sign := ""
	if strings.HasPrefix(number, "-") {
		sign, number = "-", number[1:]
	}
	trimmed := strings.TrimLeft(number, "0")
	if trimmed == "" || trimmed[0] < '0' || trimmed[0] > '9' {
		trimmed = "0" + trimmed
	}
	if trimmed == "0" {
		sign = ""
	}
	return sign + trimmed
}

// propertyNamed returns the property that a name stands for: itself, or the one
// that is meant by conversationId or "Conversation-ID" and is not given otherwise.
// The exact name wins, so no argument is overwritten by another spelling of it.
func propertyNamed(s *jsonschema.Schema, name string, given func(string) bool) string {
	if s.Properties[name] != nil {
		return name
	}
	if folded := Snake(name); folded != name && s.Properties[folded] != nil && !given(folded) {
		return folded
	}
	return name
}

// Snake is a name of at most 64 bytes in snake case: slotName and "Slot name" are
// slot_name. A longer name is none of ours, and is left for the schema to refuse.
func Snake(name string) string {
	if len(name) > 64 {
		return name
	}
	var b strings.Builder
	var previous rune
	for _, r := range name {
		if unicode.IsUpper(r) && (unicode.IsLower(previous) || unicode.IsDigit(previous)) {
			b.WriteByte('_')
		}
		if r == '-' || r == ' ' {
			r = '_'
		}
		b.WriteRune(unicode.ToLower(r))
		previous = r
	}
	return b.String()
}

// open says that the schema leaves open what is inside a value.
func open(s *jsonschema.Schema) bool {
	return len(s.Types) > 0 || s.Type == "" || s.Type == "object" && s.Properties == nil || s.Type == "array" && s.Items == nil
}

// takes reports whether the schema accepts a type; one without a type accepts all.
func takes(s *jsonschema.Schema, kind string) bool {
	return s.Type == kind || slices.Contains(s.Types, kind) || s.Type == "" && len(s.Types) == 0
}

// fit refuses what cannot be stored in JSON that came in a string. The arguments
// around the string were checked before, but not the text inside it.
func fit(path string, raw json.RawMessage) error {
	var value any
	if decode(raw, &value) != nil {
		return nil
	}
	err := storable(raw, value)
	if path == "" {
		return err
	}
	return fault.Within(path, err)
}

// decode keeps numbers as they are written: as float64 a large id would lose
// digits.
func decode(raw []byte, into *any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}

func decodeString(raw json.RawMessage) (string, bool) {
	var text string
	trimmed := bytes.TrimSpace(raw)
	return text, len(trimmed) > 0 && trimmed[0] == '"' && json.Unmarshal(trimmed, &text) == nil
}

func startsWith(text string, first byte) bool {
	text = strings.TrimSpace(text)
	return text != "" && text[0] == first
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// notes are what was taken differently from what was sent, the first few.
type notes struct {
	texts []string
	more  int
}

func (n *notes) add(format string, args ...any) {
	if len(n.texts) == maxNotes {
		n.more++
		return
	}
	n.texts = append(n.texts, plain.Excerpt(fmt.Sprintf(format, args...), maxNoteRunes))
}

func (n *notes) all() []string {
	if n.more > 0 {
		return append(n.texts, fmt.Sprintf("%d more", n.more))
	}
	return n.texts
}
