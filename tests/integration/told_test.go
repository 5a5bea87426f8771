package integration

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

var partyNeeded = json.RawMessage(`[
	{"key": "guests", "title": "Number of guests", "type": "integer"},
	{"key": "event_date", "title": "Date", "type": "date"},
	{"key": "place", "title": "Place"},
	{"key": "budget", "title": "Budget", "type": "number"},
	{"key": "motto", "title": "Motto"}
]`)

// standing are the states and values of a conversation's slots.
func standing(turn conversation.Turn) map[string]conversation.Coverage {
	all := map[string]conversation.Coverage{}
	for _, c := range turn.Coverage {
		all[c.Slot] = c
	}
	return all
}

func TestWhatTheGoalTellsIsAssumedAndNotAsked(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{
		Context: "20 people on June 5 in Berlin, budget about 400 euros", InformationNeeded: partyNeeded, BatchSize: 5})
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

func TestWhatAReplyTellsUnaskedIsAssumedAndKept(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: partyNeeded, BatchSize: 1})
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
	assert.Equal(t, questioning.StatusContradicted, slots["event_date"].State, "no answer changes without being asked about")
}
