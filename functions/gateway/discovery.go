package gateway

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// instructions are what a client's model reads of the server before any tool.
const instructions = `Gathers specific information from a person, a few well-chosen questions at a time, and keeps every answer. ` +
	`Start with sequential_questioning: say what for, what exactly is needed if you know, and in known what the chat already tells. Each result's next says what to do. ` +
	`Put the questions to the person, wait for the reply and send it with sequential_questioning_follow_up until metadata.complete is true, then read what was gathered with sequential_questioning_report. ` +
	`Or let sequential_questioning_automatic ask the person by itself, where the client shows forms.`

// catalogueTTL is how long clients may keep what is listed: a new one comes with a
// new revision of the gateway.
const catalogueTTL = 5 * time.Minute

// newMCPServer returns the server that answers everything but tools/call, from the
// catalogue.
func newMCPServer(listed *catalogue) *server.MCPServer {
	order := make(map[string]int, len(listed.tools))
	for i, entry := range listed.tools {
		order[entry.tool.Name] = i
	}
	hooks := &server.Hooks{}
	hooks.AddAfterSubscriptionsListen(acknowledged)
	s := server.NewMCPServer(listed.server.Name, listed.server.Version,
		server.WithTitle(listed.server.Title),
		server.WithDescription(listed.server.Description),
		server.WithWebsiteURL(listed.server.WebsiteURL),
		server.WithIcons(listed.server.Icons...),
		server.WithInstructions(instructions),
		server.WithToolCapabilities(false),
		server.WithResourceCapabilities(false, false),
		server.WithPromptCapabilities(false),
		server.WithCompletions(),
		server.WithPromptCompletionProvider(names(listed.playbooks)),
		server.WithLogging(), // a function's log messages are passed on
		server.WithHooks(hooks),
		server.WithCacheHints(catalogueTTL.Milliseconds(), mcp.CacheScopePublic),
		server.WithRecovery(),
		// mcp-go lists by name; a filter is its only way to another order.
		server.WithToolFilter(func(_ context.Context, tools []mcp.Tool) []mcp.Tool {
			slices.SortFunc(tools, func(a, b mcp.Tool) int { return order[a.Name] - order[b.Name] })
			return tools
		}),
	)
	for _, entry := range listed.tools {
		s.AddTool(entry.tool, neverCalled)
	}
	servePlaybooks(s, listed.playbooks)
	return s
}

// acknowledgeTimeout bounds the wait for an acknowledgement to be written.
const acknowledgeTimeout = 30 * time.Second

// acknowledged waits until the acknowledgement of a subscription is written.
func acknowledged(ctx context.Context, _ any, _ *mcp.SubscriptionsListenRequest, _ *mcp.SubscriptionsListenResult) {
	writer, ok := ctx.Value(acknowledgingKey{}).(*acknowledging)
	if !ok {
		return
	}
	select {
	case <-writer.written:
	case <-ctx.Done():
	case <-time.After(acknowledgeTimeout):
	}
}

// neverCalled stands for the tools in mcp-go, which answers discovery only:
// calls of known tools are forwarded before they come to it.
func neverCalled(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return nil, fmt.Errorf("%s: not forwarded", request.Params.Name)
}

// acknowledging is the response writer that mcp-go sees. It signals when a first
// event is written: mcp-go drops the acknowledgement of a subscription when the
// result overtakes it.
type acknowledging struct {
	http.ResponseWriter
	written chan struct{}
}

// acknowledgingKey is the context key of the request's *acknowledging.
type acknowledgingKey struct{}

// CanStream makes mcp-go flush: Flush reaches the client.
func (a *acknowledging) CanStream() bool { return true }

// Flush sends what was written.
func (a *acknowledging) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// Write signals the first event of a stream.
func (a *acknowledging) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	if strings.HasPrefix(a.Header().Get("Content-Type"), "text/event-stream") {
		select {
		case a.written <- struct{}{}:
		default:
		}
	}
	return n, err
}

// discover has mcp-go answer a message.
func discover(transport *server.StreamableHTTPServer, w http.ResponseWriter, r *http.Request, body []byte) {
	writer := &acknowledging{w, make(chan struct{}, 1)}
	transport.Handle(writer, &server.HTTPRequest{
		Method:  r.Method,
		URL:     r.URL,
		Header:  r.Header,
		Body:    body,
		Context: context.WithValue(r.Context(), acknowledgingKey{}, writer),
	})
}
