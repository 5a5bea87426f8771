package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

// TestMemoryBecomesWhatTheDatabaseHolds runs the command on a full database, again,
// and after everything was erased there.
func TestMemoryBecomesWhatTheDatabaseHolds(t *testing.T) {
	url := postgrestest.New(t)
	t.Setenv("DATABASE_URL", url)
	t.Setenv("QDRANT_URL", qdranttest.URL(t))
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 2})
	require.NoError(t, err)
	conversations := conversation.New(store.New(pool), conversation.Config{BatchSize: 2, MaxQuestions: 10})
	defer conversations.Close()
	turn, err := conversations.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: json.RawMessage(`["destination", "hotel"]`)})
	require.NoError(t, err)
	_, err = conversations.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{
		{Slot: "destination", Value: "Lisbon"}, {Slot: "hotel", Value: "by the river"}}})
	require.NoError(t, err)

	assert.Contains(t, reindexed(t), "1 conversations, 2 answers remembered, 0 checked again")
	assert.Contains(t, reindexed(t, "--fresh"), "1 conversations, 2 answers remembered, 0 checked again")
	_, err = conversations.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Contains(t, reindexed(t), "0 conversations, 0 answers remembered, 2 checked again")
	assert.Contains(t, reindexed(t), "0 conversations, 0 answers remembered, 0 checked again", "what is erased is gone")
}

// reindexed runs the command and returns the last line that it prints.
func reindexed(t *testing.T, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	require.Equal(t, exitDone, run(t.Context(), args, &out, &errOut), errOut.String())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[len(lines)-1]
}

func TestWrongUsageIsToldWithTheRightOne(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		said string
	}{
		"help":         {[]string{"--help"}, exitDone, "Usage: reindex"},
		"unknown flag": {[]string{"--slow"}, exitUsage, "-slow"},
		"argument":     {[]string{"all"}, exitUsage, `unexpected argument "all"`},
	} {
		var out, errOut bytes.Buffer
		assert.Equal(t, c.code, run(t.Context(), c.args, &out, &errOut), name)
		assert.Contains(t, out.String()+errOut.String(), c.said, name)
	}
}

func TestMissingSettingsAreNamed(t *testing.T) {
	t.Setenv("QDRANT_URL", "")
	t.Setenv("DATABASE_URL", "")
	var out, errOut bytes.Buffer
	assert.Equal(t, exitFailed, run(t.Context(), nil, &out, &errOut))
	assert.Contains(t, errOut.String(), "QDRANT_URL")
	t.Setenv("QDRANT_URL", "http://127.0.0.1:1")
	errOut.Reset()
	assert.Equal(t, exitFailed, run(t.Context(), nil, &out, &errOut))
	assert.Contains(t, errOut.String(), "DATABASE_URL")
}
