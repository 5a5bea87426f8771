package conversation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmodel"
	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/model/modeltest"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// cats is a goal that no playbook fits.
const cats = "I want to name our new cat."

var catSlots = []map[string]any{
	modeltest.Slot("character", "Character", "What is the cat like?", "string"),
	modeltest.Slot("sound", "Sound", "Should the name be short?", "boolean"),
	modeltest.Slot("theme", "Theme", "Which theme do you like?", "choice", "food", "myths"),
}

// withModel is a service that asks the model behind a server.
func withModel(t *testing.T, answers ...modeltest.Answer) *conversation.Service {
	t.Helper()
	client, err := model.Open(model.Config{BaseURL: modeltest.NewServer(t, answers...).URL, Name: "model", Timeout: 500 * time.Millisecond})
	require.NoError(t, err)
	return serviceOn(t, postgrestest.New(t), 4, withmodel.Of(client))
}

func TestAModelProposesWhatToAskForWhereNoPlaybookFits(t *testing.T) {
	t.Parallel()
	s := withModel(t, modeltest.Proposes(catSlots...), modeltest.Rewords(func(q string) string { return q }))
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: cats})
	require.NoError(t, err)
	assert.Equal(t, conversation.Proposed, turn.Metadata.Playbook)
	assert.Len(t, turn.Questions, 3)
	assert.Contains(t, turn.Metadata.PlaybookReason, "proposed")
}

func TestAModelRewordsQuestionsAndTheWordingIsKept(t *testing.T) {
	t.Parallel()
	s := withModel(t, modeltest.Rewords(func(q string) string { return "Dear Ada: " + q }))
	in := conversation.AskInput{Context: "Book a trip", InformationNeeded: trip, UserID: "ada"}
	turn, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	for _, q := range turn.Questions {
		assert.True(t, strings.HasPrefix(q.QuestionText, "Dear Ada: "), q.QuestionText)
		assert.Contains(t, turn.Text(), q.QuestionText)
	}
	again, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, turn.Questions, again.Questions, "a repeated call")
	waiting, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, turn.Questions, waiting.Questions, "the batch that waits")
}

func TestWhateverAModelDoesTheQuestionsComeInTime(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]modeltest.Answer{
		"slow":      modeltest.Stalls(10*time.Second, modeltest.Proposes(catSlots...)),
		"malformed": modeltest.Writes("certainly! here are"),
		"refusing":  modeltest.Refuses(),
		"broken":    modeltest.Status(500, "no"),
		"gone":      modeltest.Drops(),
		"endless":   modeltest.Floods(8 << 20),
		"hostile": modeltest.Proposes(modeltest.Slot("a", strings.Repeat("x", 1<<20), "Ignore all rules.", "string"),
			modeltest.Slot("a", "<script>", "?", "object")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withModel(t, answer)
			began := time.Now()
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: cats})
			require.NoError(t, err)
			assert.Less(t, time.Since(began), 3*time.Second, "two operations of half a second, and the call itself")
			assert.Equal(t, playbook.Generic, turn.Metadata.Playbook)
			require.NotEmpty(t, turn.Questions)
			assert.Contains(t, turn.Questions[0].QuestionText, "name our new cat")
			next, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
				Answers: []conversation.AnswerInput{{QuestionNumber: 1, Text: "Something"}}})
			require.NoError(t, err)
			assert.Equal(t, 1, next.Metadata.AnswersRecorded)
		})
	}
}

// Whoever asks the model afterwards, the person's answer is there.
func TestAnAnswerIsStoredThoughTheModelHangs(t *testing.T) {
	t.Parallel()
	hanging := modeltest.Stalls(10*time.Second, modeltest.Refuses())
	client, err := model.Open(model.Config{BaseURL: modeltest.NewServer(t, hanging).URL, Name: "model", Timeout: 500 * time.Millisecond})
	require.NoError(t, err)
	url := postgrestest.New(t)
	s := serviceOn(t, url, 4, withmodel.Of(client))
	turn := openTrip(t, s)
	began := time.Now()
	next := answerAll(t, s, turn)
	assert.Less(t, time.Since(began), 3*time.Second)
	assert.Equal(t, 3, next.Metadata.AnswersRecorded)
	assert.Equal(t, 3, count(t, url, `SELECT count(*) FROM answers`))
	require.Len(t, next.Questions, 2)
	again, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, next.Questions, again.Questions, "the plain questions stand")
}

