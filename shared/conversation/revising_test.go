package conversation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// insurance hangs two things on one.
var insurance = []byte(`[
	{"key": "insured", "type": "boolean"},
	{"key": "insurer", "when": {"slot": "insured", "equals": true}},
	{"key": "policy", "when": {"slot": "insurer", "equals": "Acme"}},
	{"key": "age", "type": "integer"}
]`)

func openInsurance(t *testing.T, s *conversation.Service) string {
	t.Helper()
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Insure me", InformationNeeded: insurance})
	require.NoError(t, err)
	turn = answerSlots(t, s, turn.ConversationID, map[string]any{"insured": true, "insurer": "Acme", "policy": "A-1", "age": 30.0})
	require.True(t, turn.Metadata.Complete)
	return turn.ConversationID
}

func TestARevisionSupersedesAndKeepsTheHistory(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	id := openInsurance(t, s)
	revised, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "age", Value: 31.0})
	require.NoError(t, err)
	assert.True(t, revised.Changed)
	assert.Equal(t, 31.0, revised.Revised.Value)
	assert.Equal(t, 30.0, revised.Revised.Before.Value)
	assert.Empty(t, revised.Reopened)
	assert.True(t, revised.Metadata.Complete)
	assert.Contains(t, revised.Text(), "31 instead of 30")

	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id, IncludeHistory: true})
	require.NoError(t, err)
	assert.Equal(t, 31.0, report.Values["age"])
	assert.Empty(t, report.Contradictions)
	require.Len(t, report.History, 5)
	for _, p := range report.History {
		if p.Slot == "age" && !p.Holds {
			assert.Equal(t, 30.0, p.Value)
			assert.Equal(t, revised.Revised.AnswerNumber, p.SupersededBy)
		}
	}
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM answers WHERE superseded_by IS NOT NULL`))
}

func TestWhatHungOnARevisedAnswerIsAskedAgain(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	id := openInsurance(t, s)
	revised, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "insured", Text: "no"})
	require.NoError(t, err)
	require.Len(t, revised.Reopened, 2)
	assert.False(t, revised.Reopened[0].Applies)
	assert.Equal(t, "Acme", revised.Reopened[0].Before.Value)
	assert.True(t, revised.Metadata.Complete, "what no longer applies keeps nothing open")

	revised, err = s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "insured", Value: true})
	require.NoError(t, err)
	assert.False(t, revised.Metadata.Complete)
	require.Len(t, revised.Questions, 1)
	assert.Equal(t, "insurer", revised.Questions[0].Slot)
	turn, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id,
		Answers: []conversation.AnswerInput{{Slot: "insurer", Value: "Acme"}}})
	require.NoError(t, err, "the same words count again")
	assert.Equal(t, "policy", turn.Questions[0].Slot)
	turn = answerSlots(t, s, id, map[string]any{"policy": "A-1"})
	assert.True(t, turn.Metadata.Complete)

	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id, IncludeHistory: true})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"insured": true, "insurer": "Acme", "policy": "A-1", "age": 30.0}, report.Values)
	assert.Len(t, report.History, 8)
}

func TestARepeatedRevisionChangesNothingTwice(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	id := openInsurance(t, s)
	in := conversation.ReviseInput{ConversationID: id, Slot: "age", Text: "31"}
	first, err := s.Revise(t.Context(), in)
	require.NoError(t, err)
	rows := stored(t, url)
	again, err := s.Revise(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, asJSON(t, first), asJSON(t, again))
	assert.Equal(t, rows, stored(t, url))

	same, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "age", Value: 31.0})
	require.NoError(t, err)
	assert.False(t, same.Changed)
	assert.Contains(t, same.Text(), "nothing changed")
	assert.Equal(t, rows, stored(t, url))

	back, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, AnswerNumber: first.Revised.AnswerNumber, Value: 30.0})
	require.NoError(t, err)
	assert.True(t, back.Changed, "going back to what was said first counts")
}

func TestAnAnswerCanBeTakenBack(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	id := openInsurance(t, s)
	revised, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "age", Outcome: questioning.Declined})
	require.NoError(t, err)
	assert.Equal(t, questioning.StatusDeclined, revised.Revised.State)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
	require.NoError(t, err)
	assert.NotContains(t, report.Values, "age")
}

func TestARevisionThatCannotBeTakenNamesTheField(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	id := openInsurance(t, s)
	open, err := s.Ask(t.Context(), conversation.AskInput{Context: "Insure me", InformationNeeded: insurance})
	require.NoError(t, err)
	_, err = s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "age", Value: 32.0})
	require.NoError(t, err)
	rows := stored(t, url)
	for name, c := range map[string]struct {
		in   conversation.ReviseInput
		says string
	}{
		"nothing named":         {conversation.ReviseInput{ConversationID: id, Value: 3.0}, "slot: is missing"},
		"no value":              {conversation.ReviseInput{ConversationID: id, Slot: "age"}, "needs a value or a text"},
		"unknown slot":          {conversation.ReviseInput{ConversationID: id, Slot: "size", Value: 3.0}, `slot: there is no slot "size"`},
		"unfit value":           {conversation.ReviseInput{ConversationID: id, Slot: "age", Value: "old"}, "value:"},
		"unreadable words":      {conversation.ReviseInput{ConversationID: id, Slot: "age", Text: "quite old"}, "text: cannot be read"},
		"no such answer":        {conversation.ReviseInput{ConversationID: id, AnswerNumber: 99, Value: 3.0}, "answer_number: there is no answer 99"},
		"another slot's answer": {conversation.ReviseInput{ConversationID: id, AnswerNumber: 5, Slot: "insurer", Value: "Best"}, "answer_number: answer 5 is about"},
		"nothing to revise":     {conversation.ReviseInput{ConversationID: open.ConversationID, Slot: "age", Value: 3.0}, "no answer to revise"},
		"unknown conversation":  {conversation.ReviseInput{ConversationID: "x", Slot: "age", Value: 3.0}, "conversation_id"},
	} {
		_, err := s.Revise(t.Context(), c.in)
		var invalid *fault.Invalid
		assert.ErrorAs(t, err, &invalid, name)
		assert.ErrorContains(t, err, c.says, name)
	}
	assert.Equal(t, rows, stored(t, url))
}

func TestAnAnswerThatNoLongerHoldsIsNotRevised(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	id := openInsurance(t, s)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
	require.NoError(t, err)
	first := report.Citations["age"][0].AnswerNumber
	_, err = s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "age", Value: 32.0})
	require.NoError(t, err)
	_, err = s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, AnswerNumber: first, Value: 33.0})
	assert.ErrorContains(t, err, "no longer holds")
}

func TestARevisionSaysWhatItChanged(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	id := openInsurance(t, s)
	revised, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "insurer", Outcome: questioning.Unknown})
	require.NoError(t, err)
	assert.Contains(t, revised.Text(), `Insurer: unknown instead of "Acme".`)
	assert.Contains(t, revised.Text(), `Policy ("A-1") depended on it: it no longer matters.`)
	revised, err = s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "insurer", Value: "Acme"})
	require.NoError(t, err)
	assert.Contains(t, revised.Text(), `Insurer: "Acme" instead of unknown.`)
	require.Len(t, revised.Questions, 1)
	assert.Equal(t, "policy", revised.Questions[0].Slot)
	assert.Contains(t, revised.Text(), revised.CurrentQuestion, "what is asked again follows")
}

func TestARevisionPrintsValuesAsPeopleReadThemAlsoWhenRepeated(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a room", InformationNeeded: []byte(`[
		{"key": "room", "type": "choice", "options": [{"value": "dbl_sea", "title": "Double, sea view"}, {"value": "sgl", "title": "Single"}]},
		{"key": "arrival", "type": "time", "when": {"slot": "room", "equals": "sgl"}}
	]`)})
	require.NoError(t, err)
	answerSlots(t, s, turn.ConversationID, map[string]any{"room": "sgl", "arrival": "14:00:00"})
	in := conversation.ReviseInput{ConversationID: turn.ConversationID, Slot: "room", Value: "dbl_sea"}
	for _, call := range []string{"first", "repeated"} {
		revised, err := s.Revise(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, "dbl_sea", revised.Revised.Value, "values are for programs: %s", call)
		assert.Contains(t, revised.Text(), "Room: Double, sea view instead of Single.", call)
		assert.Contains(t, revised.Text(), "Arrival (14:00) depended on it: it no longer matters.", call)
	}
}

func TestAnAnswerIsRevisedByTheQuestionItWasGivenTo(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn := openTrip(t, s)
	answerAll(t, s, turn)
	revised, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: turn.ConversationID, QuestionNumber: turn.Questions[0].QuestionNumber, Outcome: questioning.Declined})
	require.NoError(t, err)
	assert.Equal(t, turn.Questions[0].Slot, revised.Revised.Slot)
	assert.Equal(t, questioning.StatusDeclined, revised.Revised.State)
}

func TestACorrectionInAReplyIsARevision(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, BatchSize: 1})
	require.NoError(t, err)
	id := turn.ConversationID
	answerSlots(t, s, id, map[string]any{"guests": 20.0, "event_date": "2027-06-05", "place": "Berlin", "budget": 400.0, "motto": "Space"})
	holds := func(slot string, value any) {
		t.Helper()
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
		require.NoError(t, err)
		assert.Equal(t, value, report.Values[slot])
		assert.Empty(t, report.Contradictions)
		assert.True(t, report.Complete)
	}
	turn = answerSlots(t, s, id, map[string]any{"guests": 25.0})
	assert.Equal(t, 25.0, standing(turn)["guests"].Value)
	holds("guests", 25.0)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, PreviousMessages: user("Number of guests: 30")})
	require.NoError(t, err)
	assert.Equal(t, 1, turn.Metadata.AnswersRecorded)
	holds("guests", 30.0)
	answerSlots(t, s, id, map[string]any{"guests": 25.0, "budget": 500.0})
	holds("guests", 25.0)
	holds("budget", 500.0)
	assert.Equal(t, 4, count(t, url, `SELECT count(*) FROM outbox WHERE type LIKE '%answer.revised%'`), "each is told as a revision")
}

func TestThePersonEndsTheConversation(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for name, says := range map[string]conversation.FollowUpInput{
		"in words":            {PreviousMessages: user("Number of guests: 12\nskip the rest")},
		"by the client":       {Answers: []conversation.AnswerInput{{Slot: "guests", Value: 12.0}}, Stop: true},
		"with nothing else":   {PreviousMessages: user("That's all, thanks")},
		"by the client alone": {Stop: true},
	} {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party})
		require.NoError(t, err)
		says.ConversationID = turn.ConversationID
		ended, err := s.FollowUp(t.Context(), says)
		require.NoError(t, err, name)
		assert.Empty(t, ended.Questions, name)
		assert.Equal(t, "ended_by_person", ended.Metadata.StopReason, name)
		assert.False(t, ended.Metadata.Complete, name)
		assert.Contains(t, ended.CurrentQuestion, "Still open: ", name)
		later, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Slot: "budget", Value: 400.0}}})
		require.NoError(t, err)
		assert.Equal(t, 1, later.Metadata.AnswersRecorded, "%s: a late answer counts", name)
		assert.Empty(t, later.Questions, "%s: and asks nothing", name)
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
		require.NoError(t, err)
		assert.Equal(t, "ended_by_person", report.StopReason, name)
		assert.False(t, report.Complete, name)
		resumed, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", ConversationID: turn.ConversationID})
		require.NoError(t, err)
		assert.NotEmpty(t, resumed.Questions, "%s: it can be resumed", name)
	}
}

func TestAQuestionBackIsNoAnswer(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: []byte(`[{"key": "purpose"}, {"key": "notes"}]`), BatchSize: 1})
	require.NoError(t, err)
	slot := turn.Questions[0].Slot
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user("Why do you ask?")})
	require.NoError(t, err)
	require.Len(t, turn.Unread, 1)
	assert.Equal(t, slot, turn.Unread[0].Slot)
	assert.Equal(t, "question", turn.Unread[0].Kind)
	assert.Contains(t, turn.Text(), `"Why do you ask?" (question)`)
	require.Len(t, turn.Questions, 1)
	assert.NotEqual(t, slot, turn.Questions[0].Slot, "the rest is asked for first")
}
