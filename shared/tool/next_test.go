package tool

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

type step struct {
	Last bool `json:"last,omitempty"`
}

func (step) Text() string { return "a step" }

func (s step) CalledNext() []string {
	if s.Last {
		return nil
	}
	return []string{"walk", "rest"}
}

func TestAResponseSaysWhichToolsAreCalledNext(t *testing.T) {
	handler := Define(Definition{Name: "walk"}, func(_ context.Context, in step) (step, error) { return in, nil }).Handler("test", "1")
	call := func(arguments string) http.Header {
		request := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"walk","arguments":`+
			arguments+`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`))
		request.Header = http.Header{
			"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
			"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"walk"},
		}
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		assert.Contains(t, response.Body.String(), "a step")
		return response.Result().Header
	}
	assert.Equal(t, "walk,rest", call(`{}`).Get(CalledNext))
	assert.NotContains(t, call(`{"last":true}`), CalledNext)
}
