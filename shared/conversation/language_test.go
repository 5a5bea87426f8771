package conversation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Replies in the person's language are read in it, and asked about in it.
func TestAReplyIsReadInThePersonsLanguage(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Reise", Language: "de",
		InformationNeeded: []byte(`[{"key":"gaeste","title":"Zahl der Gäste","type":"integer"},{"key":"tag","title":"Anreisetag","type":"date"},{"key":"hund","title":"Hund","type":"boolean"}]`)})
	require.NoError(t, err)
	assert.Contains(t, turn.CurrentQuestion, "Antwort: ein Datum wie 2026-11-30.")
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{
		{Slot: "gaeste", Text: "zwölf"}, {Slot: "tag", Text: "irgendwann im Herbst"}, {Slot: "hund", Text: "weiß nicht"},
	}})
	require.NoError(t, err)
	assert.Contains(t, turn.CurrentQuestion, `"irgendwann im Herbst" konnte ich nicht lesen. Anreisetag?`)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"gaeste": 12.0}, report.Values)
	assert.Contains(t, report.Text(), "Hund: nicht bekannt")
	for _, c := range report.Coverage {
		if c.Slot == "hund" {
			assert.Equal(t, questioning.StatusUnknown, c.State)
		}
	}
}

func TestALanguageTagIsChecked(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	_, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", Language: "klingon spoken fast"})
	assert.ErrorContains(t, err, "language")
}
