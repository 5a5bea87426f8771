package tool

import (
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Handler serves the tool as a whole, stateless MCP server of the one
// revision that needs no session. Any instance can answer any call.
func (t Tool) Handler(version string) http.Handler {
	mcpServer := server.NewMCPServer(t.Declaration.Name, version,
		server.WithToolCapabilities(false),
		server.WithRecovery(),
	)
	mcpServer.AddTool(t.Declaration, t.handle)
	return server.NewStreamableHTTPServer(mcpServer,
		server.WithStateLess(true),
		server.WithDisableStreaming(true),
		// Behind a sidecar every call comes from loopback with the route's name.
		server.WithDisableLocalhostProtection(true),
		server.WithStreamableHTTPProtocolVersions(mcp.ProtocolVersion20260728),
	)
}
