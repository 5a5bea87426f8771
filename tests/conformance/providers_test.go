package conformance

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Common adapters convert these tools to what OpenAI, Anthropic and Gemini accept, and
// conversations work through them.
func TestProvidersAcceptTheTools(t *testing.T) {
	url := server(t)
	t.Run("as converted", func(t *testing.T) {
		t.Parallel()
		_, stderr, err := node(t, "providers.mjs", url)
		require.NoError(t, err, stderr)
	})
	t.Run("by the Inspector's strict mode", func(t *testing.T) {
		t.Parallel()
		stdout, stderr, err := node(t, filepath.FromSlash("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"),
			"--cli", url, "--transport", "http", "--method", "tools/list", "--strict")
		require.NoError(t, err, "%s\n%s", stdout, stderr)
		require.Contains(t, stdout, "sequential_questioning_forget")
	})
}