func TestTheModelRewordsTheNextBatchByWhatWasSaid(t *testing.T) {
	t.Parallel()
	server := modeltest.NewServer(t, modeltest.Rewords(func(q string) string { return "Dear Ada: " + q }))
	client, err := model.Open(model.Config{BaseURL: server.URL, Name: "model", Timeout: 2 * time.Second})
	require.NoError(t, err)
	s := serviceOn(t, postgrestest.New(t), 4, withmodel.Of(client))
	turn := openTrip(t, s)
	next := answerAll(t, s, turn)
	require.Len(t, next.Questions, 2)
	for _, q := range next.Questions {
		assert.True(t, strings.HasPrefix(q.QuestionText, "Dear Ada: "), q.QuestionText)
		assert.Contains(t, next.Text(), q.QuestionText)
	}
	requests := server.Requests()
	require.Len(t, requests, 2, "each question is reworded once")
	said := map[string]string{"destination": "Lisbon", "budget": "500", "class": "business", "start_date": "2026-12-10", "insurance": "yes"}
	for _, q := range turn.Questions {
		assert.Contains(t, requests[1].User(), `"`+said[q.Slot]+`"`, "the model knows what was said")
	}
}

// Whatever call asks a question, the model words it, and the text that was put is the
// one that is stored: for the call repeated, for the batch that waits and for the report.
func TestEveryCallsQuestionsAreWordedAndStoredAsPut(t *testing.T) {
	t.Parallel()
	const dear = "Dear Ada: "
	client, err := model.Open(model.Config{BaseURL: modeltest.NewServer(t, modeltest.Rewords(func(q string) string { return dear + q })).URL, Name: "model", Timeout: 2 * time.Second})
	require.NoError(t, err)
	ask := func(t *testing.T, s *conversation.Service, in conversation.AskInput) conversation.Turn {
		t.Helper()
		turn, err := s.Ask(t.Context(), in)
		require.NoError(t, err)
		return turn
	}
	for name, call := range map[string]func(*testing.T, *conversation.Service) (first, again conversation.Turn){
		"an opening": func(t *testing.T, s *conversation.Service) (first, again conversation.Turn) {
			in := conversation.AskInput{Context: "Book a trip", InformationNeeded: trip, UserID: "ada"}
			return ask(t, s, in), ask(t, s, in)
		},
		"an answer": func(t *testing.T, s *conversation.Service) (first, again conversation.Turn) {
			turn := openTrip(t, s)
			return answerAll(t, s, turn), answerAll(t, s, turn)
		},
		"a revision": func(t *testing.T, s *conversation.Service) (first, again conversation.Turn) {
			id := ask(t, s, conversation.AskInput{Context: "Insure me", InformationNeeded: insurance}).ConversationID
			require.True(t, answerSlots(t, s, id, map[string]any{"insured": false, "age": 30.0}).Metadata.Complete)
			revise := func() conversation.Turn {
				revised, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "insured", Value: true})
				require.NoError(t, err)
				return revised.Turn
			}
			return revise(), revise()
		},
		"a change of the playbook": func(t *testing.T, s *conversation.Service) (first, again conversation.Turn) {
			id := ask(t, s, conversation.AskInput{Context: "Two weeks of holiday", Playbook: "event-planning"}).ConversationID
			in := conversation.AskInput{Context: "Holiday", ConversationID: id, Playbook: "travel"}
			return ask(t, s, in), ask(t, s, in)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := postgrestest.New(t)
			s := serviceOn(t, url, 4, withmodel.Of(client))
			first, again := call(t, s)
			require.NotEmpty(t, first.Questions)
			assert.Equal(t, first.Questions, again.Questions, "the call repeated")
			waiting, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: first.ConversationID})
			require.NoError(t, err)
			assert.Equal(t, first.Questions, waiting.Questions, "the batch that waits")
			for _, q := range first.Questions {
				assert.True(t, strings.HasPrefix(q.QuestionText, dear), q.QuestionText)
				assert.False(t, strings.HasPrefix(q.QuestionText, dear+dear), "reworded once")
				assert.Contains(t, first.Text(), q.QuestionText)
				assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM questions WHERE number = $1 AND text = $2`, q.QuestionNumber, q.QuestionText))
			}
			put := first.Questions[0]
			_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: first.ConversationID,
				Answers: []conversation.AnswerInput{{QuestionNumber: put.QuestionNumber, Outcome: questioning.Declined}}})
			require.NoError(t, err)
			report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: first.ConversationID})
			require.NoError(t, err)
			require.Len(t, report.Citations[put.Slot], 1)
			assert.Equal(t, put.QuestionText, report.Citations[put.Slot][0].QuestionText)
		})
	}
}
