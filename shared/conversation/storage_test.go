package conversation_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// Ten million conversations have to fit on a disk. Results that are kept for repeated
// calls may take a kilobyte of a conversation, and nothing once it rests.
func TestAConversationOfTwoAnswersTakesLittleStorage(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	service := conversation.New(s, defaults)
	turn := must[conversation.Turn](t)
	open := func(i int) {
		user := fmt.Sprintf("user-%d", i)
		opened := turn(service.Ask(t.Context(), conversation.AskInput{Context: "Book a trip to the sea for two people in spring", UserID: user, InformationNeeded: shortTrip, BatchSize: 1}))
		for k, text := range []string{"Lisbon", "2027-05-01"} {
			turn(service.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: opened.ConversationID, UserID: user,
				Answers: []conversation.AnswerInput{{QuestionNumber: k + 1, Text: text}}}))
		}
	}
	// Of each conversation beyond the first, so that what every table takes does not count.
	// Events are on their way, and gone when they have arrived.
	rests := []string{"sessions", "conversations", "slots", "questions", "answers", "messages"}
	size := func(tables ...string) (all int) {
		for _, table := range tables {
			storetest.Exec(t, url, `VACUUM FULL `+table)
			all += storetest.Count(t, url, `SELECT pg_total_relation_size($1::regclass)`, table)
		}
		return all
	}
	const few, many = 100, 500
	for i := range few {
		open(i)
	}
	restsOfFew, resultsOfFew := size(rests...), size("results")
	for i := few; i < many; i++ {
		open(i)
	}
	atRest, results := (size(rests...)-restsOfFew)/(many-few), (size("results")-resultsOfFew)/(many-few)
	t.Logf("a conversation: %d bytes at rest, and %d of results", atRest, results)
	assert.Less(t, atRest, 3800)
	assert.Less(t, results, 1200)
	storetest.Exec(t, url, `UPDATE results SET at = now() - interval '80 hours'`)
	for _, want := range []int{many, many, many, 0} {
		swept, err := s.SweepResults(t.Context(), store.KeptFor, many)
		require.NoError(t, err)
		assert.Equal(t, want, swept, "in batches")
	}
}

// A result that was swept is no longer returned. What was said is not said twice for it.
func TestACallRepeatedAfterItsResultWasSweptAddsNothing(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	service := conversation.New(s, defaults)
	ask := conversation.AskInput{Context: "Book a trip", InformationNeeded: trip, Metadata: map[string]any{"idempotency_key": "k1"}}
	open := must[conversation.Turn](t)(service.Ask(t.Context(), ask))
	first := answerAll(t, service, open)
	require.Equal(t, first, answerAll(t, service, open), "kept")

	young, err := s.SweepResults(t.Context(), store.KeptFor, 100)
	require.NoError(t, err)
	assert.Zero(t, young)
	storetest.Exec(t, url, `UPDATE results SET at = now() - interval '80 hours'`)
	storetest.Exec(t, url, `UPDATE conversations SET created_at = now() - interval '80 hours'`)
	swept, err := s.SweepResults(t.Context(), store.KeptFor, 100)
	require.NoError(t, err)
	assert.Equal(t, 2, swept)

	again := answerAll(t, service, open)
	assert.Equal(t, 3, again.Metadata.AnswersRepeated)
	assert.Zero(t, again.Metadata.AnswersRecorded)
	assert.Equal(t, 3, count(t, url, `SELECT count(*) FROM answers`))
	_, err = service.Ask(t.Context(), ask)
	assert.ErrorContains(t, err, open.ConversationID, "an opening names its conversation")
}
