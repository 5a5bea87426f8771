package conversation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestWhatTheClientKnowsIsRecordedAndCited(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, Known: []conversation.Known{
		{Slot: "guests", Value: 20.0, Text: "20 people"},
		{Slot: "eventDate", Value: "2026-06-05", Text: "on June 5"},
		{Slot: "where it is", Value: "Berlin"},
		{Slot: "budget", Value: "a lot", Text: "money is no problem"},
		{Text: "Motto: Space"},
		{Slot: "motto"},
	}})
	require.NoError(t, err)
	assert.Equal(t, 4, turn.Metadata.AnswersRecorded, "one of them unread")
	slots := standing(turn)
	assert.Equal(t, 20.0, slots["guests"].Value)
	assert.Equal(t, questioning.StatusAnswered, slots["guests"].State)
	assert.Equal(t, "2026-06-05", slots["event_date"].Value, "by a name near the slot's")
	assert.Equal(t, questioning.StatusAnswered, slots["motto"].State)
	assert.Equal(t, "where it is: Berlin", turn.Metadata.Unmatched, "what finds no slot is reported")
	require.Len(t, turn.Unread, 1)
	assert.Equal(t, "budget", turn.Unread[0].Slot)
	assert.Equal(t, "money is no problem", turn.Unread[0].Words)
	for _, q := range turn.Questions {
		assert.Equal(t, "place", q.Slot, "nothing else is asked")
	}
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, "20 people", report.Citations["guests"][0].Words)
	assert.Equal(t, 4, count(t, url, `SELECT answers_recorded FROM conversations`))
	turn = answerSlots(t, s, turn.ConversationID, map[string]any{"place": "Berlin", "budget": 400.0})
	assert.True(t, turn.Metadata.Complete)
}

func TestWhatIsKnownCanCompleteAConversationAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: json.RawMessage(`[{"key": "guests", "type": "integer"}]`),
		Known: []conversation.Known{{Slot: "guests", Value: 20.0}}})
	require.NoError(t, err)
	assert.True(t, turn.Metadata.Complete)
	assert.Empty(t, turn.Questions)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.True(t, report.Complete)
	assert.Equal(t, map[string]any{"guests": 20.0}, report.Values)
}

func TestWhatIsKnownCountsWithAnotherPlaybook(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Plan a birthday party"})
	require.NoError(t, err)
	turn, err = s.Ask(t.Context(), conversation.AskInput{Context: "Plan a birthday party", ConversationID: turn.ConversationID, Playbook: "travel",
		Known: []conversation.Known{{Slot: "destination", Value: "Lisbon", Text: "to Lisbon"}}})
	require.NoError(t, err)
	assert.Equal(t, "travel", turn.Metadata.Playbook)
	assert.NotEmpty(t, turn.OpenSlots)
	assert.Equal(t, questioning.StatusAnswered, standing(turn)["destination"].State)
}
