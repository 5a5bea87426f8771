package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	automatictool "github.com/sequential-questioning/sequential-questioning/functions/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

// shortened are what a transcript leaves out of a string, and what differs in every session.
var shortened = regexp.MustCompile(`…|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z`)

// TestTheTranscriptOfAnElicitationSessionIsWhatIsSaid sends what docs/elicitation_session.md
// says that a client sends, and holds what comes back against what it shows.
func TestTheTranscriptOfAnElicitationSessionIsWhatIsSaid(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "elicitation_session.md"))
	require.NoError(t, err)
	var blocks []string
	for _, part := range strings.Split(string(page), "```json\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	require.Len(t, blocks, 5)
	call, asked, response, report, declined := blocks[0], blocks[1], blocks[2], blocks[3], blocks[4]

	s, _ := newService(t)
	a, err := automatic.New(s, automatic.Config{ShownAfter: time.Nanosecond, RequestStateKeys: keyring.Generate()})
	require.NoError(t, err)
	server := httptest.NewServer(automatictool.Tool(a).Handler("test", "1"))
	t.Cleanup(server.Close)
	var message map[string]any
	require.NoError(t, json.Unmarshal([]byte(call), &message))
	params := message["params"].(map[string]any)

	form := send(t, server.URL, message)
	says(t, asked, form)
	require.NoError(t, json.Unmarshal([]byte(response), &params))
	params["requestState"] = form["requestState"]
	says(t, report, send(t, server.URL, message))

	delete(params, "requestState")
	delete(params, "inputResponses")
	params["requestState"] = send(t, server.URL, message)["requestState"]
	params["inputResponses"] = map[string]any{"form": map[string]any{"action": "decline"}}
	says(t, declined, send(t, server.URL, message))
}

// send posts a request of revision 2026-07-28 and returns its result.
func send(t *testing.T, url string, message map[string]any) map[string]any {
	t.Helper()
	message["jsonrpc"], message["id"] = "2.0", 1
	body, err := json.Marshal(message)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {automatic.ToolName}}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	received, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	var of struct{ Result map[string]any }
	require.NoError(t, json.Unmarshal(received, &of), "%s", received)
	require.NotNil(t, of.Result, "%s", received)
	return of.Result
}

// says holds a result against what the page shows of it.
func says(t *testing.T, shown string, result any) {
	t.Helper()
	var want any
	require.NoError(t, json.Unmarshal([]byte(shown), &want), shown)
	holds(t, "result", want, result)
}

// holds compares what is shown. An object may leave members out.
func holds(t *testing.T, at string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		require.True(t, ok, "%s: %v", at, got)
		for name, member := range want {
			require.Contains(t, object, name, at)
			holds(t, at+"."+name, member, object[name])
		}
		if strings.HasSuffix(at, ".properties") || strings.HasSuffix(at, ".values") {
			require.Len(t, object, len(want), at)
		}
	case []any:
		list, ok := got.([]any)
		require.True(t, ok, "%s: %v", at, got)
		require.Len(t, list, len(want), at)
		for i := range want {
			holds(t, fmt.Sprintf("%s[%d]", at, i), want[i], list[i])
		}
	case string:
		pattern := "^"
		rest := want
		for _, gap := range shortened.FindAllStringIndex(want, -1) {
			cut := len(want) - len(rest)
			pattern += regexp.QuoteMeta(want[cut:gap[0]]) + "(?s:.*)"
			rest = want[gap[1]:]
		}
		require.Regexp(t, pattern+regexp.QuoteMeta(rest)+"$", got, at)
	default:
		require.Equal(t, want, got, at)
	}
}
