package function

import (
	"encoding/json"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// withMCPHeaders gives a request without MCP's headers those that its body implies, so
// that Knative's func invoke, which sends none, can call a tool. Headers are for what stands
// between client and server, and the server still compares those that it gets. The caller
// limits the body.
func withMCPHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get(mcp.HeaderProtocolVersion) != "" {
			next.ServeHTTP(w, r)
			return
		}
		body, err := jsonrpc.BodyOf(r)
		if err != nil {
			http.Error(w, "the request broke off", http.StatusBadRequest)
			return
		}
		jsonrpc.SetBody(r, body)
		var message struct {
			Method string
			Params struct {
				Name string
				Meta struct {
					Revision string `json:"io.modelcontextprotocol/protocolVersion"`
				} `json:"_meta"`
			}
		}
		if json.Unmarshal(body, &message) == nil && message.Params.Meta.Revision != "" { // next refuses what is no message
			r.Header.Set(mcp.HeaderProtocolVersion, message.Params.Meta.Revision)
			r.Header.Set(mcp.HeaderMethod, message.Method)
			if message.Params.Name != "" {
				r.Header.Set(mcp.HeaderName, message.Params.Name)
			}
		}
		next.ServeHTTP(w, r)
	})
}
