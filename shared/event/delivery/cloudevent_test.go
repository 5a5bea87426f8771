package delivery

import (
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnEventOfAnEarlierReleaseIsRead(t *testing.T) {
	e := Entry{ID: uuid.New(), ConversationID: uuid.MustParse(eventtest.ConversationID), Type: event.TypeAnswerRecorded, CreatedAt: time.Now(), Data: []byte(`{
		"principal": "ann@example.org", "user_id": "ann", "session_id": "s", "conversation_id": "` + eventtest.ConversationID + `", "form": "travel",
		"goal": "Book a trip", "slot": {"key": "budget", "title": "Budget", "type": "number"}, "answer_number": 2, "question_number": 1,
		"question_text": "What is the budget?", "outcome": "answered", "value": 500, "words": "about 500", "at": "2026-11-23T10:00:00Z"}`)}
	got, err := Read(e.CloudEvent())
	require.NoError(t, err)
	assert.Equal(t, eventtest.Events()[1], got)
}

func TestAnEventIsReadAsItWasWritten(t *testing.T) {
	for _, e := range eventtest.Events() {
		data, err := event.Encode(e)
		require.NoError(t, err)
		sent := Entry{ID: uuid.New(), ConversationID: uuid.MustParse(eventtest.ConversationID), Type: e.Type(), Data: data, CreatedAt: time.Now()}.CloudEvent()
		require.NoError(t, sent.Validate())
		assert.Equal(t, event.Source, sent.Source())
		got, err := Read(sent)
		require.NoError(t, err)
		assert.Equal(t, e, got)
	}
}

func TestAForeignEventIsRefusedWithItsReason(t *testing.T) {
	good := func() cloudevents.Event {
		e := cloudevents.NewEvent()
		e.SetID("1")
		e.SetSource(event.Source)
		e.SetType(string(event.TypeConversationErased))
		e.SetSubject(eventtest.ConversationID)
		require.NoError(t, e.SetData(cloudevents.ApplicationJSON, eventtest.Events()[4]))
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
