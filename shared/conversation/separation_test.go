package conversation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

func TestAPrincipalNeverSeesAnothersConversation(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]func(string) string{
		"bound by row security": func(url string) string { return url },
		"not bound by it":       func(url string) string { return postgrestest.AdminURL(t, url) },
	} {
		t.Run(name, func(t *testing.T) {
			url := postgrestest.New(t)
			neverSees(t, serviceOn(t, role(url), 2), url)
		})
	}
}

func neverSees(t *testing.T, s *conversation.Service, url string) {
	turn := openTrip(t, s)
	mallory := principal.With(t.Context(), "mallory")
	_, err := s.Report(mallory, conversation.ReportInput{ConversationID: turn.ConversationID})
	assert.ErrorContains(t, err, "there is no conversation")
	_, err = s.FollowUp(mallory, conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user("1. x")})
	assert.ErrorContains(t, err, "there is no conversation")
	assert.Zero(t, count(t, url, `SELECT count(*) FROM answers`))

	// The same names of another principal's are other things.
	in := conversation.AskInput{Context: "x", SessionID: "shared", UserID: "ada", Metadata: map[string]any{"idempotency_key": "k"}}
	mine, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	theirs, err := s.Ask(mallory, in)
	require.NoError(t, err)
	assert.NotEqual(t, mine.ConversationID, theirs.ConversationID)
}

func TestASessionBelongsToItsUser(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	_, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", SessionID: "s", UserID: "ada"})
	require.NoError(t, err)
	_, err = s.Ask(t.Context(), conversation.AskInput{Context: "y", SessionID: "s", UserID: "bob"})
	assert.ErrorContains(t, err, "session_id")
}
