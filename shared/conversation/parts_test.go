package conversation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
)

// delivery nests what is wanted as schemas do.
const delivery = `{"type":"object","required":["name","address"],"properties":{
	"name":{"type":"string"},
	"address":{"type":"object","required":["street","city"],"properties":{"street":{"type":"string"},"city":{"type":"string"}}},
	"parcels":{"type":"array","maxItems":3,"items":{"type":"object","properties":{"kg":{"type":"number"}}}},
	"extras":{"type":"array","items":{"oneOf":[{"const":"gift","title":"Gift wrap"},{"const":"sms","title":"Text message"}]}}}}`

// A client knows its own schema before it knows the slots, which are flat.
func TestAValueMayBeNestedAsTheSchemaIs(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	want := `{"name":"Ann","address":{"street":"A 1","city":"Rome"},"parcels":[{"kg":2},{"kg":3.5}],"extras":["gift","sms"]}`
	for name, known := range map[string]string{
		"as objects":                 `[{"slot":"name","value":"Ann"},{"slot":"address","value":{"street":"A 1","city":"Rome"}},{"slot":"parcels","value":[{"kg":2},{"kg":3.5}]},{"slot":"extras","value":["Gift wrap","Text message"]}]`,
		"as JSON in strings":         `[{"slot":"name","value":"Ann"},{"slot":"address","value":"{\"street\":\"A 1\",\"city\":\"Rome\"}"},{"slot":"parcels","value":"[{\"kg\":2},{\"kg\":3.5}]"},{"slot":"extras","value":"[\"Text message\",\"gift\"]"}]`,
		"by name, with empty places": `[{"slot":"Name","value":"Ann"},{"slot":"Address","value":{"Street":"A 1","city":"Rome"}},{"slot":"parcels","value":[{"kg":2},{"kg":3.5}]},{"slot":"extras","value":[{"value":"gift"},{"value":"sms"}]}]`,
	} {
		in := conversation.AskInput{Context: "Send parcels", InformationNeeded: json.RawMessage(delivery)}
		require.NoError(t, json.Unmarshal([]byte(known), &in.Known))
		turn, err := s.Ask(t.Context(), in)
		require.NoError(t, err, name)
		assert.True(t, turn.Metadata.Complete, "%s: %s", name, asJSON(t, turn))
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
		require.NoError(t, err, name)
		assert.JSONEq(t, want, asJSON(t, report.Values), name)

		in.Known = nil
		turn, err = s.Ask(t.Context(), in)
		require.NoError(t, err, name)
		follow := conversation.FollowUpInput{ConversationID: turn.ConversationID}
		require.NoError(t, json.Unmarshal([]byte(known), &follow.Answers))
		_, err = s.FollowUp(t.Context(), follow)
		require.NoError(t, err, name)
		report, err = s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
		require.NoError(t, err, name)
		assert.JSONEq(t, want, asJSON(t, report.Values), "as answers, %s", name)
	}
}

func TestAPartThatNoSlotHasIsNamed(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Send parcels", InformationNeeded: json.RawMessage(delivery)})
	require.NoError(t, err)
	for value, says := range map[string]string{
		`{"planet":"Mars"}`: `answers[1].slot: there is no slot "address.planet"`,
		`[{"city":"Rome"}]`: `answers[1].slot: there is no slot "address"`,
	} {
		in := conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Slot: "name", Value: "Ann"}, {Slot: "address"}}}
		require.NoError(t, json.Unmarshal([]byte(value), &in.Answers[1].Value))
		_, err := s.FollowUp(t.Context(), in)
		refused(t, err, says, value)
	}
	_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Slot: "name", Value: map[string]any{"first": "Ann"}}}})
	refused(t, err, `answers[0].value: {"first":"Ann"} is not accepted`, "an object for a text")
}

// Models number what they put, whatever the slots are called.
func TestAnOpenQuestionIsNamedByItsNumberInAnySpelling(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for _, name := range []string{"Q2", "q2", "question_2", "Question 2", "2.", "#2", "answer_2"} {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", InformationNeeded: json.RawMessage(`["name","city"]`)})
		require.NoError(t, err)
		_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Slot: name, Value: "Rome"}}})
		require.NoError(t, err, name)
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
		require.NoError(t, err)
		assert.Equal(t, map[string]any{turn.Questions[1].Slot: "Rome"}, report.Values, name)
	}
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", InformationNeeded: json.RawMessage(`[{"key":"q2"},{"key":"q1"}]`)})
	require.NoError(t, err)
	_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Slot: "q2", Value: "Rome"}}})
	require.NoError(t, err)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"q2": "Rome"}, report.Values, "a slot's own key wins")
}
