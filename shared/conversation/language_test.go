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
	assert.Contains(t, turn.Text(), "Antwort: ein Datum wie 2026-11-30.")
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{
		{Slot: "gaeste", Text: "zwölf"}, {Slot: "tag", Text: "irgendwann im Herbst"}, {Slot: "hund", Text: "weiß nicht"},
	}})
	require.NoError(t, err)
	require.Len(t, turn.Unread, 1)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID})
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

// Questions that two replies left out are asked no more: they are not settled by it.
func TestAnEndNamesTheRequiredSlotsThatStayOpen(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for language, says := range map[string]string{
		"en": "Nothing more is asked. Still open: ", "de": "Es wird nichts mehr gefragt. Noch offen: ", "es": "No se pregunta nada más. Queda pendiente: ",
		"fr": "Il n'y a plus de questions. Reste en suspens : ", "it": "Non ci sono altre domande. Resta in sospeso: ",
		"nl": "Er wordt niets meer gevraagd. Nog open: ", "pt": "Não há mais perguntas. Continua em aberto: ",
	} {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", Language: language, BatchSize: 5, InformationNeeded: []byte(`[
			{"key":"a","title":"A","required":true},{"key":"b","title":"B","required":true},{"key":"c","title":"C","required":true},
			{"key":"d","title":"D","required":true},{"key":"e","title":"E","required":true},{"key":"f","title":"F"},{"key":"g","title":"G"}]`)})
		require.NoError(t, err)
		for _, said := range []string{"A: x", "F: x", "G: x"} {
			turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(said)})
			require.NoError(t, err)
		}
		require.False(t, turn.Metadata.Complete, language)
		assert.Equal(t, string(questioning.RequiredOpen), turn.Metadata.StopReason, language)
		assert.Equal(t, says+"B, C, D, E.", turn.CurrentQuestion)
		assert.Contains(t, turn.Text(), says+"B, C, D, E.")
	}
}

func TestALanguageTagIsChecked(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	_, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", Language: "klingon spoken fast"})
	assert.ErrorContains(t, err, "language")
}
