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
		reflect.TypeFor[questioning.Outcome](): enum(
			questioning.Answered, questioning.Unknown, questioning.Declined, questioning.NotApplicable),
		reflect.TypeFor[questioning.Purpose](): enum(questioning.Ask, questioning.Clarify, questioning.Confirm),
		reflect.TypeFor[questioning.Status](): enum(
			questioning.StatusMissing, questioning.StatusAssumed, questioning.StatusAnswered, questioning.StatusUnknown,
			questioning.StatusDeclined, questioning.StatusNotApplicable, questioning.StatusContradicted, questioning.StatusUnclear),
	}
}

func enum[T any](values ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	return s
}

// RefineAsk narrows the schema of AskInput.
func RefineAsk(input *jsonschema.Schema) {
	bound(input.Properties["batch_size"], 1, MaxBatchSize)
	bound(input.Properties["max_questions"], 1, 1000)
	refineMessages(input)
}

// RefineFollowUp narrows the schema of FollowUpInput.
func RefineFollowUp(input *jsonschema.Schema) {
	answer := input.Properties["answers"].Items
	answer.Properties["question_number"].Minimum = jsonschema.Ptr(1.0)
	answer.Properties["value"].Types = []string{"string", "number", "boolean", "array"}
	input.Properties["answers"].MaxItems = jsonschema.Ptr(maxAnswers)
	refineMessages(input)
}

// RefineRecall narrows the schema of RecallInput.
func RefineRecall(input *jsonschema.Schema) { bound(input.Properties["limit"], 1, maxRecalled) }

// RefineRevise narrows the schema of ReviseInput.
func RefineRevise(input *jsonschema.Schema) {
	input.Properties["value"].Types = []string{"string", "number", "boolean", "array"}
	input.Properties["answer_number"].Minimum = jsonschema.Ptr(1.0)
	input.Properties["question_number"].Minimum = jsonschema.Ptr(1.0)
}

func refineMessages(input *jsonschema.Schema) {
	messages := input.Properties["previous_messages"]
	messages.MaxItems = jsonschema.Ptr(maxMessages)
	messages.Items.Properties["role"].Enum = []any{"user", "assistant", "system"}
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
// Bounds are left out: Anthropic's strict tools refuse minimum and maxItems, and
// what is out of bounds is refused in words.
func Declare(input *jsonschema.Schema) {
	for name, property := range input.Properties {
		property.Minimum, property.Maximum, property.MaxItems = nil, nil, nil
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
		case "answers":
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

func bound(s *jsonschema.Schema, low, high float64) {
	s.Minimum, s.Maximum = &low, &high
}
