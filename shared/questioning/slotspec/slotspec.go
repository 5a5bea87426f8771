// Package slotspec reads what a caller wants gathered into slots: a JSON Schema as
// generators of several dialects write it, a map of names to types, or a short
// list. It also puts what was gathered back into the caller's shape.
package slotspec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/secret"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// Bounds on what can be wanted at once.
const (
	MaxSlots       = 200
	MaxOptions     = 100
	MaxKey         = 64   // bytes
	MaxTitle       = 200  // characters
	MaxDescription = 1000 // characters
)

// Error says which part cannot be asked for and why.
type Error = bounds.Error

func errorf(path, format string, args ...any) error { return bounds.Errorf(path, format, args...) }

// Spec is what a caller wants gathered.
type Spec struct {
	Slots []questioning.Slot // in the order given
	// Warnings say, by path, what was set aside because nobody can be asked for
	// it or held to it. They are at most a dozen and one.
	Warnings []string
	// Schema is information_needed as JSON Schema of draft 2020-12, whatever
	// dialect it was written in; nil for a list. Values satisfies it where
	// everything that is required was answered.
	Schema json.RawMessage

	reader *reader
}

// Read turns information_needed into slots, which it returns with an error about
// their conditions too. The error is an *Error, or that of ctx when the caller
// has gone. Work is bounded before it is done, see package
// bounds.
func Read(ctx context.Context, raw []byte) (Spec, error) {
	wanted, err := readDocument(ctx, bytes.TrimSpace(raw))
	if err == nil {
		err = checkConditions(wanted.Slots)
	}
	return wanted, err
}

func readDocument(ctx context.Context, raw []byte) (Spec, error) {
	if len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return Spec{}, errorf("", `must be a JSON Schema object with "properties", or a list such as ["budget", {"key": "deadline", "type": "date"}]`)
	}
	if err := bounds.JSON(ctx, raw); err != nil {
		return Spec{}, err
	}
	document, err := parse(raw)
	if err != nil {
		return Spec{}, err
	}
	var w Spec
	said := &notes{}
	if list := listIn(document, said); list != nil {
		w.reader, err = readList(list, said)
	} else {
		w.reader, w.Schema, err = readObject(ctx, document.(*object), said)
	}
	if err != nil {
		return Spec{}, within(said.prefix, err)
	}
	w.Slots, w.Warnings = w.reader.slots, said.all()
	for i := range w.Slots {
		w.Slots[i] = w.Slots[i].Plain()
	}
	return w, nil
}

// listNames name a list of what is wanted within an object.
var listNames = []string{"information_needed", "questions", "fields", "slots", "parameters"}

// listIn returns the list of the short form, also where an object has it.
func listIn(document any, said *notes) []any {
	if list, ok := document.([]any); ok {
		return list
	}
	for _, name := range listNames {
		if list, _ := document.(*object).get(name).([]any); len(list) > 0 {
			if _, ok := list[0].(*object); ok { // a map has lists of options
				said.prefix = name
				return list
			}
		}
	}
	return nil
}

// readObject reads a JSON Schema, a wrapper of one, or a map of names to types.
func readObject(ctx context.Context, document *object, said *notes) (*reader, json.RawMessage, error) {
	root, prefix := unwrap(document)
	said.prefix = prefix
	if !isSchema(root) {
		var err error
		if root, err = fromMap(root); err != nil {
			return nil, nil, err
		}
	}
	if err := (&normalizer{notes: said}).schema("", root); err != nil {
		return nil, nil, err
	}
	if err := begin(root); err != nil {
		return nil, nil, err
	}
	raw, err := json.Marshal(root)
	if err != nil {
		return nil, nil, fmt.Errorf("write normalized schema: %w", err)
	}
	if err := bounds.Schema(ctx, raw); err != nil {
		return nil, nil, err
	}
	r, err := readSchema(root, said)
	return r, raw, err
}

// checkConditions verifies that conditions name other slots and form no cycle.
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
// those of the slots before.
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

func secretError(path, what string) error {
	return errorf(path, "asks for %s, %s", what, secret.Instead)
}

func keyLength(path string) error {
	return errorf(path, "needs a key of 1 to %d bytes, not all of them blank", MaxKey)
}

// titleFrom makes "Start date" from start_date, start-date or startDate.
func titleFrom(key string) string {
	var b strings.Builder
	var previous rune
	for _, r := range key {
		switch {
		case r == '_' || r == '-' || r == '.':
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(previous):
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
		previous = r
	}
	title := strings.Join(strings.Fields(b.String()), " ")
	if title == "" {
		return key
	}
	first, size := utf8.DecodeRuneInString(title)
	return string(unicode.ToUpper(first)) + title[size:]
}

// keyFrom makes delivery_address from "Delivery address?".
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
