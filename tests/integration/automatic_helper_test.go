package integration

import (
	"context"
	"net/http"
	"net/http/httptest"

	"github.com/mark3labs/mcp-go/mcp"
)

// elicitationHandler is a client's person, as a function.
type elicitationHandler func(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error)

func (f elicitationHandler) Elicit(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return f(ctx, request)
}

// roundRobin sends each request to the next of the servers.
func roundRobin(servers chan *httptest.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server := <-servers
		servers <- server
		server.Config.Handler.ServeHTTP(w, r)
	})
}
