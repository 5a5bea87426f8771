package conversation_test

import (
	"encoding/json"
	"fmt"
	"strings"
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

func TestAnAnswerThatCannotBeTakenNamesItsFieldAndStoresNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: trip})
	require.NoError(t, err)
	id, rows := turn.ConversationID, stored(t, url)
	first := turn.Questions[0]
	other := map[string]string{"destination": "budget"}[first.Slot]
	if other == "" {
		other = "destination"
	}
	const unknown = "01a206b4-8c21-733d-a3c7-f61776e251b8"
	for name, c := range map[string]struct {
		answer conversation.AnswerInput
		says   string
	}{
		"nothing said":           {conversation.AnswerInput{Slot: "class"}, "answers[0]: needs a value or a text"},
		"a value with a refusal": {conversation.AnswerInput{Slot: "class", Value: "first", Outcome: questioning.Declined}, "answers[0].value: goes with the outcome answered only"},
		"words too long":         {conversation.AnswerInput{Slot: "class", Text: strings.Repeat("x", 64<<10+1)}, "answers[0].text: has 65537 bytes"},
		"never asked":            {conversation.AnswerInput{QuestionNumber: 9, Text: "x"}, "answers[0].question_number: question 9 was never asked; open: 1, 2, 3"},
		"another's question":     {conversation.AnswerInput{QuestionID: unknown + ":1", Text: "x"}, "answers[0].question_id: "},
		"no question's id":       {conversation.AnswerInput{QuestionID: id + ":x", Text: "x"}, "answers[0].question_id: "},
		"two questions":          {conversation.AnswerInput{QuestionID: first.QuestionID, QuestionNumber: 2, Text: "x"}, "answers[0].question_id: "},
		"another slot":           {conversation.AnswerInput{QuestionNumber: 1, Slot: other, Text: "x"}, `answers[0].slot: question 1 asks for "` + first.Slot + `"`},
		"no such slot":           {conversation.AnswerInput{Slot: "colour", Text: "x"}, `answers[0].slot: there is no slot "colour"; there are `},
		"no such option":         {conversation.AnswerInput{Slot: "class", Value: "purple"}, `answers[0].value: "purple" is not accepted`},
		"out of bounds":          {conversation.AnswerInput{Slot: "budget", Value: 0.0}, "answers[0].value: 0 is not accepted"},
		"one without a name":     {conversation.AnswerInput{Text: "x"}, "answers[0]: needs a question_number, a question_id or a slot; 1 came without one, and open: 1, 2, 3"},
	} {
		_, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, Answers: []conversation.AnswerInput{c.answer}})
		refused(t, err, c.says, name)
	}
	_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id,
		Answers: []conversation.AnswerInput{{Slot: "class", Value: "first"}, {Slot: "budget", Value: "lots"}}})
	refused(t, err, "answers[1].value: ", "the second of two: the first is not recorded either")
	_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, Answers: []conversation.AnswerInput{{Slot: "class", Value: "first"}, {Text: "x"}}})
	refused(t, err, "answers[1]: needs a question_number", "one of two without a name")
	_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, PreviousMessages: user(strings.Repeat("x", 256<<10+1))})
	refused(t, err, "previous_messages: the person's last messages have 262145 bytes", "a reply too long")
	_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: unknown})
	refused(t, err, "conversation_id: there is no conversation", "nothing to follow")
	assert.Equal(t, rows, stored(t, url))
}

func TestAnErrorNamesSomeOfManySlots(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	var keys []string
	for i := range 30 {
		keys = append(keys, fmt.Sprintf(`"k%d"`, i))
	}
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", InformationNeeded: json.RawMessage("[" + strings.Join(keys, ",") + "]")})
	require.NoError(t, err)
	_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Slot: "x", Text: "x"}}})
	assert.ErrorContains(t, err, "k18, k19, 10 more")
}

func TestAnswersWithoutANameAreThoseToTheOpenQuestions(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 2, InformationNeeded: json.RawMessage(`["first", "second", "third"]`)})
	require.NoError(t, err)
	in := conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Text: "one"}, {Value: "two"}}}
	next, err := s.FollowUp(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, 2, next.Metadata.AnswersRecorded)
	again, err := s.FollowUp(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, next.Questions, again.Questions, "the call repeated is not an answer to what it returned")
	end, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Text: "three"}}})
	require.NoError(t, err)
	assert.True(t, end.Metadata.Complete)
	_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Text: "four"}}})
	refused(t, err, "answers[0]: needs a question_number, a question_id or a slot; 1 came without one, and no question is open", "complete")
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{turn.Questions[0].Slot: "one", turn.Questions[1].Slot: "two", next.Questions[0].Slot: "three"}, report.Values)
}

func TestWhatWasNotAskedYetCanBeAnswered(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn := openTrip(t, s)
	turn = answerSlots(t, s, turn.ConversationID, tripValues)
	assert.Equal(t, 5, turn.Metadata.AnswersRecorded)
	assert.True(t, turn.Metadata.Complete)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, tripValues, report.Values)
	assert.Equal(t, 3, report.QuestionsAsked)
}
