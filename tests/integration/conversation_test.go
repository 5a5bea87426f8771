package integration

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/functions/ask"
	followup "github.com/sequential-questioning/sequential-questioning/functions/follow-up"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestAConversationGathersWhatIsNeeded(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn := openTrip(t, s)
	assert.Len(t, turn.Questions, 3)
	assert.Equal(t, 1, turn.CurrentQuestionNumber)
	assert.Equal(t, 5, turn.TotalQuestionsEstimated)
	assert.True(t, turn.NextBatchNeeded)

	turn = answerAll(t, s, turn)
	assert.Len(t, turn.Questions, 2)
	assert.Equal(t, 4, turn.CurrentQuestionNumber)
	assert.False(t, turn.NextBatchNeeded, "this batch is the last")
	assert.False(t, turn.Metadata.Complete)

	turn = answerAll(t, s, turn)
	assert.True(t, turn.Metadata.Complete)
	assert.Equal(t, "all_settled", turn.Metadata.StopReason)
	assert.Empty(t, turn.Questions)

	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, tripValues, report.Values)
	assert.True(t, report.Valid, report.Problems)
	assert.Empty(t, report.OpenPoints)
	for slot := range tripValues {
		require.Len(t, report.Citations[slot], 1, slot)
		assert.NotZero(t, report.Citations[slot][0].QuestionNumber)
		assert.NotEmpty(t, report.Citations[slot][0].QuestionText)
	}
}

func TestAReplyInThePersonsOwnWordsIsRead(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	needed := json.RawMessage(`[{"key": "guests", "type": "integer"}, {"key": "vegetarian", "type": "boolean"}, {"key": "colour", "options": ["red", "green"]}]`)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: needed, BatchSize: 3})
	require.NoError(t, err)
	bySlot := map[string]int{}
	for _, q := range turn.Questions {
		bySlot[q.Slot] = q.QuestionNumber
	}
	answers := map[string]string{"guests": "about a dozen", "vegetarian": "yes, please", "colour": "gren"}
	var reply string
	for n := 1; n <= 3; n++ {
		for slot, number := range bySlot {
			if number == n {
				reply += string(rune('0'+n)) + ". " + answers[slot] + "\n"
			}
		}
	}
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(reply)})
	require.NoError(t, err)
	assert.True(t, turn.Metadata.Complete)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"guests": 12.0, "vegetarian": true, "colour": "green"}, report.Values)
	assert.Equal(t, "about a dozen", report.Citations["guests"][0].Words)
}

func TestWhatCannotBeReadIsKeptAndAskedAgainOnce(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: json.RawMessage(`[{"key": "guests", "type": "integer"}]`)})
	require.NoError(t, err)
	reply := func(text string) {
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(text)})
		require.NoError(t, err)
	}
	reply("quite a few")
	require.Len(t, turn.Questions, 1)
	assert.Equal(t, questioning.Clarify, turn.Questions[0].Metadata.Purpose)
	assert.Contains(t, turn.Questions[0].Metadata.Expected, "whole number")
	reply("as many as fit")
	assert.True(t, turn.Metadata.Complete, "not a third time")
	assert.Equal(t, 2, count(t, url, `SELECT count(*) FROM answers WHERE words IN ('quite a few', 'as many as fit')`))
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.False(t, report.Valid)
	require.Len(t, report.OpenPoints, 1)
	assert.Contains(t, report.OpenPoints[0].Text, "as many as fit")
}

func TestWhatTheContextSaysIsAssumedAndNotAskedFor(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip\n- Budget: about 500 EUR\nClass: business", InformationNeeded: trip, BatchSize: 10})
	require.NoError(t, err)
	for _, q := range turn.Questions {
		assert.NotContains(t, []string{"budget", "class"}, q.Slot)
	}
	assert.Contains(t, turn.Text(), `Budget 500 (from the context); Class "business" (from the context)`)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		Answers: []conversation.AnswerInput{{Slot: "budget", Value: 800.0}}})
	require.NoError(t, err)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, 800.0, report.Values["budget"])
	assert.Empty(t, report.Contradictions)
}

func TestThePlaybookServesAnyGoal(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.FollowUp(t.Context(), conversation.FollowUpInput{PreviousMessages: user("I want to name our new cat.")})
	require.NoError(t, err, "messages alone open a conversation")
	assert.Equal(t, playbook.Generic, turn.Metadata.Playbook)
	for _, q := range turn.Questions {
		assert.Contains(t, q.QuestionText, "I want to name our new cat")
		assert.NotEmpty(t, q.Metadata.InformationToLookFor)
		assert.NotEmpty(t, q.Metadata.Reason)
	}
	for round := 0; !turn.Metadata.Complete; round++ {
		require.Less(t, round, 10)
		in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
		for _, q := range turn.Questions {
			in.Answers = append(in.Answers, conversation.AnswerInput{QuestionID: q.QuestionID, Text: "Something about " + q.Slot})
		}
		turn, err = s.FollowUp(t.Context(), in)
		require.NoError(t, err)
	}
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.True(t, report.Valid)
	assert.Contains(t, report.Text(), "Something about audience")
}

func TestTheFourOutcomesStayDistinct(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 4, InformationNeeded: json.RawMessage(`["a", "b", "c", "d"]`)})
	require.NoError(t, err)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		PreviousMessages: user("1. something\n2. I don't know\n3. I'd rather not say\n4. n/a")})
	require.NoError(t, err)
	var states []questioning.Status
	for _, c := range turn.Coverage {
		states = append(states, c.State)
	}
	assert.ElementsMatch(t, []questioning.Status{questioning.StatusAnswered, questioning.StatusUnknown, questioning.StatusDeclined, questioning.StatusNotApplicable}, states)
	assert.True(t, turn.Metadata.Complete)
}

// Some clients send every argument, null for what they do not set.
func TestArgumentsThatAreNullAreLeftOut(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	result, err := ask.Tool(s).Call(t.Context(), json.RawMessage(`{"context": "x", "user_id": null, "session_id": null, "conversation_id": null,
		"previous_messages": null, "metadata": null, "information_needed": null, "batch_size": null, "max_questions": null}`))
	require.NoError(t, err)
	turn := result.StructuredContent.(conversation.Turn)
	result, err = followup.Tool(s).Call(t.Context(), json.RawMessage(`{"conversation_id": "`+turn.ConversationID+`", "user_id": null, "previous_messages": null,
		"answers": [{"question_number": 1, "question_id": null, "slot": null, "value": null, "text": "something", "outcome": null}]}`))
	require.NoError(t, err)
	assert.Equal(t, 1, result.StructuredContent.(conversation.Turn).Metadata.AnswersRecorded)
}

func TestAskGoesOnWithAConversation(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 1, InformationNeeded: json.RawMessage(`["a", "b"]`)})
	require.NoError(t, err)
	next, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", ConversationID: turn.ConversationID, PreviousMessages: user("something")})
	require.NoError(t, err)
	assert.Equal(t, turn.ConversationID, next.ConversationID)
	assert.Equal(t, 2, next.CurrentQuestionNumber)
	assert.Equal(t, 1, next.Metadata.AnswersRecorded)
}

func TestAConversationSurvivesAnotherInstance(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := answerAll(t, s, openTrip(t, s))
	other := serviceOn(t, url, 2)
	again, err := other.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, turn.Questions, again.Questions, "the questions that were waiting still are")
	assert.True(t, answerAll(t, other, again).Metadata.Complete)
}
