package arguments

import (
	"bytes"
	"encoding/json"
	"slices"
)

// rewriting is a rewriting of answers, with what it did.
type rewriting struct {
	notes   []string
	changed bool
}

// note says what was taken differently, once however often it was done.
func (s *rewriting) note(text string) {
	s.changed = true
	if !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
}

// decoded is JSON as Go has it, with numbers as they were written; nil where it is
// none. Numbers stay text, because 12345678901234567890 would come out of a float64 as
// another number.
func decoded(raw json.RawMessage) (value any) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil
	}
	return value
}

// encoded is a value that was decoded from raw. A value that cannot be encoded is one
// that was not decoded; then raw stands.
func encoded(raw json.RawMessage, value any) json.RawMessage {
	if data, err := json.Marshal(value); err == nil {
		return data
	}
	return raw
}
