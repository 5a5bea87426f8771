package conversation_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

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

func TestWhatCannotBeReadGoesToTheModelAndIsThenAskedAgainOnce(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: json.RawMessage(`[{"key": "guests", "type": "integer"}]`)})
	require.NoError(t, err)
	reply := func(text string) {
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(text)})
		require.NoError(t, err)
	}
	reply("quite a few")
	assert.Empty(t, turn.Questions, "the client's model reads it first")
	assert.True(t, turn.NextBatchNeeded)
	require.Len(t, turn.Unread, 1)
	assert.Equal(t, "quite a few", turn.Unread[0].Words)
	assert.Equal(t, map[string]any{"type": "integer"}, turn.Unread[0].Schema)
	assert.Contains(t, turn.Text(), `- guests: "quite a few" {"type":"integer"}`)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	require.Len(t, turn.Questions, 1)
	assert.Equal(t, questioning.Clarify, turn.Questions[0].Metadata.Purpose)
	reply("as many as fit")
	assert.Empty(t, turn.Questions, "not a third time")
	assert.False(t, turn.Metadata.Complete, "what nobody could read is not done")
	assert.Equal(t, "required_open", turn.Metadata.StopReason)
	require.Len(t, turn.Unread, 1)
	assert.Equal(t, "as many as fit", turn.Unread[0].Words)
	assert.Equal(t, 2, count(t, url, `SELECT count(*) FROM answers WHERE words IN ('quite a few', 'as many as fit')`))
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.False(t, report.Valid)
	require.Len(t, report.OpenPoints, 1)
	assert.Contains(t, report.OpenPoints[0].Text, "as many as fit")
	assert.False(t, report.Complete)
	turn = answerSlots(t, s, turn.ConversationID, map[string]any{"guests": 60.0})
	assert.True(t, turn.Metadata.Complete, "a later answer counts")
	assert.Empty(t, turn.Unread)
}

func TestWhatAReplyTellsUnaskedIsAssumedAndKept(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, BatchSize: 1})
	require.NoError(t, err)
	require.Equal(t, "event_date", turn.Questions[0].Slot)
	say := func(words string) conversation.Turn {
		turn, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
			PreviousMessages: []conversation.Message{{Role: "user", Content: words}}})
		require.NoError(t, err)
		return turn
	}
	slots := standing(say("On 2026-06-05, and the budget is about 400 euros."))
	assert.Equal(t, questioning.StatusAnswered, slots["event_date"].State)
	assert.Equal(t, questioning.StatusAssumed, slots["budget"].State)
	assert.Equal(t, 400.0, slots["budget"].Value)

	slots = standing(say("Number of guests: 25\nBudget: 500"))
	assert.Equal(t, 500.0, slots["budget"].Value, "what was said last is assumed")

	slots = standing(say("Date: 2026-06-06"))
	assert.Equal(t, questioning.StatusAnswered, slots["event_date"].State)
	assert.Equal(t, "2026-06-06", slots["event_date"].Value, "who names a slot corrects it")
	slots = standing(say("My sister arrives on 2026-06-07 for the date"))
	assert.NotEqual(t, "2026-06-07", slots["event_date"].Value, "no other word changes an answer without being asked about")
}

func TestPlacesInTheBatchAreUnderstood(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn := answerAll(t, s, openTrip(t, s))
	require.Len(t, turn.Questions, 2)
	said := map[string]string{"destination": "Lisbon", "budget": "500 EUR", "start_date": "10 December 2026", "class": "first", "insurance": "no"}
	turn, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		PreviousMessages: user("1. " + said[turn.Questions[0].Slot] + "\n2. " + said[turn.Questions[1].Slot])})
	require.NoError(t, err)
	assert.Equal(t, 2, turn.Metadata.AnswersRecorded)
	assert.True(t, turn.Metadata.Complete)
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

// A second client may show questions that the first is just answering.
func TestANumberedReplyToSettledQuestionsIsNotDropped(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: []byte(`[{"key":"guests","type":"integer"},"name"]`)})
	require.NoError(t, err)
	numbers := map[string]int{}
	for _, q := range turn.Questions {
		numbers[q.Slot] = q.QuestionNumber
	}
	answerSlots(t, s, turn.ConversationID, map[string]any{"guests": 4.0, "name": "Ada"})
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: []conversation.Message{
		{Role: "user", Content: fmt.Sprintf("%d. 7\n%d. Ada", numbers["guests"], numbers["name"])},
	}})
	require.NoError(t, err)
	assert.Empty(t, turn.Metadata.Unmatched)
	assert.Equal(t, 1, turn.Metadata.AnswersRecorded)
	require.Len(t, turn.Questions, 1, "4 and 7 do not fit together, and one question asks which holds")
	assert.Equal(t, "guests", turn.Questions[0].Slot)
}

func TestWordsThatComeAgainUnreadAreAskedAbout(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: json.RawMessage(`[{"key": "guests", "type": "integer"}, {"key": "where"}]`)})
	require.NoError(t, err)
	unread := conversation.AnswerInput{Slot: "guests", Text: "quite a few"}
	for i, answers := range [][]conversation.AnswerInput{{unread}, {unread, {Slot: "where", Text: "Berlin"}}} {
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: answers})
		require.NoError(t, err)
		asked := slices.ContainsFunc(turn.Questions, func(q conversation.Question) bool { return q.Slot == "guests" })
		assert.Equal(t, i > 0, asked)
		assert.Len(t, turn.Unread, 1, "it stays listed")
	}
}
