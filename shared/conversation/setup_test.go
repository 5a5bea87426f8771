package conversation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

var defaults = conversation.Config{BatchSize: 3, MaxQuestions: 100}

// newService returns a service on a database of its own.
func newService(t testing.TB) (*conversation.Service, string) {
	url := postgrestest.New(t)
	return serviceOn(t, url, 8), url
}

func serviceOn(t testing.TB, url string, connections int32, options ...conversation.Option) *conversation.Service {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: connections})
	require.NoError(t, err)
	s := conversation.New(store.New(pool), defaults, options...)
	t.Cleanup(s.Close)
	return s
}

// count and stored read the database as its administrator, all principals included.
var count, stored = storetest.Count, storetest.Rows

// trip is information wanted, of every common type.
var trip = json.RawMessage(`{
	"type": "object",
	"required": ["destination", "budget", "class", "start_date", "insurance"],
	"properties": {
		"destination": {"type": "string"},
		"budget": {"type": "number", "minimum": 1, "description": "in EUR"},
		"class": {"enum": ["economy", "business", "first"]},
		"start_date": {"type": "string", "format": "date"},
		"insurance": {"type": "boolean"}
	}
}`)

// tripValues answers it.
var tripValues = map[string]any{
	"destination": "Lisbon", "budget": 500.0, "class": "business", "start_date": "2026-12-10", "insurance": true,
}

func openTrip(t testing.TB, s *conversation.Service) conversation.Turn {
	t.Helper()
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: trip})
	require.NoError(t, err)
	return turn
}

// answerAll replies to every question of a batch by number.
func answerAll(t testing.TB, s *conversation.Service, turn conversation.Turn) conversation.Turn {
	t.Helper()
	return answerAllWith(t, s, turn, tripValues)
}

func answerAllWith(t testing.TB, s *conversation.Service, turn conversation.Turn, values map[string]any) conversation.Turn {
	t.Helper()
	in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
	for _, q := range turn.Questions {
		in.Answers = append(in.Answers, conversation.AnswerInput{QuestionNumber: q.QuestionNumber, Value: values[q.Slot]})
	}
	next, err := s.FollowUp(t.Context(), in)
	require.NoError(t, err)
	return next
}

func user(content string) []conversation.Message {
	return []conversation.Message{{Role: "user", Content: content}}
}

func answerSlots(t *testing.T, s *conversation.Service, id string, values map[string]any) conversation.Turn {
	t.Helper()
	in := conversation.FollowUpInput{ConversationID: id}
	for slot, value := range values {
		in.Answers = append(in.Answers, conversation.AnswerInput{Slot: slot, Value: value})
	}
	turn, err := s.FollowUp(t.Context(), in)
	require.NoError(t, err)
	return turn
}

func asJSON(t *testing.T, v any) string {
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// standing are the states and values of a conversation's slots.
func standing(turn conversation.Turn) map[string]conversation.Coverage {
	all := map[string]conversation.Coverage{}
	for _, c := range turn.Coverage {
		all[c.Slot] = c
	}
	return all
}

var party = json.RawMessage(`[
	{"key": "guests", "title": "Number of guests", "type": "integer"},
	{"key": "event_date", "title": "Date", "type": "date"},
	{"key": "place", "title": "Place"},
	{"key": "budget", "title": "Budget", "type": "number"},
	{"key": "motto", "title": "Motto"}
]`)

// refused requires that a call failed by what it was given: the field comes first.
func refused(t testing.TB, err error, says string, name any) {
	t.Helper()
	var invalid *fault.Invalid
	if assert.ErrorAs(t, err, &invalid, name) {
		assert.Truef(t, strings.HasPrefix(err.Error(), says), "%v: %v", name, err)
	}
}
