package keyring

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAKeptKeyRingOutlivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "request-state-keys")
	first, err := Kept(path)
	require.NoError(t, err)
	_, err = Parse(first)
	require.NoError(t, err)
	again, err := Kept(path)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
