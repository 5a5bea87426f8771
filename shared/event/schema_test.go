package event

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
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
	c := Conversation{Principal: "ann@example.org", UserID: "ann", SessionID: "s", ConversationID: conversationID, Form: "travel", Goal: "Book a trip"}
	slot := Slot{Key: "budget", Title: "Budget", Type: questioning.Number}
	answer := Answer{Slot: slot, AnswerNumber: 2, QuestionNumber: 1, QuestionText: "What is the budget?",
		Outcome: questioning.Answered, Value: 500.0, Words: "about 500", Problem: ""}
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	return []Event{
		QuestionAsked{c, slot, 1, "What is the budget?", questioning.Ask, "Required.", 5.5, at},
		AnswerRecorded{c, answer, at},
		AnswerRevised{c, answer, []int{1}, []string{"class"}, at},
		ConversationCompleted{c, "all_settled", 3, 3, at},
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

func TestEveryEventSatisfiesItsDocumentedSchema(t *testing.T) {
	events := one()
	require.Len(t, events, len(Types()))
	nothing := AnswerRevised{Conversation: events[0].(QuestionAsked).Conversation,
		Answer: Answer{Slot: Slot{"a", "A", questioning.Text}, AnswerNumber: 1, Outcome: questioning.Declined}, At: time.Now()}
	for _, e := range append(events, nothing) {
		compiled, err := jsonschema.NewCompiler().Compile(filepath.Join(documented, SchemaFile(e.Type())))
		require.NoError(t, err)
		data, err := json.Marshal(e.bounded())
		require.NoError(t, err)
		var value any
		require.NoError(t, json.Unmarshal(data, &value))
		assert.NoError(t, compiled.Validate(value), e.Type())
	}
}

func TestAnEventIsReadAsItWasWritten(t *testing.T) {
	for _, e := range one() {
		data, err := json.Marshal(e)
		require.NoError(t, err)
		sent := Waiting{ID: uuid.New(), ConversationID: uuid.MustParse(conversationID), Type: e.Type(), Data: data, CreatedAt: time.Now()}.CloudEvent()
		require.NoError(t, sent.Validate())
		assert.Equal(t, Source, sent.Source())
		got, err := Read(sent)
		require.NoError(t, err)
		assert.Equal(t, e, got)
	}
}

func TestWhatIsNoEventOfOursIsRefusedWithItsReason(t *testing.T) {
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

func TestLongTextsAreCutBetweenCharacters(t *testing.T) {
	e := one()[1].(AnswerRecorded)
	e.Goal = strings.Repeat("ä", 2000)
	cut := e.bounded().(AnswerRecorded)
	assert.LessOrEqual(t, len(cut.Goal), maxGoal)
	assert.True(t, json.Valid([]byte(`"`+cut.Goal+`"`)))
	assert.Equal(t, "about 500", cut.Words)
}
