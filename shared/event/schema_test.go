package event

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

const documented = "../../docs/events"

const conversationID = "019307a4-1111-7000-8000-000000000001"

// one of each type, with everything set.
func one() []Event {
	c := Conversation{Principal: "ann@example.org", ConversationID: conversationID, SchemaKey: "travel"}
	slot := Slot{Key: "budget"}
	answer := Answer{Slot: slot, AnswerNumber: 2, Outcome: questioning.Answered}
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	return []Event{
		QuestionAsked{c, slot, 1, questioning.Ask, at},
		AnswerRecorded{c, answer, at},
		AnswerRevised{c, answer, []int{1}, []string{"class"}, at},
		ConversationCompleted{c, "all_settled", at},
		ConversationErased{c.Principal, conversationID, at},
	}
}

// UPDATE_SNAPSHOTS=1 writes the files instead.
func TestSnapshotOfTheSchemas(t *testing.T) {
	for _, kind := range Types() {
		got, err := Schema(kind)
		require.NoError(t, err)
		path := filepath.Join(documented, SchemaFile(kind))
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
func conforms(t *testing.T, e Event, schema string) {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(schema)
	require.NoError(t, err)
	data, err := encode(e)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(data, &value))
	assert.NoError(t, compiled.Validate(value), e.Type())
}

func TestEveryEventSatisfiesItsDocumentedSchema(t *testing.T) {
	events := one()
	require.Len(t, events, len(Types()))
	nothing := AnswerRevised{Conversation: events[0].(QuestionAsked).Conversation,
		Answer: Answer{Slot: Slot{"a"}, AnswerNumber: 1, Outcome: questioning.Declined}, Supersedes: []int{}, Reopened: []string{}, At: time.Now()}
	for _, e := range append(events, nothing) {
		conforms(t, e, filepath.Join(documented, SchemaFile(e.Type())))
	}
}

// The schemas in testdata are those of the release whose events carried texts.
func TestAConsumerOfAnEarlierReleaseAcceptsAnEvent(t *testing.T) {
	for _, e := range one() {
		conforms(t, e, filepath.Join("testdata", "earlier", SchemaFile(e.Type())))
	}
}

func TestAnEventOfAnEarlierReleaseIsRead(t *testing.T) {
	e := Entry{ID: uuid.New(), ConversationID: uuid.MustParse(conversationID), Type: TypeAnswerRecorded, CreatedAt: time.Now(), Data: []byte(`{
		"principal": "ann@example.org", "user_id": "ann", "session_id": "s", "conversation_id": "` + conversationID + `", "form": "travel",
		"goal": "Book a trip", "slot": {"key": "budget", "title": "Budget", "type": "number"}, "answer_number": 2, "question_number": 1,
		"question_text": "What is the budget?", "outcome": "answered", "value": 500, "words": "about 500", "at": "2026-11-23T10:00:00Z"}`)}
	got, err := Read(e.CloudEvent())
	require.NoError(t, err)
	assert.Equal(t, one()[1], got)
}

func TestAnEventIsReadAsItWasWritten(t *testing.T) {
	for _, e := range one() {
		data, err := encode(e)
		require.NoError(t, err)
		sent := Entry{ID: uuid.New(), ConversationID: uuid.MustParse(conversationID), Type: e.Type(), Data: data, CreatedAt: time.Now()}.CloudEvent()
		require.NoError(t, sent.Validate())
		assert.Equal(t, Source, sent.Source())
		got, err := Read(sent)
		require.NoError(t, err)
		assert.Equal(t, e, got)
	}
}

func TestAForeignEventIsRefusedWithItsReason(t *testing.T) {
	good := func() cloudevents.Event {
		e := cloudevents.NewEvent()
		e.SetID("1")
		e.SetSource(Source)
		e.SetType(string(TypeConversationErased))
		e.SetSubject(conversationID)
		require.NoError(t, e.SetData(cloudevents.ApplicationJSON, one()[4]))
		return e
	}
	_, err := Read(good())
	require.NoError(t, err)
	for reason, change := range map[string]func(*cloudevents.Event){
		"the type of the event is not known": func(e *cloudevents.Event) { e.SetType("dev.knative.sources.ping") },
		"source is":                          func(e *cloudevents.Event) { e.SetSource("/elsewhere") },
		"subject is":                         func(e *cloudevents.Event) { e.SetSubject("other") },
		"not JSON":                           func(e *cloudevents.Event) { e.DataEncoded = []byte("{") },
		"required":                           func(e *cloudevents.Event) { e.DataEncoded = []byte("{}") },
	} {
		e := good()
		change(&e)
		_, err := Read(e)
		assert.ErrorContains(t, err, reason)
	}
}
