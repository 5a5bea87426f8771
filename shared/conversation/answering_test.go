package conversation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
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

// A slot's type decides what a value is that a model wrote as a string, as it is
// declared, or otherwise than the type has it.
func TestAValueIsReadByTheTypeOfItsSlot(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
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
			_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Slot: slot, Value: asSent(t, c.sent)}}})
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
		_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Slot: slot, Value: asSent(t, sent)}}})
		assert.ErrorContains(t, err, "answers[0].value", "%s: %v", slot, sent)
	}
}

// asSent is a value as it arrives: decoded from JSON.
func asSent(t *testing.T, value any) (sent any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, value)), &sent))
	return sent
}
