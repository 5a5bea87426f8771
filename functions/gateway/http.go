package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

const page = `Sequential Questioning: an MCP server that helps a language model gather
specific information from a person, one good question at a time.

This address speaks the Model Context Protocol over Streamable HTTP: add it to
an MCP client.
`

func (g *gateway) newRoutes(metrics http.Handler) http.Handler {
	endpoint := otelhttp.NewHandler(g.guard(g.identity.Protect(http.HandlerFunc(g.endpoint))), "mcp",
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Path }))
	mux := http.NewServeMux()
	mux.Handle("/{$}", endpoint)
	mux.Handle("/mcp", endpoint)
	mux.Handle(g.identity.MetadataPath(), g.guard(g.identity.Metadata()))
	if metrics != nil {
		mux.Handle("GET /metrics", g.knownHost(metrics))
	}
	return mux
}

// endpoint answers the methods of the Streamable HTTP transport.
func (g *gateway) endpoint(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost:
		g.post(w, r)
	case r.Method == http.MethodGet && r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html"):
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, page)
	default:
		w.Header().Set("Allow", "POST, OPTIONS")
		http.Error(w, "this endpoint takes POST: server messages come in the response to a call", http.StatusMethodNotAllowed)
	}
}

func (g *gateway) post(w http.ResponseWriter, r *http.Request) {
	body, ok := jsonrpc.ReadBody(w, r, g.config.MaxBodyBytes)
	if !ok {
		return
	}
	envelope, code, text := parseEnvelope(body)
	if text != "" {
		jsonrpc.WriteError(w, http.StatusBadRequest, code, text)
		return
	}
	switch mcp.MCPMethod(envelope.Method) {
	case mcp.MethodNotificationCancelled:
		// mcp-go finds the call by session and id, and without a session every
		// client shares one.
		g.cancelled(w, r, envelope.Params)
		return
	case mcp.MethodInitialize:
		// For revisions that know sessions. It tells one client's requests from
		// another's in logs, and what the client can do.
		w.Header().Set(mcp.HeaderSessionID, newSession(envelope.Params))
	}
	if id, ok := isResponse(envelope); ok {
		g.takeResponse(w, r, id, body)
		return
	}
	// The body is read: from here the server's deadlines, which count from the
	// request's start, would only cut long calls.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	if call, target, ok := g.toolCallOf(r, envelope, body); ok {
		g.serve(w, r, target, call)
		return
	}
	writer := &acknowledging{w, make(chan struct{}, 1)}
	g.transport.Handle(writer, &server.HTTPRequest{
		Method:  r.Method,
		URL:     r.URL,
		Header:  r.Header,
		Body:    body,
		Context: context.WithValue(r.Context(), acknowledgingKey{}, writer),
	})
}

type envelope struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// parseEnvelope returns a JSON-RPC error code and text for what is no single
// JSON-RPC message.
func parseEnvelope(body []byte) (parsed envelope, code int, text string) {
	start := bytes.TrimLeft(body, " \t\r\n")
	if len(start) > 0 && start[0] != '{' && json.Valid(body) {
		if start[0] == '[' {
			return parsed, jsonrpc.InvalidRequest, "batches are not supported: send one message per request"
		}
		return parsed, jsonrpc.InvalidRequest, "the request is not a JSON-RPC message"
	}
	if err := json.Unmarshal(body, &parsed); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return parsed, jsonrpc.ParseError, "the request is not JSON: " + err.Error()
		}
		return parsed, jsonrpc.InvalidRequest, "the request is not a JSON-RPC message"
	}
	if len(parsed.ID) > 0 && !strings.ContainsRune(`"-0123456789`, rune(parsed.ID[0])) {
		return parsed, jsonrpc.InvalidRequest, "id must be a string or a number"
	}
	return parsed, 0, ""
}
