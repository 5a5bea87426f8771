package slotspec

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/secret"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// Bounds on what can be wanted at once. Nobody answers 200 questions, but nested
// schemas reach high numbers of optional slots. Titles and descriptions are
// repeated in questions and forms.
const (
	MaxSlots       = 200
	MaxOptions     = 100
	MaxKey         = 64   // bytes; keys are column values and names of form fields
	MaxTitle       = 200  // characters
	MaxDescription = 1000 // characters
)

// common reads what both forms share into slot and reports whether it knew the
// name. Annotations it does not know are passed over by the schema form. The
// result's error has the path. Extensions (x-question, x-when, x-weight,
// x-look-for) are for schemas that other validators read too, which refuse unknown
// keywords without the prefix.
func common(path string, m member, slot *questioning.Slot) (bool, error) {
	var err error
	number := func() *float64 {
		var v float64
		v, err = numberOf(path, m.value)
		return &v
	}
	count := func() *int {
		var v int
		v, err = countOf(path, m.value)
		return &v
	}
	switch m.name {
	case "title", "label":
		var text string
		if text, err = textOf(path, m.value, MaxTitle); m.name == "title" || slot.Title == "" {
			slot.Title = text
		}
	case "description":
		slot.Description, err = textOf(path, m.value, MaxDescription)
	case "question", "x-question", "prompt":
		slot.Question, err = textOf(path, m.value, MaxDescription)
	case "look_for", "x-look-for":
		slot.LookFor, err = stringsOf(path, m.value)
	case "default":
		slot.Default = plainJSON(m.value)
	case "weight", "x-weight":
		if slot.Weight, err = numberOf(path, m.value); err != nil || slot.Weight <= 0 || slot.Weight > 10 {
			err = errorf(path, "must be a number above 0, at most 10")
		}
	case "when", "x-when":
		slot.When, err = readCondition(path, m.value)
	case "minimum":
		slot.Minimum = number()
	case "maximum":
		slot.Maximum = number()
	case "minLength":
		slot.MinLength = count()
	case "maxLength":
		slot.MaxLength = count()
	case "minItems":
		slot.MinItems = count()
	case "maxItems":
		slot.MaxItems = count()
	case "pattern":
		slot.Pattern, err = textOf(path, m.value, MaxDescription)
	default:
		return false, nil
	}
	return true, err
}

