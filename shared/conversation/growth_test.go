package conversation_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// A long conversation among many short ones is where a planner that goes by
// averages reads all of it.
func TestACallReadsNoMoreOfALongConversationThanOfAShortOne(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	s := serviceOn(t, url, 1)
	turn := answerAll(t, s, openTrip(t, s))
	id := turn.ConversationID

	admin, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, url))
	require.NoError(t, err)
	defer admin.Close(t.Context())
	for _, statement := range []string{
		`SET session_replication_role = replica`, // rows of conversations that are not there
		`INSERT INTO answers (principal, conversation_id, number, slot, question, outcome, value, words, digest, revision)
			SELECT principal, conversation_id, 1000 + i, slot, question, outcome, value, words, sha256(int4send(i)), revision
			FROM answers, generate_series(1, 10000) i WHERE number = 1`,
		`INSERT INTO answers (principal, conversation_id, number, slot, question, outcome, value, words, digest, revision)
			SELECT principal, gen_random_uuid(), number, slot, question, outcome, value, words, digest, revision
			FROM answers, generate_series(1, 10000) i WHERE number = 1`,
		`ANALYZE`,
	} {
		_, err := admin.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	read := func() (n int) {
		require.NoError(t, admin.QueryRow(t.Context(), `SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'answers'`).Scan(&n))
		return n
	}
	const calls = 10 // more than it takes for a plan to be kept
	repeated := conversation.FollowUpInput{ConversationID: id, Answers: []conversation.AnswerInput{{QuestionNumber: 1, Text: "Porto"}}}
	call := func() {
		_, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
		require.NoError(t, err)
		_, err = s.FollowUp(t.Context(), repeated)
		require.NoError(t, err)
	}
	// The server tells its counts a second later, with the next transaction.
	settle := func() int {
		time.Sleep(1200 * time.Millisecond)
		call()
		time.Sleep(100 * time.Millisecond)
		return read()
	}
	before := settle()
	for range calls {
		call()
	}
	assert.Less(t, settle()-before, 500, "rows read by %d calls, of more than 20,000", calls)
}
