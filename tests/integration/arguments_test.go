package integration

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/functions/ask"
	followup "github.com/sequential-questioning/sequential-questioning/functions/follow-up"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// callTurn calls a tool and returns its turn.
func callTurn(t *testing.T, called tool.Tool, arguments map[string]any) (conversation.Turn, error) {
	t.Helper()
	raw, err := json.Marshal(arguments)
	require.NoError(t, err)
	result, err := called.Call(t.Context(), raw)
	if err != nil {
		return conversation.Turn{}, err
	}
	return result.StructuredContent.(conversation.Turn), nil
}

// Answers that name no question belong to the open ones in their order, when they
// are as many; otherwise nobody can know which they are.
func TestAnswersWithoutANameBelongToTheOpenQuestionsInOrder(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	following := followup.Tool(s)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 2, InformationNeeded: json.RawMessage(`["first", "second", "third"]`)})
	require.NoError(t, err)
	require.Len(t, turn.Questions, 2)
	id := turn.ConversationID

	for _, answers := range []any{[]any{"one"}, []any{"one", "two", "three"}, []any{"one", map[string]any{"slot": "second", "value": "two"}}} {
		before := stored(t, url)
		_, err := callTurn(t, following, map[string]any{"conversation_id": id, "answers": answers})
		assert.ErrorContains(t, err, "answers[0]: needs a question_number, a question_id or a slot")
		assert.Equal(t, before, stored(t, url))
	}
	next, err := callTurn(t, following, map[string]any{"conversation_id": id, "answers": []any{"yes", "two"}})
	require.NoError(t, err)
	assert.Equal(t, 2, next.Metadata.AnswersRecorded)
	assert.Equal(t, []string{"answers: taken in the order of the open questions"}, next.Metadata.Warnings)
	require.Len(t, next.Questions, 1)

	again, err := callTurn(t, following, map[string]any{"conversation_id": id, "answers": []any{"yes", "two"}})
	require.NoError(t, err)
	assert.Equal(t, next.Questions, again.Questions, "the call repeated is not an answer to what it returned")

	end, err := callTurn(t, following, map[string]any{"conversation_id": id, "answers": []any{"yes"}})
	require.NoError(t, err)
	assert.True(t, end.Metadata.Complete)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
	require.NoError(t, err)
	first, second := turn.Questions[0].Slot, turn.Questions[1].Slot
	assert.Equal(t, map[string]any{first: "yes", second: "two", next.Questions[0].Slot: "yes"}, report.Values)
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
