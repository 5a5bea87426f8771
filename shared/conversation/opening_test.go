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
	assert.Contains(t, turn.Text(), `Budget 500 (from the context); Class business (from the context)`)
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

func TestAnOpeningThatCannotBeTakenNamesTheFieldAndStoresNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	open := openTrip(t, s)
	rows := stored(t, url)
	for name, c := range map[string]struct {
		in   conversation.AskInput
		says string
	}{
		"no goal":                          {conversation.AskInput{Context: " \n"}, "context: is empty"},
		"a goal too long":                  {conversation.AskInput{Context: strings.Repeat("x", 64<<10+1)}, "context: has 65537 bytes, at most 65536"},
		"too many questions":               {conversation.AskInput{Context: "x", MaxQuestions: 101}, "max_questions: is 101, at most 100"},
		"too much wanted":                  {conversation.AskInput{Context: "x", InformationNeeded: json.RawMessage(`["` + strings.Repeat("x", 256<<10) + `"]`)}, "information_needed: has 262148 bytes"},
		"what nobody understands":          {conversation.AskInput{Context: "x", InformationNeeded: json.RawMessage(`{"budget": "numbr"}`)}, "information_needed.budget: "},
		"a password":                       {conversation.AskInput{Context: "x", InformationNeeded: json.RawMessage(`["host", "password"]`)}, "information_needed[1]: asks for a password"},
		"much metadata":                    {conversation.AskInput{Context: "x", Metadata: map[string]any{"a": strings.Repeat("x", 16<<10)}}, "metadata: has 16392 bytes"},
		"a key that is a number":           {conversation.AskInput{Context: "x", Metadata: map[string]any{"idempotency_key": 5.0}}, "metadata.idempotency_key: must be a string"},
		"an empty key":                     {conversation.AskInput{Context: "x", Metadata: map[string]any{"idempotency_key": ""}}, "metadata.idempotency_key: must be a string"},
		"no conversation":                  {conversation.AskInput{Context: "x", ConversationID: "17"}, `conversation_id: there is no conversation "17"`},
		"other information, later":         {conversation.AskInput{Context: "x", ConversationID: open.ConversationID, InformationNeeded: trip}, "information_needed: is settled"},
		"another limit, later":             {conversation.AskInput{Context: "x", ConversationID: open.ConversationID, MaxQuestions: 5}, "max_questions: is settled"},
		"another language, later":          {conversation.AskInput{Context: "x", ConversationID: open.ConversationID, Language: "de"}, "language: is settled"},
		"a playbook, no such conversation": {conversation.AskInput{Context: "x", ConversationID: "17", Playbook: "travel"}, "conversation_id: there is no"},
	} {
		_, err := s.Ask(t.Context(), c.in)
		refused(t, err, c.says, name)
	}
	for name, in := range map[string]conversation.FollowUpInput{
		"answers to nothing":       {Answers: []conversation.AnswerInput{{QuestionNumber: 1, Text: "x"}}},
		"nothing at all":           {},
		"nothing that anyone said": {PreviousMessages: []conversation.Message{{Role: "assistant", Content: "Hello"}}},
	} {
		_, err := s.FollowUp(t.Context(), in)
		refused(t, err, "conversation_id: is ", name)
	}
	assert.Equal(t, rows, stored(t, url))
}

func TestAnOpeningThatTellsEverythingAsksNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip\nDestination: Lisbon\nClass: first",
		InformationNeeded: json.RawMessage(`["destination", {"key": "class", "options": ["economy", "first"]}]`)})
	require.NoError(t, err)
	assert.True(t, turn.Metadata.Complete)
	assert.Equal(t, "all_settled", turn.Metadata.StopReason)
	assert.Empty(t, turn.Questions)
	assert.NotEmpty(t, turn.CurrentQuestion, "it says that nothing is left to ask")
	assert.Zero(t, turn.CurrentQuestionNumber)
	assert.Contains(t, turn.Text(), "Complete; have the person confirm what is assumed, and read all with sequential_questioning_report")
	assert.Zero(t, count(t, url, `SELECT count(*) FROM questions`))
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"destination": "Lisbon", "class": "first"}, report.Values)
}

func TestNoMoreIsAskedThanTheCallerAllows(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: trip, BatchSize: 2, MaxQuestions: 3})
	require.NoError(t, err)
	require.Len(t, turn.Questions, 2)
	assert.Equal(t, 3, turn.TotalQuestionsEstimated)
	turn = answerAll(t, s, turn)
	require.Len(t, turn.Questions, 1)
	turn = answerAll(t, s, turn)
	assert.False(t, turn.Metadata.Complete, "what is required was not asked for")
	assert.Equal(t, "limit_reached", turn.Metadata.StopReason)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, 3, report.QuestionsAsked)
	assert.False(t, report.Valid)
	assert.Len(t, report.OpenPoints, 2)
}

// A host may show one question at a time and then a whole form.
func TestABatchIsAsLargeAsTheCallerWants(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: trip, BatchSize: 1})
	require.NoError(t, err)
	require.Len(t, turn.Questions, 1)
	more, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", ConversationID: turn.ConversationID, BatchSize: 10})
	require.NoError(t, err)
	assert.Len(t, more.Questions, 5)
	assert.Equal(t, turn.Questions[0].QuestionID, more.Questions[0].QuestionID, "the one that waits comes first")
}

func TestInformationThatIsNullIsNone(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Two weeks of holiday in Italy", InformationNeeded: json.RawMessage(`null`)})
	require.NoError(t, err)
	assert.Equal(t, "travel", turn.Metadata.Playbook)
}

// A question says what would answer it, how much it matters and what is usual.
func TestAQuestionSaysWhatAnswersIt(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", BatchSize: 10, InformationNeeded: json.RawMessage(`[
		{"key": "guests", "type": "integer", "default": 10, "required": true, "look_for": ["how many adults"]},
		{"key": "colour", "options": ["red", "green"], "required": false, "weight": 2},
		{"key": "motto", "required": false, "weight": 0.5, "description": "what it is about"}]`)})
	require.NoError(t, err)
	asked := map[string]conversation.Question{}
	for _, q := range turn.Questions {
		asked[q.Slot] = q
		assert.Equal(t, fmt.Sprint(turn.ConversationID[28:], ":", q.QuestionNumber), q.QuestionID)
		assert.Contains(t, turn.Text(), fmt.Sprintf("%d. %s", q.QuestionNumber, q.QuestionText))
	}
	require.Len(t, asked, 3)
	guests, colour, motto := asked["guests"], asked["colour"], asked["motto"]
	assert.Equal(t, []string{"high", "medium", "low"}, []string{guests.Metadata.Importance, colour.Metadata.Importance, motto.Metadata.Importance})
	assert.Empty(t, guests.Metadata.InformationToLookFor, "of few questions only")
	assert.Equal(t, 10.0, guests.Metadata.Default)
	assert.Len(t, colour.Options, 2)
	assert.Contains(t, turn.Text(), "Usually: 10.")
	turn, err = s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: json.RawMessage(`[{"key": "guests", "look_for": ["how many adults"]}]`)})
	require.NoError(t, err)
	assert.Equal(t, []string{"how many adults"}, turn.Questions[0].Metadata.InformationToLookFor)
}
