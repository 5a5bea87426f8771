package conformance

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The code that people bring MCP tools to models with makes of these tools what
// OpenAI, Anthropic and Gemini take, and conversations can be led through it.
func TestProvidersTakeTheTools(t *testing.T) {
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
