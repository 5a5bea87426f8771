package conversation_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

// cost is what a call asks of the database.
type cost struct {
	Statements int64 // BEGIN and COMMIT are among them
	RoundTrips int64 // a batch is one
}

// counter traces a pool.
type counter struct{ statements, trips atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.statements.Add(1)
	c.trips.Add(1)
	return ctx
}

func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.trips.Add(1)
	return ctx
}

func (c *counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {
	c.statements.Add(1)
}

func (c *counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// of counts what a call takes.
func (c *counter) of(call func()) cost {
	statements, trips := c.statements.Load(), c.trips.Load()
	call()
	return cost{c.statements.Load() - statements, c.trips.Load() - trips}
}

// counted returns a service on a database of its own that counts.
func counted(t *testing.T) (*conversation.Service, *counter) {
	c := &counter{}
	config, err := pgxpool.ParseConfig(postgrestest.New(t))
	require.NoError(t, err)
	config.ConnConfig.Tracer = c
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	s := conversation.New(store.New(pool), conversation.Config{BatchSize: 3, MaxQuestions: 100})
	t.Cleanup(s.Close)
	return s, c
}

// must has a call succeed.
func must[T any](t *testing.T) func(T, error) T {
	return func(result T, err error) T {
		t.Helper()
		require.NoError(t, err)
		return result
	}
}

var shortTrip = json.RawMessage(`{"type": "object", "required": ["destination", "budget", "class", "start_date"], "properties": {
	"destination": {"type": "string"}, "budget": {"type": "number", "minimum": 1},
	"class": {"enum": ["economy", "business", "first"]}, "start_date": {"type": "string", "format": "date"}}}`)

// A call's latency on a database that is a network away is its round trips.
func TestAToolAsksNoMoreOfTheDatabaseThan(t *testing.T) {
	s, database := counted(t)
	ctx, turn := t.Context(), must[conversation.Turn](t)
	ask := conversation.AskInput{Context: "Book a trip", UserID: "ada", InformationNeeded: shortTrip}
	byPlaybook := conversation.AskInput{Context: "Something", UserID: "ada", Playbook: "generic"}
	var open, other conversation.Turn
	answer := func(of conversation.Turn, answers ...conversation.AnswerInput) conversation.FollowUpInput {
		return conversation.FollowUpInput{ConversationID: of.ConversationID, UserID: "ada", Answers: answers}
	}
	for _, call := range []struct {
		name string
		cost
		do func()
	}{
		{"open", cost{18, 5}, func() { open = turn(s.Ask(ctx, ask)) }},
		{"open again", cost{7, 4}, func() { turn(s.Ask(ctx, ask)) }},
		{"open by a playbook", cost{24, 5}, func() { other = turn(s.Ask(ctx, byPlaybook)) }},
		{"change the playbook", cost{36, 3}, func() {
			turn(s.Ask(ctx, conversation.AskInput{Context: "Something", UserID: "ada", ConversationID: other.ConversationID, Playbook: "travel"}))
		}},
		{"wait", cost{6, 1}, func() { turn(s.FollowUp(ctx, answer(open))) }},
		{"answer a batch", cost{19, 2}, func() {
			turn(s.FollowUp(ctx, answer(open, conversation.AnswerInput{QuestionNumber: 1, Text: "Lisbon"},
				conversation.AnswerInput{QuestionNumber: 2, Value: "2027-05-01"}, conversation.AnswerInput{QuestionNumber: 3, Value: 500.0})))
		}},
		{"answer a question that is settled", cost{17, 3}, func() {
			turn(s.FollowUp(ctx, answer(open, conversation.AnswerInput{QuestionNumber: 1, Text: "Porto"})))
		}},
		{"reply in words", cost{16, 2}, func() {
			turn(s.FollowUp(ctx, conversation.FollowUpInput{ConversationID: open.ConversationID, UserID: "ada", PreviousMessages: []conversation.Message{{Role: "user", Content: "first"}}}))
		}},
		{"revise", cost{15, 2}, func() {
			must[conversation.Revision](t)(s.Revise(ctx, conversation.ReviseInput{ConversationID: open.ConversationID, UserID: "ada", AnswerNumber: 3, Value: 700.0}))
		}},
		{"report", cost{7, 4}, func() {
			must[conversation.Report](t)(s.Report(ctx, conversation.ReportInput{ConversationID: open.ConversationID, UserID: "ada"}))
		}},
		{"report with the history", cost{8, 5}, func() {
			must[conversation.Report](t)(s.Report(ctx, conversation.ReportInput{ConversationID: open.ConversationID, UserID: "ada", IncludeHistory: true}))
		}},
		{"forget", cost{12, 7}, func() {
			must[conversation.Forgotten](t)(s.Forget(ctx, conversation.ForgetInput{Everything: true, UserID: "ada"}))
		}},
		{"forget again", cost{4, 3}, func() {
			must[conversation.Forgotten](t)(s.Forget(ctx, conversation.ForgetInput{Everything: true, UserID: "ada"}))
		}},
	} {
		assert.Equal(t, call.cost, database.of(call.do), call.name)
	}
}
