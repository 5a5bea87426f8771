package conversation_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// atOnce makes calls at the same time and waits for all.
func atOnce(calls ...func()) {
	var group sync.WaitGroup
	for _, call := range calls {
		group.Go(call)
	}
	group.Wait()
}

func TestTheSameReplyManyTimesAtOnceCountsOnce(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 1,
		InformationNeeded: []byte(`[{"key":"a","type":"boolean"},{"key":"b","type":"boolean"}]`)})
	require.NoError(t, err)
	results := make([]string, 8)
	var calls []func()
	for i := range results {
		calls = append(calls, func() {
			next, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user("yes")})
			assert.NoError(t, err)
			next.Next = "" // it says which of them are repetitions
			results[i] = asJSON(t, next)
		})
	}
	atOnce(calls...)
	for _, result := range results {
		assert.Equal(t, results[0], result)
	}
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM answers`))
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM messages`))
}

func TestAnswersAndRevisionsAtOnceAreAllInTheHistory(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	id := openTrip(t, s).ConversationID
	answerSlots(t, s, id, map[string]any{"budget": 100.0})
	var calls []func()
	for i := range 8 {
		calls = append(calls, func() {
			revised, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "budget", Value: float64(200 + i)})
			assert.NoError(t, err)
			assert.True(t, revised.Changed)
		})
	}
	for slot, value := range tripValues {
		if slot != "budget" {
			calls = append(calls, func() { answerSlots(t, s, id, map[string]any{slot: value}) })
		}
	}
	atOnce(calls...)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id, IncludeHistory: true})
	require.NoError(t, err)
	assert.True(t, report.Complete)
	assert.True(t, report.Valid)
	assert.Empty(t, report.Contradictions)
	require.Len(t, report.History, 1+8+4)
	holding := 0
	for i, past := range report.History {
		assert.Equal(t, i+1, past.AnswerNumber, "numbering has no gaps")
		if past.Slot == "budget" && past.Holds {
			holding++
			assert.Equal(t, report.Values["budget"], past.Value)
		}
	}
	assert.Equal(t, 1, holding, "one of the revisions is the last")
	assert.Equal(t, 1+1+8+4, count(t, url, `SELECT revision FROM conversations`), "one revision for each that changed something")
}

func TestOfPlaybooksChangedAtOnceOneServes(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Two weeks of holiday in Italy", Playbook: "event-planning"})
	require.NoError(t, err)
	var calls []func()
	for _, name := range []string{"travel", playbook.Generic, "travel", playbook.Generic, "bug-report"} {
		calls = append(calls, func() {
			changed, err := s.Ask(t.Context(), conversation.AskInput{Context: "Holiday", ConversationID: turn.ConversationID, Playbook: name})
			assert.NoError(t, err)
			assert.Equal(t, name, changed.Metadata.Playbook)
		})
	}
	atOnce(calls...)
	waiting, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, url))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var serves string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT playbook FROM conversations WHERE id = $1`, turn.ConversationID).Scan(&serves))
	fresh, err := s.Ask(t.Context(), conversation.AskInput{Context: "Two weeks of holiday in Italy", Playbook: serves})
	require.NoError(t, err)
	slots := func(id string) (keys []string) {
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
		require.NoError(t, err)
		for _, c := range report.Coverage {
			keys = append(keys, c.Slot)
		}
		return keys
	}
	assert.Equal(t, slots(fresh.ConversationID), slots(turn.ConversationID), "nothing of another playbook is left")
	assert.Equal(t, len(waiting.Questions), count(t, url, `SELECT count(*) FROM questions WHERE open AND conversation_id = $1`, turn.ConversationID))
}

func TestAnAnswerWhileItsConversationIsForgottenLeavesNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	for range 3 {
		id := openTrip(t, s).ConversationID
		calls := []func(){func() {
			_, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: id})
			assert.NoError(t, err)
		}}
		for i := range 4 {
			calls = append(calls, func() {
				_, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id,
					Answers: []conversation.AnswerInput{{Slot: "destination", Text: fmt.Sprint("city ", i)}}})
				var invalid *fault.Invalid
				if err != nil && assert.ErrorAs(t, err, &invalid) {
					assert.Equal(t, "conversation_id", invalid.Field, "it is not there any more")
				}
			})
		}
		atOnce(calls...)
	}
	assert.Zero(t, stored(t, url))
}
