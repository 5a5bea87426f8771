package tool

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Handler serves the tool as a whole, stateless MCP server of the one
// revision that needs no session. Any instance can answer any call. name and version
// are the server's in the protocol. The caller limits the body and checks the token.
func (t Tool) Handler(name, version string) http.Handler {
	mcpServer := server.NewMCPServer(name, version,
		server.WithToolCapabilities(false),
		// A panic is a failed call, not a failed process: other calls are in
		// progress.
		server.WithRecovery(),
		server.WithToolFilter(func(context.Context, []mcp.Tool) []mcp.Tool { return []mcp.Tool{t.Declaration} }),
	)
	mcpServer.AddTool(t.called(), t.handle)
	return withHeader(withMCPHeaders(nameNumbers(server.NewStreamableHTTPServer(mcpServer,
		server.WithStateLess(true),
		// A held GET would keep an instance from scaling to zero.
		server.WithDisableStreaming(true),
		// Behind a sidecar every call comes from loopback with the route's name.
		server.WithDisableLocalhostProtection(true),
		server.WithStreamableHTTPProtocolVersions(mcp.ProtocolVersion20260728),
	))))
}

// called is the tool as the MCP server knows it. For every call the server decodes
// the input schema and looks for arguments that travel in headers: a tool without
// any is called by an empty one. Clients are told of the declaration.
func (t Tool) called() mcp.Tool {
	called := t.Declaration
	if len(mcp.ExtractParamHeaderBindings(&called)) == 0 {
		called.RawInputSchema = json.RawMessage(`{"type":"object"}`)
	}
	return called
}
