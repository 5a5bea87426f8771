package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// prefix is what all types have in common.
const prefix = "io.sequential-questioning."

// SchemaURI names the JSON Schema of a type's data.
func SchemaURI(t Type) string {
	return "urn:sequential-questioning:" + strings.TrimPrefix(string(t), prefix)
}

// SchemaFile is the file in docs/events with the schema of a type's data.
func SchemaFile(t Type) string { return strings.TrimPrefix(string(t), prefix) + ".json" }

// Types returns all types of events, sorted.
func Types() []Type { return slices.Sorted(maps.Keys(schemas())) }

// Schema returns the JSON Schema of a type's data, indented.
func Schema(t Type) ([]byte, error) {
	s, ok := schemas()[t]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrUnknownType, t)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s.Schema()); err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return out.Bytes(), nil
}

// Validate checks data against its type's schema.
func Validate(t Type, data []byte) error {
	s, ok := schemas()[t]
	if !ok {
		return fmt.Errorf("%w: %q", ErrUnknownType, t)
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return fmt.Errorf("data is not JSON: %w", err)
	}
	if err := s.Validate(value); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

var derived struct {
	once    sync.Once
	schemas map[Type]*jsonschema.Resolved
}

// schemas derives the schemas from the structs on first use. The initial value of
// derived names no function, so that a program that only queues events links nothing of this.
func schemas() map[Type]*jsonschema.Resolved {
	derived.once.Do(func() { derived.schemas = derive() })
	return derived.schemas
}

// derive panics where a schema cannot be derived: the structs are part of the
// program, so that a failure is a mistake in them.
func derive() map[Type]*jsonschema.Resolved {
	all := map[Type]*jsonschema.Resolved{}
	err := errors.Join(
		describe[QuestionAsked](all, "A question was asked."),
		describe[AnswerRecorded](all, "An answer was recorded."),
		describe[AnswerRevised](all, "An answer replaced earlier ones."),
		describe[ConversationCompleted](all, "A conversation stopped asking; after a revision it may do so again."),
		describe[ConversationErased](all, "A conversation was forgotten; every consumer deletes what it holds of it."),
	)
	if err != nil {
		panic(err)
	}
	return all
}

// describe adds the schema of an event's struct. Lists are arrays and never null,
// which the library cannot know of a slice.
func describe[E Event](all map[Type]*jsonschema.Resolved, text string) error {
	var e E
	s, err := jsonschema.For[E](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[time.Time](): {Type: "string", Format: "date-time"},
		reflect.TypeFor[questioning.Outcome](): enum(
			questioning.Answered, questioning.Unknown, questioning.Declined, questioning.NotApplicable),
		reflect.TypeFor[questioning.Purpose](): enum(questioning.Ask, questioning.Clarify, questioning.Confirm),
	}})
	if err != nil {
		return fmt.Errorf("schema of %s: %w", e.Type(), err)
	}
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.ID, s.Title, s.Description = SchemaURI(e.Type()), string(e.Type()), text
	// Consumers accept properties that they do not know: earlier releases set more,
	// and later ones may.
	s.AdditionalProperties = nil
	if slot := s.Properties["slot"]; slot != nil {
		slot.AdditionalProperties = nil
	}
	for _, list := range []string{"supersedes", "reopened"} {
		if p := s.Properties[list]; p != nil {
			p.Type, p.Types = "array", nil
		}
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		return fmt.Errorf("schema of %s: %w", e.Type(), err)
	}
	all[e.Type()] = resolved
	return nil
}

func enum[T any](values ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	return s
}
