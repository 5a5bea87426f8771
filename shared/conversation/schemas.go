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
		reflect.TypeFor[questioning.State](): enum(
			questioning.StateMissing, questioning.StateAssumed, questioning.StateAnswered, questioning.StateUnknown,
			questioning.StateDeclined, questioning.StateNotApplicable, questioning.StateContradicted, questioning.StateUnclear),
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

func bound(s *jsonschema.Schema, low, high float64) {
	s.Minimum, s.Maximum = &low, &high
}
