// Package conversationtest has conversations about a trip, by the service, for the tests of
// packages above it. Package storetest has them by the store.
package conversationtest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Defaults are the limits of a service that New or On returns.
var Defaults = conversation.Config{BatchSize: 3, MaxQuestions: 100}

// New returns a service on a new, migrated database, and the database's URL. The test's
// binary needs postgrestest.Main.
func New(t testing.TB) (*conversation.Service, string) {
	t.Helper()
	url := postgrestest.New(t)
	return On(t, url, 8), url
}

// On returns a service on a database, with so many connections at most, closed when the
// test ends.
func On(t testing.TB, url string, connections int32, options ...conversation.Option) *conversation.Service {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: connections})
	require.NoError(t, err)
	s := conversation.New(store.New(pool), Defaults, options...)
	t.Cleanup(s.Close)
	return s
}

// Trip is information wanted, of every common type.
var Trip = json.RawMessage(`{
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

// TripValues answers it.
var TripValues = map[string]any{
	"destination": "Lisbon", "budget": 500.0, "class": "business", "start_date": "2026-12-10", "insurance": true,
}

// OpenTrip opens a conversation about a trip.
func OpenTrip(t testing.TB, s *conversation.Service) conversation.Turn {
	t.Helper()
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: Trip})
	require.NoError(t, err)
	return turn
}

// AnswerAll replies to every question of a batch by number, with TripValues.
func AnswerAll(t testing.TB, s *conversation.Service, turn conversation.Turn) conversation.Turn {
	t.Helper()
	return AnswerAllWith(t, s, turn, TripValues)
}

// AnswerAllWith is AnswerAll with values by slot.
func AnswerAllWith(t testing.TB, s *conversation.Service, turn conversation.Turn, values map[string]any) conversation.Turn {
	t.Helper()
	in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
	for _, q := range turn.Questions {
		in.Answers = append(in.Answers, conversation.AnswerInput{QuestionNumber: q.QuestionNumber, Value: values[q.Slot]})
	}
	next, err := s.FollowUp(t.Context(), in)
	require.NoError(t, err)
	return next
}

// AnswerSlots answers slots of a conversation, whether or not they are asked for.
func AnswerSlots(t testing.TB, s *conversation.Service, id string, values map[string]any) conversation.Turn {
	t.Helper()
	in := conversation.FollowUpInput{ConversationID: id}
	for slot, value := range values {
		in.Answers = append(in.Answers, conversation.AnswerInput{Slot: slot, Value: value})
	}
	turn, err := s.FollowUp(t.Context(), in)
	require.NoError(t, err)
	return turn
}
