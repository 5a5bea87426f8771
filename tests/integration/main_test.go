// Package integration tests conversations against a real PostgreSQL.
package integration

import (
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

func TestMain(m *testing.M) { postgrestest.Main(program.Runner{M: m}, migrations.Up) }

var defaults = conversation.Config{BatchSize: 3, MaxQuestions: 100}

// newService returns a service on a database of its own.
func newService(t testing.TB) (*conversation.Service, string) {
	url := postgrestest.New(t)
	return serviceOn(t, url, 8), url
}

func serviceOn(t testing.TB, url string, connections int32) *conversation.Service {
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: connections})
	require.NoError(t, err)
	s := conversation.New(store.New(pool), defaults)
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
	in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
	for _, q := range turn.Questions {
		in.Answers = append(in.Answers, conversation.AnswerInput{QuestionNumber: q.QuestionNumber, Value: tripValues[q.Slot]})
	}
	next, err := s.FollowUp(t.Context(), in)
	require.NoError(t, err)
	return next
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

// try runs one statement as the superuser but with a principal, in a
// transaction that is undone.
func try(t testing.TB, url, statement string, args ...any) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, url))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), `SELECT set_config('app.principal', 'local', true)`)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), statement, args...)
	return err
}
