package withmemory

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
)

func TestOpenNamesTheSettingThatIsWrong(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
	t.Setenv("QDRANT_URL", "memory:6334")
	_, err := conversation.Open(Open)
	assert.ErrorContains(t, err, "QDRANT_URL")
}

func TestOpenConnectsToNothing(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
	t.Setenv("QDRANT_URL", "http://127.0.0.1:1")
	s, err := conversation.Open(Open)
	require.NoError(t, err)
	s.Close()
}
