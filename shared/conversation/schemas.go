package conversation

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Schemas describes the types whose JSON Schema cannot be inferred.
func Schemas() map[reflect.Type]*jsonschema.Schema {
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[json.RawMessage](): {Types: []string{"object", "array"}},
		reflect.TypeFor[time.Time]():       {Type: "string", Format: "date-time"},
		reflect.TypeFor[questioning.Outcome](): Enum(
			questioning.Answered, questioning.Unknown, questioning.Declined, questioning.NotApplicable),
		reflect.TypeFor[questioning.Purpose](): Enum(questioning.Ask, questioning.Clarify, questioning.Confirm),
		reflect.TypeFor[questioning.Status](): Enum(
			questioning.StatusMissing, questioning.StatusAssumed, questioning.StatusAnswered, questioning.StatusUnknown,
			questioning.StatusDeclined, questioning.StatusNotApplicable, questioning.StatusContradicted, questioning.StatusUnclear),
	}
}

// Enum describes a string that is one of the values.
func Enum[T any](values ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	return s
}

// Bounds on arguments that the tools' schemas state, and that are checked there
// alone. What a schema cannot say is checked where it is used: bytes, the
// operator's settings, arguments that exclude each other.
const (
	maxBatchSize = 10
	maxID        = 128 // characters of a session's id
	maxUserID    = 256 // characters
	maxLanguage  = 35  // characters of a language tag: BCP 47, section 4.4.1
	maxMessages  = 20_000
	maxAnswers   = 200
	maxRecalled  = 50
)

// Refine narrows the inferred schema of a tool's arguments to what is accepted. An
// argument's name means the same in every tool.
func Refine(input *jsonschema.Schema) {
	for name, property := range input.Properties {
		switch name {
		case "session_id":
			property.MaxLength = jsonschema.Ptr(maxID)
		case "user_id":
			property.MaxLength = jsonschema.Ptr(maxUserID)
		case "language":
			property.MaxLength = jsonschema.Ptr(maxLanguage)
		case "batch_size":
			property.Minimum, property.Maximum = jsonschema.Ptr(1.0), jsonschema.Ptr(float64(maxBatchSize))
		case "limit":
			property.Minimum, property.Maximum = jsonschema.Ptr(1.0), jsonschema.Ptr(float64(maxRecalled))
		case "max_questions", "question_number", "answer_number":
			property.Minimum = jsonschema.Ptr(1.0)
		case "value":
			property.Types = []string{"string", "number", "boolean", "array", "object"} // the last two for slots with parts
		case "previous_messages":
			property.MaxItems = jsonschema.Ptr(maxMessages)
			property.Items.Properties["role"].Enum = []any{"user", "assistant", "system"}
		case "answers", "known":
			property.MaxItems = jsonschema.Ptr(maxAnswers)
			Refine(property.Items)
		}
	}
}

// Declare turns the schema of what a tool accepts into the one that models and
// their hosts are shown: one type in one place, in the forms that every provider
// and every converter takes.
//
// information_needed and value take several types. A list of types becomes anyOf
// without items in the AI SDK's Gemini conversion, which Gemini refuses, and OpenAI
// and Cursor refuse it as it is. anyOf with a type in every branch is taken by
// OpenAI, Anthropic and the Gemini API, but Vertex AI refuses any_of beside a
// description, and LangChain's adapter drops the branches that are no objects, and
// with them the type. So each has one type: information_needed is an object whose
// property slots is a list, open to the members of a JSON Schema, since an object
// without a property is refused by Gemini and one that is declared open cannot be
// made strict for OpenAI; a list, or either as JSON in a string, is accepted too.
// value is a string, which each of them can write whatever the slot's type is; the
// slot's type decides how it is read, and typed values are accepted too.
//
// Bounds are left out: Anthropic's strict tools refuse minimum, maxItems and
// maxLength, and what is out of bounds is refused in words.
func Declare(input *jsonschema.Schema) {
	for name, property := range input.Properties {
		property.Minimum, property.Maximum, property.MaxItems, property.MaxLength = nil, nil, nil, nil
		switch name {
		case "information_needed":
			property.Type, property.Types = "object", nil
			property.Properties = map[string]*jsonschema.Schema{"slots": slotsDeclared()}
		case "metadata":
			property.AdditionalProperties = nil
			property.Properties = map[string]*jsonschema.Schema{"idempotency_key": {Type: "string"}}
		case "value":
			property.Type, property.Types = "string", nil
		case "previous_messages":
			delete(property.Items.Properties, "timestamp")
			property.Items.Properties["role"].Enum = []any{"user", "assistant"}
			property.Items.AdditionalProperties = nil
		case "answers", "known":
			property.Items.AdditionalProperties = nil
			Declare(property.Items)
		}
	}
}

// slotsDeclared describes an entry of the short list by what matters most; its
// other members are accepted too (docs/asking.md).
func slotsDeclared() *jsonschema.Schema {
	text := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }
	kind := text()
	kind.Description = "As in JSON Schema, or date, time, email, choices, list."
	return &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{
		Type:          "object",
		PropertyOrder: []string{"key", "title", "type", "options", "required"},
		Properties: map[string]*jsonschema.Schema{
			"key": text(), "title": text(), "type": kind,
			"options":  {Type: "array", Items: text()},
			"required": {Type: "boolean"},
		},
	}}
}
