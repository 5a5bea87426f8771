package tool

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestARequestNeedsNoHeadersOfMCP(t *testing.T) {
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	list := `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + meta + `}}`
	for name, sent := range map[string]struct {
		body   string
		header http.Header
		status int
		answer string
	}{
		"a list":                    {list, http.Header{}, http.StatusOK, `"inputSchema"`},
		"a call":                    {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ada"},` + meta + `}}`, http.Header{}, http.StatusOK, `hello Ada`},
		"headers of another method": {list, http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}}, http.StatusBadRequest, "Mcp-Method"},
		"no message":                {`[`, http.Header{}, http.StatusBadRequest, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(sent.body))
			request.Header = sent.header
			request.Header.Set("Content-Type", "application/json")
			response := httptest.NewRecorder()
			greet(nil).Handler("test", "1").ServeHTTP(response, request)
			assert.Equal(t, sent.status, response.Code, response.Body)
			assert.Contains(t, response.Body.String(), sent.answer)
		})
	}
}
