package conversation_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
)

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
		assert.Equal(t, name == "words", strings.HasPrefix(second.Next, "This call repeats the one before"), "words without a number may be meant for the next question")
		second.Next = first.Next
		assert.Equal(t, asJSON(t, first), asJSON(t, second), name)
		assert.Equal(t, rows, stored(t, url), name)
	}
}

func TestARepetitionThatMayBeMeantSaysHowToInsist(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 1,
		InformationNeeded: []byte(`[{"key":"a","type":"boolean"},{"key":"b","type":"boolean"}]`)})
	require.NoError(t, err)
	in := conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user("yes")}
	turn, err = s.FollowUp(t.Context(), in)
	require.NoError(t, err)
	assert.NotContains(t, turn.Text(), "repeats")
	turn, err = s.FollowUp(t.Context(), in)
	require.NoError(t, err)
	assert.Contains(t, turn.Text(), `{"question_number": 2, "text": …}`)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		Answers: []conversation.AnswerInput{{QuestionNumber: 2, Text: "yes"}}})
	require.NoError(t, err)
	assert.True(t, turn.Metadata.Complete)
}

func TestALateRepetitionReturnsTheSameAndAddsNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	late := conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user("1. skip\n2. skip\n3. skip")}
	first, err := s.FollowUp(t.Context(), late)
	require.NoError(t, err)
	_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		Answers: []conversation.AnswerInput{{QuestionNumber: 4, Text: "skip"}}})
	require.NoError(t, err)
	rows := stored(t, url)
	again, err := s.FollowUp(t.Context(), late)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Equal(t, rows, stored(t, url))
}

// The same was said before by number and value, and other questions are open.
func TestALateReplyIsNotTakenForAnAnswerToWhatIsOpenNow(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	said := map[string]string{"destination": "Lisbon", "budget": "500 EUR", "start_date": "10 December 2026", "class": "business", "insurance": "yes"}
	var reply strings.Builder
	for _, q := range turn.Questions {
		fmt.Fprintf(&reply, "%d. %s\n", q.QuestionNumber, said[q.Slot])
	}
	next := answerAll(t, s, turn)
	late, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(reply.String())})
	require.NoError(t, err)
	assert.Equal(t, 3, late.Metadata.AnswersRepeated)
	assert.Equal(t, next.Questions, late.Questions)
	assert.Equal(t, 3, count(t, url, `SELECT count(*) FROM answers`))
}

// A conversation keeps the results of its last calls only; what was answered
// it keeps for good.
func TestAnAnswerRepeatedMuchLaterAddsNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf(`"k%d"`, i))
	}
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 1, InformationNeeded: []byte("[" + strings.Join(names, ",") + "]")})
	require.NoError(t, err)
	reply := func(number int) conversation.Turn {
		turn, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
			Answers: []conversation.AnswerInput{{QuestionNumber: number, Text: fmt.Sprint("answer ", number)}}})
		require.NoError(t, err)
		return turn
	}
	for n := 1; n <= 29; n++ {
		reply(n)
	}
	assert.LessOrEqual(t, count(t, url, `SELECT count(*) FROM results`), 16)
	late := reply(1)
	assert.Equal(t, 1, late.Metadata.AnswersRepeated)
	assert.Zero(t, late.Metadata.AnswersRecorded)
	assert.Equal(t, 30, late.CurrentQuestionNumber)
	assert.Equal(t, 29, count(t, url, `SELECT count(*) FROM answers`))
}

// An opening that is repeated much later is no other call: it is told where to go on.
func TestAnOpeningRepeatedMuchLaterNamesItsConversation(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	in := conversation.AskInput{Context: "x", InformationNeeded: trip, Metadata: map[string]any{"idempotency_key": "k1"}}
	turn, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	answerSlots(t, s, turn.ConversationID, map[string]any{"budget": 100.0})
	for n := range 20 {
		_, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: turn.ConversationID, Slot: "budget", Value: float64(200 + n)})
		require.NoError(t, err)
	}
	_, err = s.Ask(t.Context(), in)
	refused(t, err, "metadata.idempotency_key: opened conversation "+turn.ConversationID+", whose first result is no longer kept", "the same call")
	assert.ErrorContains(t, err, "sequential_questioning_follow_up")
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM conversations`))

	in.Context = "y"
	_, err = s.Ask(t.Context(), in)
	refused(t, err, "metadata.idempotency_key: was used for another call", "another call")
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

func TestALateReplyGoesToTheQuestionThatItsMessagePut(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A trip", BatchSize: 1, InformationNeeded: json.RawMessage(`[{"key": "leave", "type": "date"}, {"key": "return", "type": "date"}]`)})
	require.NoError(t, err)
	first := turn.CurrentQuestion
	reply := func(asked, text string) {
		t.Helper()
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
			PreviousMessages: []conversation.Message{{Role: "assistant", Content: asked}, {Role: "user", Content: text}}})
		require.NoError(t, err)
	}
	reply(first, "1. 2031-05-09")
	second := turn.CurrentQuestion
	require.NotEqual(t, first, second)
	reply("Sure. "+first, "1. 2032-12-27") // another client's, which had the first question
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Len(t, report.Contradictions, 1, "both are said of the first question")
	assert.Len(t, report.Values, 1, "nothing is said of the second one")
}

func TestAPersonMayNumberTheirAnswersAnew(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A trip", BatchSize: 1, InformationNeeded: json.RawMessage(`[{"key": "leave", "type": "date"}, {"key": "return", "type": "date"}]`)})
	require.NoError(t, err)
	for _, text := range []string{"1. 2031-05-09", "1. 2032-12-27"} {
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
			PreviousMessages: []conversation.Message{{Role: "assistant", Content: turn.CurrentQuestion}, {Role: "user", Content: text}}})
		require.NoError(t, err)
	}
	assert.True(t, turn.Metadata.Complete)
}

func TestALateReplyToManyQuestionsAnswersTheOpenOnes(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A trip", BatchSize: 2, InformationNeeded: json.RawMessage(`["a", "b", "c", "d"]`)})
	require.NoError(t, err)
	for _, text := range []string{"1. north\n2. south", "3. east", "3. over there\n4. west"} {
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(text)})
		require.NoError(t, err)
	}
	assert.Equal(t, 2, turn.Metadata.AnswersRecorded)
	assert.Empty(t, turn.Metadata.Unmatched)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Len(t, report.Values, 4)
	assert.Len(t, report.Contradictions, 1, "the third question was answered twice")
}
