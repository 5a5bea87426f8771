// Package needed reads what a caller wants gathered, either as a flat JSON
// Schema object or as a short list, into slots.
package needed

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
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

// Read turns information_needed into slots, in the order given. The error is an
// *Error, or that of ctx when the caller has gone. Work is bounded before it is
// done, see package bounds.
func Read(ctx context.Context, raw []byte) ([]questioning.Slot, error) {
	var slots []questioning.Slot
	var err error
	switch trimmed := bytes.TrimSpace(raw); {
	case len(trimmed) > 0 && trimmed[0] == '{':
		if err = bounds.Schema(ctx, trimmed); err == nil {
			slots, err = readSchema(trimmed)
		}
	case len(trimmed) > 0 && trimmed[0] == '[':
		if err = bounds.JSON(ctx, trimmed); err == nil {
			slots, err = readList(trimmed)
		}
	default:
		err = errorf("", `must be a JSON Schema object with "properties", or a list such as ["budget", {"key": "deadline", "type": "date"}]`)
	}
	if err != nil {
		return nil, err
	}
	for i := range slots {
		slots[i] = slots[i].Plain()
	}
	return slots, checkConditions(slots)
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

// member is one member of a JSON object, in source order.
type member struct {
	name  string
	value json.RawMessage
}

// members splits a JSON object without losing the order or a doubled name.
func members(path string, raw []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errorf(path, "must be an object")
	}
	var all []member
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, errorf(path, "is not valid JSON: %v", err)
		}
		m := member{name: t.(string)}
		if seen[m.name] {
			return nil, errorf(bounds.Join(path, m.name), "is given twice")
		}
		seen[m.name] = true
		if err := dec.Decode(&m.value); err != nil {
			return nil, errorf(bounds.Join(path, m.name), "is not valid JSON: %v", err)
		}
		all = append(all, m)
	}
	return all, nil
}

func decode[T any](path string, raw json.RawMessage, want string) (T, error) {
	var v T
	if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) || json.Unmarshal(raw, &v) != nil {
		return v, errorf(path, "must be %s", want)
	}
	return v, nil
}

func decodeText(path string, raw json.RawMessage, limit int) (string, error) {
	s, err := decode[string](path, raw, "a string")
	if err == nil && utf8.RuneCountInString(s) > limit {
		err = errorf(path, "has %d characters, at most %d are allowed", utf8.RuneCountInString(s), limit)
	}
	return strings.TrimSpace(s), err
}

// finish checks a slot as a whole and fills in what was left out. patterns are
// those of the slots before.
func finish(path string, s *questioning.Slot, patterns *bounds.Patterns) error {
	if s.Key == "" || len(s.Key) > MaxKey {
		return keyLength(path)
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

func keyLength(path string) error {
	return errorf(path, "needs a key of 1 to %d characters", MaxKey)
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

func scalar(v any) bool {
	switch v.(type) {
	case string, float64, bool:
		return true
	}
	return false
}
