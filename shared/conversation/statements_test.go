package conversation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

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
	counted, database := storetest.NewCounted(t)
	s := conversation.New(counted, defaults)
	t.Cleanup(s.Close)
	cost := func(statements, roundTrips int64) storetest.Cost {
		return storetest.Cost{Statements: statements, RoundTrips: roundTrips}
	}
	ctx, turn := t.Context(), must[conversation.Turn](t)
	ask := conversation.AskInput{Context: "Book a trip", UserID: "ada", InformationNeeded: shortTrip}
	byPlaybook := conversation.AskInput{Context: "Something", UserID: "ada", Playbook: "generic"}
	var open, other conversation.Turn
	answer := func(of conversation.Turn, answers ...conversation.AnswerInput) conversation.FollowUpInput {
		return conversation.FollowUpInput{ConversationID: of.ConversationID, UserID: "ada", Answers: answers}
	}
	for _, call := range []struct {
		name string
		cost storetest.Cost
		do   func()
	}{
		{"open", cost(11, 2), func() { open = turn(s.Ask(ctx, ask)) }},
		{"open again", cost(7, 2), func() { turn(s.Ask(ctx, ask)) }},
		{"open by a playbook", cost(11, 2), func() { other = turn(s.Ask(ctx, byPlaybook)) }},
		{"change the playbook", cost(18, 3), func() {
			turn(s.Ask(ctx, conversation.AskInput{Context: "Something", UserID: "ada", ConversationID: other.ConversationID, Playbook: "travel"}))
		}},
		{"wait", cost(6, 1), func() { turn(s.FollowUp(ctx, answer(open))) }},
		{"answer a batch", cost(18, 2), func() {
			turn(s.FollowUp(ctx, answer(open, conversation.AnswerInput{QuestionNumber: 1, Text: "Lisbon"},
				conversation.AnswerInput{QuestionNumber: 2, Value: "2027-05-01"}, conversation.AnswerInput{QuestionNumber: 3, Value: 500.0})))
		}},
		{"answer a question that is settled", cost(15, 3), func() {
			turn(s.FollowUp(ctx, answer(open, conversation.AnswerInput{QuestionNumber: 1, Text: "Porto"})))
		}},
		{"reply in words", cost(15, 2), func() {
			turn(s.FollowUp(ctx, conversation.FollowUpInput{ConversationID: open.ConversationID, UserID: "ada", PreviousMessages: []conversation.Message{{Role: "user", Content: "first"}}}))
		}},
		{"revise", cost(14, 2), func() {
			must[conversation.Revision](t)(s.Revise(ctx, conversation.ReviseInput{ConversationID: open.ConversationID, UserID: "ada", AnswerNumber: 3, Value: 700.0}))
		}},
		{"report", cost(7, 1), func() {
			must[conversation.Report](t)(s.Report(ctx, conversation.ReportInput{ConversationID: open.ConversationID, UserID: "ada"}))
		}},
		{"report with the history", cost(8, 1), func() {
			must[conversation.Report](t)(s.Report(ctx, conversation.ReportInput{ConversationID: open.ConversationID, UserID: "ada", IncludeHistory: true}))
		}},
		{"forget", cost(12, 6), func() {
			must[conversation.Forgotten](t)(s.Forget(ctx, conversation.ForgetInput{Everything: true, UserID: "ada"}))
		}},
		{"forget again", cost(4, 2), func() {
			must[conversation.Forgotten](t)(s.Forget(ctx, conversation.ForgetInput{Everything: true, UserID: "ada"}))
		}},
	} {
		assert.Equal(t, call.cost, database.Of(call.do), call.name)
	}
}
