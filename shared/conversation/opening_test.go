package conversation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestWhatTheGoalTellsIsAssumedAndNotAsked(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{
		Context: "20 people on June 5 in Berlin, budget about 400 euros", InformationNeeded: party, BatchSize: 5})
	require.NoError(t, err)
	slots := standing(turn)
	for slot, value := range map[string]any{"guests": 20.0, "place": "Berlin", "budget": 400.0} {
		assert.Equal(t, questioning.StatusAssumed, slots[slot].State, slot)
		assert.Equal(t, value, slots[slot].Value, slot)
	}
	assert.Equal(t, questioning.StatusAssumed, slots["event_date"].State)
	assert.Regexp(t, `-06-05$`, slots["event_date"].Value)
	require.Len(t, turn.Questions, 1)
	assert.Equal(t, "motto", turn.Questions[0].Slot)
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
