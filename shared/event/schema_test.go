package event_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

const documented = "../../docs/events"

// UPDATE_SNAPSHOTS=1 writes the files instead.
func TestSnapshotOfTheSchemas(t *testing.T) {
	for _, kind := range event.Types() {
		got, err := event.Schema(kind)
		require.NoError(t, err)
		path := filepath.Join(documented, event.SchemaFile(kind))
		if os.Getenv("UPDATE_SNAPSHOTS") != "" {
			require.NoError(t, os.MkdirAll(documented, 0o755))
			require.NoError(t, os.WriteFile(path, got, 0o644))
			continue
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, "run make generate")
		assert.Equal(t, string(want), string(got), "what consumers rely on has changed: it needs a new version; if that is meant, run make generate")
	}
}

// conforms checks what is published of an event against a schema.
func conforms(t *testing.T, e event.Event, schema string) {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(schema)
	require.NoError(t, err)
	data, err := event.Encode(e)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(data, &value))
	assert.NoError(t, compiled.Validate(value), e.Type())
}

func TestEveryEventSatisfiesItsDocumentedSchema(t *testing.T) {
	events := eventtest.Events()
	require.Len(t, events, len(event.Types()))
	nothing := event.AnswerRevised{Conversation: events[0].(event.QuestionAsked).Conversation,
		Answer: event.Answer{Slot: event.Slot{"a"}, AnswerNumber: 1, Outcome: questioning.Declined}, Supersedes: []int{}, Reopened: []string{}, At: time.Now()}
	for _, e := range append(events, nothing) {
		conforms(t, e, filepath.Join(documented, event.SchemaFile(e.Type())))
	}
}

// The schemas in testdata are those of the release whose events carried texts.
func TestAConsumerOfAnEarlierReleaseAcceptsAnEvent(t *testing.T) {
	for _, e := range eventtest.Events() {
		conforms(t, e, filepath.Join("testdata", "earlier", event.SchemaFile(e.Type())))
	}
}
