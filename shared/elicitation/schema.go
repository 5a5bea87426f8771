package elicitation

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Schema is the requestedSchema of a form: a flat object whose fields keep
// their order, in which clients show them. No field is required.
type Schema struct {
	Fields []Field
}

// Field is one field, after the PrimitiveSchemaDefinition of revision
// 2025-11-25 and later: string, number, integer, or a choice. A choice is an enum
// of what the person reads. Values with titles are shown side by side by some
// clients ("private_party - Private party"), and a boolean as True and False, or as
// a box that cannot be left open.
type Field struct {
	Name string `json:"-"`

	Type        string   `json:"type"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Format      string   `json:"format,omitempty"` // email, uri, date, date-time
	MaxLength   *int     `json:"maxLength,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	MinItems    *int     `json:"minItems,omitempty"`
	MaxItems    *int     `json:"maxItems,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Items       *Items   `json:"items,omitempty"`
	Default     any      `json:"default,omitempty"`
}

// Items are what an array field takes any number of.
type Items struct {
	Type string   `json:"type"` // string
	Enum []string `json:"enum"`
}

// MarshalJSON writes the fields in their order.
func (s Schema) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`{"type":"object","properties":{`)
	for i, f := range s.Fields {
		name, err := json.Marshal(f.Name)
		if err != nil {
			return nil, err
		}
		field, err := json.Marshal(f)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(field)
	}
	b.WriteString(`}}`)
	return b.Bytes(), nil
}

// UnmarshalJSON reads the fields in their order.
func (s *Schema) UnmarshalJSON(data []byte) error {
	var object struct {
		Properties json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	s.Fields = nil
	decoder := json.NewDecoder(bytes.NewReader(object.Properties))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return fmt.Errorf("properties is not an object")
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		field := Field{}
		if err := decoder.Decode(&field); err != nil {
			return fmt.Errorf("field %v: %w", name, err)
		}
		field.Name, _ = name.(string)
		s.Fields = append(s.Fields, field)
	}
	return nil
}
