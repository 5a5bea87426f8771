package integration

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
)

func TestARepeatedCallReturnsTheSameAndAddsNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	calls := map[string]conversation.FollowUpInput{
		"answers": {ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{QuestionNumber: 1, Text: "skip"}}},
		"words":   {ConversationID: turn.ConversationID, PreviousMessages: user("I don't know")},
	}
	for name, in := range calls {
		first, err := s.FollowUp(t.Context(), in)
		require.NoError(t, err)
		rows := stored(t, url)
		second, err := s.FollowUp(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, first, second, name)
		assert.Equal(t, rows, stored(t, url), name)
	}
}

func TestALateRepetitionAddsNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	first := conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user("1. skip\n2. skip\n3. skip")}
	_, err := s.FollowUp(t.Context(), first)
	require.NoError(t, err)
	last, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		Answers: []conversation.AnswerInput{{QuestionNumber: 4, Text: "skip"}}})
	require.NoError(t, err)
	answers := count(t, url, `SELECT count(*) FROM answers`)

	late, err := s.FollowUp(t.Context(), first)
	require.NoError(t, err)
	assert.Equal(t, answers, count(t, url, `SELECT count(*) FROM answers`))
	assert.Equal(t, 3, late.Metadata.AnswersRepeated)
	assert.Equal(t, last.Questions, late.Questions)
}

func TestTheSameWordsToTheNextQuestionCount(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 1,
		InformationNeeded: []byte(`[{"key":"a","type":"boolean"},{"key":"b","type":"boolean"},{"key":"c","type":"boolean"}]`)})
	require.NoError(t, err)
	for i, words := range []string{"yes", "no", "yes"} {
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(words)})
		require.NoError(t, err)
		assert.Equal(t, 1, turn.Metadata.AnswersRecorded, i)
	}
	assert.True(t, turn.Metadata.Complete)
}

// Half of fifty concurrent calls on one conversation are duplicates.
func TestConcurrentFollowUpsStoreEveryAnswerOnce(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	var slots string
	const distinct = 25
	for i := range distinct {
		slots += fmt.Sprintf(`{"key":"s%d","type":"integer"},`, i)
	}
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 10, InformationNeeded: []byte("[" + slots[:len(slots)-1] + "]")})
	require.NoError(t, err)

	var group sync.WaitGroup
	failed := make(chan error, 2*distinct)
	for i := range 2 * distinct {
		group.Go(func() {
			_, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
				Answers: []conversation.AnswerInput{{Slot: fmt.Sprintf("s%d", i%distinct), Value: float64(i % distinct)}}})
			failed <- err
		})
	}
	group.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	assert.Equal(t, distinct, count(t, url, `SELECT count(*) FROM answers`))
	assert.Equal(t, distinct, count(t, url, `SELECT max(number) FROM answers`), "numbering has no gaps")
	assert.Equal(t, count(t, url, `SELECT count(*) FROM questions`), count(t, url, `SELECT coalesce(max(number), 0) FROM questions`))
	assert.Equal(t, distinct+1, count(t, url, `SELECT revision FROM conversations`), "one revision for each that changed something")
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.True(t, report.Valid)
	for i := range distinct {
		assert.Equal(t, float64(i), report.Values[fmt.Sprintf("s%d", i)])
	}
}

func TestOpeningTwiceWithOneKeyOpensOneConversation(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	in := conversation.AskInput{Context: "x", Metadata: map[string]any{"idempotency_key": "k1"}}
	var group sync.WaitGroup
	turns := make([]conversation.Turn, 8)
	for i := range turns {
		group.Go(func() {
			turn, err := s.Ask(t.Context(), in)
			assert.NoError(t, err)
			turns[i] = turn
		})
	}
	group.Wait()
	for _, turn := range turns {
		assert.Equal(t, turns[0], turn)
	}
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM conversations`))

	in.Context = "y"
	_, err := s.Ask(t.Context(), in)
	assert.ErrorContains(t, err, "metadata.idempotency_key")
}

func TestAUsersRepeatedOpeningJoinsUntilSomethingIsAnswered(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	in := conversation.AskInput{Context: "x", UserID: "ada", InformationNeeded: trip}
	first, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	again, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	answerAll(t, s, first)
	fresh, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	assert.NotEqual(t, first.ConversationID, fresh.ConversationID)

	in.UserID = ""
	one, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	other, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	assert.NotEqual(t, one.ConversationID, other.ConversationID, "two callers who cannot be told apart never share")
}
