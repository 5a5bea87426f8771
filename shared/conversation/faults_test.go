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
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
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