// readCondition reads {"slot": "kind", "in": ["a"]} or {"slot": "kind", "equals":
// "a"}. One slot with a list of values is all that can be written here: it covers
// what the schemas seen need, and every condition can be explained to a person in
// one sentence. Unknown members are errors, since a condition that is half
// understood asks the wrong questions.
func readCondition(path string, raw any) (*questioning.Condition, error) {
	const want = `{"slot": "other", "equals": value} or {"slot": "other", "in": [values]}`
	o, ok := raw.(*object)
	if !ok {
		return nil, errorf(path, "must be %s", want)
	}
	var c questioning.Condition
	var values []any
	for _, m := range o.members {
		at := join(path, m.name)
		var err error
		switch m.name {
		case "slot":
			c.Slot, err = textOf(at, m.value, MaxKey)
		case "equals", "value", "is", "eq":
			values = []any{m.value}
		case "in":
			values, err = listOf(at, m.value, "values")
		default:
			err = errorf(at, "is not known; a condition is %s", want)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, one := range values {
		value, ok := plainValue(one)
		if !ok {
			return nil, errorf(path, "must be %s", want)
		}
		c.In = append(c.In, value)
	}
	if c.Slot == "" || len(c.In) == 0 || len(c.In) > MaxOptions {
		return nil, errorf(path, "must be %s", want)
	}
	return &c, nil
}

// checkDefault leaves out a default that the slot cannot take. A default is shown with
// its question and offered in forms, so it has to be an answer that the slot takes; but
// without it the same is asked for. Types and bounds are not checked: a default is never
// recorded without the person. The empty text that programs begin with says nothing.
func (r *reader) checkDefault(path string, slot *questioning.Slot) error {
	at := join(path, "default")
	switch v := slot.Default.(type) {
	case nil:
	case map[string]any:
		return errorf(at, "must be a single value")
	case []any:
		if slot.Type != questioning.List && slot.Type != questioning.Choices {
			return errorf(at, "must be a single value")
		}
	default:
		if slot.Type != questioning.Choice {
			if v == "" {
				slot.Default = nil
			}
			return nil
		}
		is := func(o questioning.Option) bool { return o.Value == v }
		near := func(o questioning.Option) bool {
			return strings.EqualFold(questioning.Render(o.Value, ""), questioning.Render(v, "")) || strings.EqualFold(o.Title, questioning.Render(v, ""))
		}
		if slices.ContainsFunc(slot.Options, is) {
			return nil
		}
		slot.Default = nil
		if i := slices.IndexFunc(slot.Options, near); i >= 0 {
			slot.Default = slot.Options[i].Value
		} else if v != "" {
			r.notes.add(at, "is none of the options, and set aside")
		}
	}
	return nil
}

// checkConditions verifies that conditions name other slots and form no cycle. In a
// cycle each slot would wait for another, and none would be asked. Every slot has
// one condition at most, so following it as often as there are slots leaves the
// chain or proves a cycle.
func checkConditions(slots []questioning.Slot) error {
	on := map[string]string{}
	for _, s := range slots {
		on[s.Key] = ""
	}
	for _, s := range slots {
		if s.When == nil {
			continue
		}
		if _, ok := on[s.When.Slot]; !ok {
			return errorf(s.Key+".when.slot", "there is no slot %q", s.When.Slot)
		}
		on[s.Key] = s.When.Slot
	}
	for _, s := range slots {
		at := s.Key
		for range slots {
			if at = on[at]; at == "" {
				break
			}
		}
		if at != "" {
			return errorf(s.Key+".when", "the conditions form a cycle")
		}
	}
	return nil
}

// finish checks a slot as a whole and fills in what was left out. patterns are
// those of the slots before. It runs for every form of input, so what it checks
// holds for all slots of the program, those of a model's proposal included.
func finish(path string, s *questioning.Slot, patterns *bounds.Patterns) error {
	if plain.Line(s.Key) == "" || len(s.Key) > MaxKey {
		return keyLength(path)
	}
	if what, where := secret.Asks(*s); what != "" {
		if where == "key" {
			return secretError(path, what)
		}
		return secretError(bounds.Join(path, where), what)
	}
	if s.Title == "" {
		s.Title = titleFrom(s.Key)
	}
	if s.Pattern != "" {
		if err := patterns.Add(s.Pattern); err != nil {
			return errorf(bounds.Join(path, "pattern"), "%v", err)
		}
	}
	if s.Minimum != nil && s.Maximum != nil && *s.Minimum > *s.Maximum {
		return errorf(bounds.Join(path, "minimum"), "is above the maximum")
	}
	if s.MinLength != nil && s.MaxLength != nil && *s.MinLength > *s.MaxLength {
		return errorf(bounds.Join(path, "minLength"), "is above maxLength")
	}
	if s.MinItems != nil && s.MaxItems != nil && *s.MinItems > *s.MaxItems {
		return errorf(bounds.Join(path, "minItems"), "is above maxItems")
	}
	return nil
}

// secretError refuses what asks for a secret, with what to do instead.
func secretError(path, what string) error {
	return errorf(path, "asks for %s, %s", what, secret.Instead)
}

// keyLength is the error of a key that is blank or too long.
func keyLength(path string) error {
	return errorf(path, "needs a key of 1 to %d bytes, not all of them blank", MaxKey)
}

// keyFrom makes delivery_address from "Delivery address?". Letters of any script
// stay; a text without any has no key, which the caller refuses.
func keyFrom(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	key := strings.Join(words, "_")
	for len(key) > MaxKey {
		_, size := utf8.DecodeLastRuneInString(key)
		key = key[:len(key)-size]
	}
	return strings.Trim(key, "_")
}

// formatType is the slot type of a string's format, Text for formats without one. A
// format that no question can help with (uuid, ipv4) is asked for as text and
// checked by nobody but the report.
func formatType(format string) questioning.Type {
	switch format {
	case "url", "iri":
		return questioning.URI
	case "idn-email":
		return questioning.Email
	case "datetime":
		return questioning.DateTime
	}
	switch t := questioning.Type(format); t {
	case questioning.Date, questioning.Time, questioning.DateTime, questioning.Email, questioning.URI:
		return t
	}
	return questioning.Text
}

// checkOptions verifies that options are few enough and differ. Two equal values
// would make an answer ambiguous. Equal titles are allowed: generators cut them,
// and the value still distinguishes them.
func checkOptions(path string, options []questioning.Option) error {
	if len(options) == 0 {
		return errorf(path, "needs at least one option")
	}
	if len(options) > MaxOptions {
		return errorf(path, "has %d options, at most %d are allowed", len(options), MaxOptions)
	}
	seen := map[any]bool{}
	for i, o := range options {
		if seen[o.Value] {
			return errorf(indexed(path, i), "repeats the option %v", o.Value)
		}
		seen[o.Value] = true
	}
	return nil
}
