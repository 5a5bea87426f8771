package tool

import (
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Handler serves the tool as a whole, stateless MCP server of the one
// revision that needs no session. Any instance can answer any call. name and
// version are what clients are told of the server.
func (t Tool) Handler(name, version string) http.Handler {
	mcpServer := server.NewMCPServer(name, version,
		server.WithToolCapabilities(false),
		server.WithRecovery(),
	)
	mcpServer.AddTool(t.Declaration, t.handle)
	return nameNumbers(server.NewStreamableHTTPServer(mcpServer,
		server.WithStateLess(true),
		server.WithDisableStreaming(true),
		// Behind a sidecar every call comes from loopback with the route's name.
		server.WithDisableLocalhostProtection(true),
		server.WithStreamableHTTPProtocolVersions(mcp.ProtocolVersion20260728),
	))
}
