// Package tooltest holds what every tool's test needs.
package tooltest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// Snapshot compares a tool's declaration, as clients see it, with the one
// committed in testdata/tool.json. UPDATE_SNAPSHOTS=1 writes it instead.
func Snapshot(t *testing.T, declared tool.Tool) {
	t.Helper()
	raw, err := json.Marshal(declared.Declaration)
	require.NoError(t, err)
	var got bytes.Buffer
	require.NoError(t, json.Indent(&got, raw, "", "  "))
	got.WriteByte('\n')
	path := filepath.Join("testdata", "tool.json")
	if os.Getenv("UPDATE_SNAPSHOTS") != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got.Bytes(), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run make generate")
	assert.Equal(t, string(want), got.String(), "what clients see has changed; if that is meant, run make generate")
}
