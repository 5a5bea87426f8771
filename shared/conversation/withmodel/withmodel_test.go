package withmodel

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
)

func TestOpenNamesTheSettingThatIsWrong(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
	t.Setenv("MODEL_BASE_URL", "elsewhere")
	t.Setenv("MODEL_NAME", "any")
	_, err := conversation.Open(Open)
	assert.ErrorContains(t, err, "MODEL_BASE_URL")
}

func TestAModelIsOptional(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
	s, err := conversation.Open(Open)
	require.NoError(t, err)
	s.Close()
}
