package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
)

func TestMemoryIsRebuiltFromTheDatabase(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod").applied("prod").with("QDRANT_URL", qdranttest.URL(t))
	s := f.service("prod")
	open(t, t.Context(), s, "Book a trip")
	client, err := qdrant.Open(qdrant.Config{URL: f.variables["QDRANT_URL"], Prefix: "sequential-questioning-prod"})
	require.NoError(t, err)
	defer client.Close()
	points := func() int {
		all, err := client.Scroll(t.Context(), "answers", qdrant.Filter{}, 100)
		require.NoError(t, err)
		return len(all)
	}
	assert.Contains(t, f.must("memory", "rebuild", "prod"), "1 conversations, 2 answers indexed")
	assert.Contains(t, f.must("memory", "rebuild", "prod", "--fresh"), "1 conversations, 2 answers indexed")
	assert.Equal(t, 2, points())

	f.exec("sq_prod", "DELETE FROM conversations")
	f.must("memory", "rebuild", "prod")
	assert.Zero(t, points())
	f.refused("belongs to environment prod, not dev", "memory", "rebuild", "dev")
	f.with("QDRANT_URL", "").refused("memory is not configured", "memory", "rebuild", "prod")
}

func TestMemoryOfADatabaseOfNoEnvironmentIsRebuilt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	url := f.server.URL() // as the local program has it
	require.NoError(t, migrations.Up(t.Context(), url))
	f = f.with("DATABASE_URL", url).with("QDRANT_URL", qdranttest.URL(t))
	s := f.serviceOf(url)
	turn := open(t, t.Context(), s, "Book a trip")
	assert.Contains(t, f.must("memory", "rebuild"), "1 conversations, 2 answers indexed, 0 checked again")
	assert.Contains(t, f.must("memory", "rebuild", "--fresh"), "1 conversations, 2 answers indexed, 0 checked again")
	_, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Contains(t, f.must("memory", "rebuild"), "0 conversations, 0 answers indexed, 2 checked again")
	assert.Contains(t, f.must("memory", "rebuild"), "0 conversations, 0 answers indexed, 0 checked again", "what is erased is gone")

	f.refused("belongs to no environment", "memory", "rebuild", "prod")
	marked := initialised(t, "prod").applied("prod").with("QDRANT_URL", qdranttest.URL(t))
	marked.refused("belongs to environment prod: add prod to the command", "memory", "rebuild")
}
