package tool

import (
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
	)
	mcpServer.AddTool(t.Declaration, t.handle)
	return nameNumbers(server.NewStreamableHTTPServer(mcpServer,
		server.WithStateLess(true),
		// A held GET would keep an instance from scaling to zero.
		server.WithDisableStreaming(true),
		// Behind a sidecar every call comes from loopback with the route's name.
		server.WithDisableLocalhostProtection(true),
		server.WithStreamableHTTPProtocolVersions(mcp.ProtocolVersion20260728),
	))
}
