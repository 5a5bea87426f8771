package conversation_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestADatabaseThatDiesLosesNoAnswer(t *testing.T) {
	t.Parallel()
	server := postgrestest.Private(t, postgrestest.Migrated)
	s := serviceOn(t, server.URL(), 4)
	turn := answerAll(t, s, openTrip(t, s))

	require.NoError(t, server.Kill())
	next := conversation.FollowUpInput{ConversationID: turn.ConversationID}
	for _, q := range turn.Questions {
		next.Answers = append(next.Answers, conversation.AnswerInput{QuestionNumber: q.QuestionNumber, Value: tripValues[q.Slot]})
	}
	_, err := s.FollowUp(t.Context(), next)
	var away *fault.Unavailable
	require.ErrorAs(t, err, &away, "the call says that it may be repeated")
	require.ErrorAs(t, s.Ready(t.Context()), &away)

	require.NoError(t, server.Restart(t.Context()))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		last, err := s.FollowUp(t.Context(), next)
		if assert.NoError(c, err) {
			assert.True(c, last.Metadata.Complete)
		}
	}, 20*time.Second, 100*time.Millisecond)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, tripValues, report.Values)
	for slot, cited := range report.Citations {
		assert.Len(t, cited, 1, slot)
	}
}

// A database that is full, read-only or out of connections is a matter for its
// operators: the same call succeeds once they have acted.
func TestADatabaseThatCannotWriteAsksToRetry(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	before := stored(t, url)
	administrator, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, url))
	require.NoError(t, err)
	defer administrator.Close(t.Context())
	var database string
	require.NoError(t, administrator.QueryRow(t.Context(), `SELECT quote_ident(current_database())`).Scan(&database))
	next := conversation.FollowUpInput{ConversationID: turn.ConversationID}
	for _, q := range turn.Questions {
		next.Answers = append(next.Answers, conversation.AnswerInput{QuestionNumber: q.QuestionNumber, Value: tripValues[q.Slot]})
	}
	for code, c := range map[string]struct{ begin, end string }{
		"25006": {"SET default_transaction_read_only = on", "RESET default_transaction_read_only"},
		"53300": {"CONNECTION LIMIT 0", "CONNECTION LIMIT -1"},
	} {
		_, err = administrator.Exec(t.Context(), `ALTER DATABASE `+database+` `+c.begin)
		require.NoError(t, err)
		limited := serviceOn(t, url, 1)
		_, err = limited.FollowUp(t.Context(), next)
		limited.Close()
		_, undone := administrator.Exec(t.Context(), `ALTER DATABASE `+database+` `+c.end)
		require.NoError(t, undone)
		var away *fault.Unavailable
		require.ErrorAs(t, err, &away, code)
		assert.ErrorContains(t, err, code)
		assert.Equal(t, before, stored(t, url), code)
	}
	_, err = s.FollowUp(t.Context(), next)
	require.NoError(t, err)
}

func TestAServiceStartsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	s := serviceOn(t, "postgres://nobody:secret@127.0.0.1:1/none", 1)
	_, err := s.Ask(t.Context(), conversation.AskInput{Context: "x"})
	var away *fault.Unavailable
	require.ErrorAs(t, err, &away)
	assert.NotContains(t, err.Error(), "secret")
}

func TestACallThatIsCancelledStoresNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	before := stored(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.FollowUp(ctx, conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user("1. x")})
	require.Error(t, err)
	assert.Equal(t, before, stored(t, url))
}

func TestEveryCallMayBeRepeatedWhileTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	s := serviceOn(t, "postgres://nobody:secret@127.0.0.1:1/none", 1)
	const id = "01a206b4-8c21-733d-a3c7-f61776e251b8"
	playbook := step(id, 1)
	playbook.Playbook = "travel"
	for name, call := range map[string]func() error{
		"ready": func() error { return s.Ready(t.Context()) },
		"open": func() error {
			_, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", InformationNeeded: trip})
			return err
		},
		"answer": func() error {
			_, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id})
			return err
		},
		"continue": func() error { _, err := s.Continue(t.Context(), step(id, 1)); return err },
		"playbook": func() error { _, err := s.Continue(t.Context(), playbook); return err },
		"view":     func() error { _, err := s.View(t.Context(), id, ""); return err },
		"revise": func() error {
			_, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "class", Value: "x"})
			return err
		},
		"report": func() error {
			_, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
			return err
		},
		"forget": func() error {
			_, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: id})
			return err
		},
	} {
		var down *fault.Unavailable
		err := call()
		if assert.ErrorAs(t, err, &down, name) {
			assert.NotContains(t, err.Error(), "secret", name)
		}
	}
}

// What memory finds is told only where the database says that it still holds.
func TestWithoutTheDatabaseNothingIsRecalled(t *testing.T) {
	t.Parallel()
	m := memoryAt(t, qdranttest.URL(t))
	require.NoError(t, m.Upsert(t.Context(), []memory.Item{{Principal: principal.Local, UserID: "ann", ConversationID: "01a206b4-8c21-733d-a3c7-f61776e251b8",
		Slot: "destination", Title: "Destination", Type: questioning.Text, Value: "Lisbon", Words: "Lisbon", AnswerNumber: 1, AnsweredAt: time.Now()}}))
	s := serviceOn(t, "postgres://nobody@127.0.0.1:1/none", 1, conversation.WithMemory(m))
	_, err := s.Recall(t.Context(), conversation.RecallInput{Query: "destination", UserID: "ann"})
	var down *fault.Unavailable
	require.ErrorAs(t, err, &down)
}
