package function

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARequestNeedsNoHeadersOfMCP(t *testing.T) {
	const (
		meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`
		list = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + meta + `}}`
		call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet",` + meta + `}}`
	)
	for name, c := range map[string]struct {
		body   string
		sent   http.Header
		wanted []string // protocol version, method, name
	}{
		"a list":                 {list, http.Header{}, []string{"2026-07-28", "tools/list", ""}},
		"a call":                 {call, http.Header{}, []string{"2026-07-28", "tools/call", "greet"}},
		"headers that are there": {call, http.Header{mcp.HeaderProtocolVersion: {"2026-07-28"}, mcp.HeaderMethod: {"tools/list"}}, []string{"2026-07-28", "tools/list", ""}},
		"another revision":       {`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, http.Header{}, []string{"", "", ""}},
		"no message":             {`[`, http.Header{}, []string{"", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
			request.Header = c.sent
			withMCPHeaders(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				assert.Equal(t, c.wanted, []string{r.Header.Get(mcp.HeaderProtocolVersion), r.Header.Get(mcp.HeaderMethod), r.Header.Get(mcp.HeaderName)})
				body, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				assert.Equal(t, c.body, string(body))
			})).ServeHTTP(httptest.NewRecorder(), request)
		})
	}
}
