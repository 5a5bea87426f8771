package conversation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
)

func TestThePlaybookServesAnyGoal(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.FollowUp(t.Context(), conversation.FollowUpInput{PreviousMessages: user("I want to name our new cat.")})
	require.NoError(t, err, "messages alone open a conversation")
	assert.Equal(t, playbook.Generic, turn.Metadata.Playbook)
	for _, q := range turn.Questions {
		assert.Contains(t, q.QuestionText, "I want to name our new cat")
	}
	for round := 0; !turn.Metadata.Complete; round++ {
		require.Less(t, round, 10)
		in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
		for _, q := range turn.Questions {
			in.Answers = append(in.Answers, conversation.AnswerInput{QuestionID: q.QuestionID, Text: "Something about " + q.Slot})
		}
		turn, err = s.FollowUp(t.Context(), in)
		require.NoError(t, err)
	}
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.True(t, report.Valid)
	assert.Contains(t, report.Text(), "Something about audience")
}

func TestTheFittingPlaybookServesAndSaysWhy(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Report a crash of the app when saving a file"})
	require.NoError(t, err)
	assert.Equal(t, "bug-report", turn.Metadata.Playbook)
	assert.NotEmpty(t, turn.Metadata.PlaybookReason)
}

func TestTheCallerNamesThePlaybook(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for _, name := range []string{"event-planning", playbook.Generic} {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Two weeks of holiday in Italy", Playbook: name})
		require.NoError(t, err)
		assert.Equal(t, name, turn.Metadata.Playbook)
		assert.Contains(t, turn.Metadata.PlaybookReason, "caller named it")
		assert.Contains(t, turn.Metadata.PlaybookAlternatives, "travel", "the next best is named")
		assert.LessOrEqual(t, len(turn.Metadata.PlaybookAlternatives), 2)
	}
	_, err := s.Ask(t.Context(), conversation.AskInput{Context: "A holiday", Playbook: "holidays"})
	require.ErrorContains(t, err, `playbook: "holidays" is not known; bug-report, `)
	require.ErrorContains(t, err, "generic")
	_, err = s.Ask(t.Context(), conversation.AskInput{Context: "A holiday", Playbook: "travel", InformationNeeded: trip})
	require.ErrorContains(t, err, "playbook: goes without information_needed")
}

func TestThePlaybookCanBeChangedUntilSomethingIsAnswered(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	first, err := s.Ask(t.Context(), conversation.AskInput{
		Context: "Two weeks of holiday in Italy", Playbook: "event-planning", PreviousMessages: user("Destination: Rome"),
	})
	require.NoError(t, err)
	change := conversation.AskInput{Context: "Holiday", ConversationID: first.ConversationID, Playbook: "travel"}
	second, err := s.Ask(t.Context(), change)
	require.NoError(t, err)
	assert.Equal(t, "travel", second.Metadata.Playbook)
	assert.Equal(t, first.Metadata.Revision+1, second.Metadata.Revision)
	assert.NotEmpty(t, second.Questions)
	for i, c := range second.Coverage {
		if c.Slot == "destination" {
			assert.Equal(t, "Rome", second.Coverage[i].Value, "what the chat tells is assumed again")
		}
	}

	again, err := s.Ask(t.Context(), change)
	require.NoError(t, err)
	assert.Equal(t, second.Questions, again.Questions, "a repeated call changes nothing")
	assert.Equal(t, second.Metadata.Revision, again.Metadata.Revision)

	turn, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: first.ConversationID,
		Answers: []conversation.AnswerInput{{QuestionID: second.Questions[0].QuestionID, Outcome: "declined"}}})
	require.NoError(t, err)
	assert.Equal(t, 1, turn.Metadata.AnswersRecorded, "questions of the new playbook are answered")
	change.Playbook = playbook.Generic
	_, err = s.Ask(t.Context(), change)
	require.ErrorContains(t, err, "playbook: is settled once an answer is recorded")
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: first.ConversationID})
	require.NoError(t, err)
	for _, c := range report.Coverage {
		assert.NotEqual(t, "guests", c.Slot, "nothing of the playbook before is left")
	}
}

func TestThePlaybookOfOnesOwnInformationIsNone(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: trip})
	require.NoError(t, err)
	assert.Empty(t, turn.Metadata.PlaybookAlternatives)
	_, err = s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", ConversationID: turn.ConversationID, Playbook: "travel"})
	require.ErrorContains(t, err, "playbook: the conversation was opened with information_needed")
	_, err = s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", ConversationID: turn.ConversationID, Playbook: "nothing"})
	require.ErrorContains(t, err, "is not known")
}
