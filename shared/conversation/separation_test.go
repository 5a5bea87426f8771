package conversation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
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

func TestEveryCallNamesItsUserWhereThatIsRequired(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 2})
	require.NoError(t, err)
	config := defaults
	config.RequireUser = true
	s := conversation.New(store.New(pool), config)
	t.Cleanup(s.Close)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)
	id := turn.ConversationID
	rows := stored(t, url)
	for name, call := range map[string]func() error{
		"ask": func() error { _, err := s.Ask(t.Context(), conversation.AskInput{Context: "x"}); return err },
		"go on": func() error {
			_, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", ConversationID: id})
			return err
		},
		"answer": func() error {
			_, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id})
			return err
		},
		"continue": func() error { _, err := s.Continue(t.Context(), step(id, 1)); return err },
		"view":     func() error { _, err := s.View(t.Context(), id, ""); return err },
		"revise": func() error {
			_, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "class", Value: "first"})
			return err
		},
		"report": func() error {
			_, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
			return err
		},
		"recall": func() error { _, err := s.Recall(t.Context(), conversation.RecallInput{Query: "class"}); return err },
		"forget": func() error {
			_, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: id})
			return err
		},
	} {
		refused(t, call(), "user_id: is missing", name)
	}
	assert.Equal(t, rows, stored(t, url))

	// A key is its user's own.
	in := conversation.AskInput{Context: "x", UserID: "ann", Metadata: map[string]any{"idempotency_key": "k"}}
	one, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	in.UserID = "bob"
	other, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	assert.NotEqual(t, one.ConversationID, other.ConversationID)
}
