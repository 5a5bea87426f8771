package conversation_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// step is what a tool that leads conversations itself records.
func step(id string, call any, answers ...conversation.AnswerInput) conversation.Continuation {
	return conversation.Continuation{FollowUpInput: conversation.FollowUpInput{ConversationID: id, Answers: answers}, Tool: "leading", Call: call}
}

func TestAToolThatLeadsSeesAConversationAsItStands(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Reise nach Lissabon", UserID: "ann", Language: "de", InformationNeeded: trip})
	require.NoError(t, err)
	rows := stored(t, url)
	view, err := s.View(t.Context(), turn.ConversationID, "ann")
	require.NoError(t, err)
	assert.Equal(t, turn.ConversationID, view.ConversationID)
	assert.Equal(t, "Reise nach Lissabon", view.Goal)
	assert.Equal(t, "de", view.Language)
	assert.Equal(t, turn.Metadata.Revision, view.Revision)
	require.Len(t, view.Slots, 5)
	answerSlots(t, s, turn.ConversationID, map[string]any{"class": "first"})
	later, err := s.View(t.Context(), turn.ConversationID, "")
	require.NoError(t, err)
	assert.Equal(t, view.Revision+1, later.Revision)
	assert.Less(t, rows, stored(t, url), "the answer alone was stored")

	_, err = s.View(t.Context(), turn.ConversationID, "bob")
	refused(t, err, "conversation_id: there is no conversation", "another user")
	_, err = s.View(principal.With(t.Context(), "mallory"), turn.ConversationID, "ann")
	refused(t, err, "conversation_id: there is no conversation", "another principal")
}

func TestAStepRepeatedChangesNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	id := openTrip(t, s).ConversationID
	first, err := s.Continue(t.Context(), step(id, "form 1", conversation.AnswerInput{Slot: "class", Value: "first"}))
	require.NoError(t, err)
	assert.Equal(t, 1, first.Metadata.AnswersRecorded)
	rows := stored(t, url)
	again, err := s.Continue(t.Context(), step(id, "form 1", conversation.AnswerInput{Slot: "class", Value: "first"}))
	require.NoError(t, err)
	assert.Equal(t, asJSON(t, first), asJSON(t, again))
	late, err := s.Continue(t.Context(), step(id, "form 1", conversation.AnswerInput{Slot: "class", Value: "economy"}))
	require.NoError(t, err)
	assert.Equal(t, asJSON(t, first), asJSON(t, late), "the call is what identifies a step, whatever comes with it")
	assert.Equal(t, rows, stored(t, url))
}

func TestAStepPutsAsManyQuestionsAsItHasPlaceFor(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	in := step(openTrip(t, s).ConversationID, 1)
	in.BatchSize = 5
	turn, err := s.Continue(t.Context(), in)
	require.NoError(t, err)
	assert.Len(t, turn.Questions, 5)
}

func TestAStepMayChangeThePlaybook(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Two weeks of holiday in Italy", Playbook: "event-planning"})
	require.NoError(t, err)
	in := step(turn.ConversationID, "change")
	in.Playbook, in.BatchSize = "travel", 2
	changed, err := s.Continue(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, "travel", changed.Metadata.Playbook)
	assert.Len(t, changed.Questions, 2)
	again, err := s.Continue(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, changed.Questions, again.Questions)
}

// Results of calls are kept for a while: a step so old that it cannot be told
// from a new one has to be refused by whoever carries it.
func TestHowLongCallsAreKeptCanBeAsked(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	var keys []string
	for i := range 25 {
		keys = append(keys, fmt.Sprint("k", i))
	}
	needed, err := json.Marshal(keys)
	require.NoError(t, err)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", InformationNeeded: needed})
	require.NoError(t, err)
	opened := turn.Metadata.Revision
	kept := func() bool {
		view, err := s.View(t.Context(), turn.ConversationID, "")
		require.NoError(t, err)
		assert.True(t, view.KeepsCallsOf(view.Revision))
		return view.KeepsCallsOf(opened)
	}
	require.True(t, kept())
	for _, key := range keys[:20] {
		answerSlots(t, s, turn.ConversationID, map[string]any{key: "x"})
	}
	assert.False(t, kept())
}
