package conversation_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// Ten million conversations have to fit on a disk. Results that are kept for repeated
// calls may take a quarter of a conversation's storage, and none once it rests.
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
	tables := []string{"sessions", "conversations", "slots", "questions", "answers", "messages", "results"}
	for _, table := range tables { // its snapshots would keep deleted rows alive
		storetest.Exec(t, url, `ALTER TABLE `+table+` SET (autovacuum_enabled = off)`)
	}
	size := func() (all int) {
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
	withFew := size()
	for i := few; i < many; i++ {
		open(i)
	}
	fresh := (size() - withFew) / (many - few)
	storetest.Exec(t, url, `UPDATE results SET at = now() - interval '80 hours'`)
	for range 3 {
		swept, err := s.SweepResults(t.Context(), store.KeptFor, many)
		require.NoError(t, err)
		assert.Equal(t, many, swept, "in batches")
	}
	withMany := size()
	erased, err := s.Erase(t.Context(), "", "", time.Now())
	require.NoError(t, err)
	require.Len(t, erased.Conversations, many)
	atRest := (withMany - size()) / many
	t.Logf("a conversation: %d bytes, at rest %d", fresh, atRest)
	assert.Less(t, fresh, 4800)
	assert.Less(t, atRest, 3800)
	assert.Less(t, fresh-atRest, fresh/4)
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
