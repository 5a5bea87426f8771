package integration

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// A slot's type decides what a value is that a model wrote as a string, as it is
// declared, or otherwise than the type has it.
func TestAValueIsReadByTheTypeOfItsSlot(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	following := followup.Tool(s)
	wanted := json.RawMessage(`{"properties": {
		"count": {"type": "integer"}, "share": {"type": "number"}, "sure": {"type": "boolean"}, "day": {"type": "string", "format": "date"},
		"code": {"type": "string"}, "names": {"type": "array", "items": {"type": "string"}}, "extras": {"type": "array", "items": {"enum": ["wifi", "meal"]}},
		"stars": {"enum": [1, 2, 3]}, "class": {"enum": ["a", "b"]}}}`)
	for slot, all := range map[string][]struct{ sent, kept any }{
		"count":  {{"3", 3.0}, {3.0, 3.0}, {"3.0", 3.0}, {[]any{3}, 3.0}},
		"share":  {{"2.5", 2.5}, {2.5, 2.5}},
		"sure":   {{"true", true}, {"false", false}, {true, true}, {"True", true}},
		"day":    {{"2027-05-01", "2027-05-01"}, {`"2027-05-01"`, "2027-05-01"}},
		"code":   {{10115, "10115"}, {"10115", "10115"}, {`["a"]`, `["a"]`}},
		"names":  {{`["Ada","Bo, jr."]`, []any{"Ada", "Bo, jr."}}, {[]any{"Ada"}, []any{"Ada"}}},
		"extras": {{`["wifi","meal"]`, []any{"wifi", "meal"}}, {"wifi", []any{"wifi"}}, {[]any{"meal"}, []any{"meal"}}},
		"stars":  {{"2", 2.0}, {2, 2.0}},
		"class":  {{"a", "a"}, {`"b"`, "b"}, {[]any{"b"}, "b"}},
	} {
		for _, c := range all {
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", InformationNeeded: wanted})
			require.NoError(t, err)
			_, err = callTurn(t, following, map[string]any{"conversation_id": turn.ConversationID, "answers": []any{map[string]any{"slot": slot, "value": c.sent}}})
			if !assert.NoError(t, err, "%s: %v", slot, c.sent) {
				continue
			}
			report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
			require.NoError(t, err)
			assert.EqualValues(t, c.kept, report.Values[slot], "%s: %v", slot, c.sent)
		}
	}
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", InformationNeeded: wanted})
	require.NoError(t, err)
	for slot, sent := range map[string]any{"count": true, "share": "much", "sure": 5, "extras": `["sauna"]`, "stars": "4", "code": true, "class": 1} {
		_, err = callTurn(t, following, map[string]any{"conversation_id": turn.ConversationID, "answers": []any{map[string]any{"slot": slot, "value": sent}}})
		assert.ErrorContains(t, err, "answers[0].value", "%s: %v", slot, sent)
	}
}
