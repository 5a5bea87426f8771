package gateway

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/sequential-questioning/sequential-questioning/shared/identity"
	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

// page is what a person finds who opens the gateway's address in a browser.
const page = `Sequential Questioning: an MCP server that helps a language model gather
specific information from a person, one good question at a time.

This address speaks the Model Context Protocol over Streamable HTTP: add it to
an MCP client.
`

// router serves MCP. A request goes one way: its host and origin are checked, then
// its token (newRoutes), its message is parsed (post), and it is answered by
// toolCalls, by the bridge, or from the catalogue by discovery.
type router struct {
	maxBody   int64 // bytes
	targets   map[string]*target
	calls     *toolCalls
	bridge    *bridge
	waker     *waker
	discovery *server.StreamableHTTPServer
	routes    http.Handler

	end context.CancelCauseFunc // of everything in flight
}

// newRouter connects nothing yet.
func newRouter(config Config) (*router, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	listed, err := parseCatalogue(config.catalogue)
	if err != nil {
		return nil, err
	}
	guard, err := identity.New(config.Identity)
	if err != nil {
		return nil, fmt.Errorf("gateway settings: %w", err)
	}
	measured, err := newMeters()
	if err != nil {
		return nil, err
	}
	targets, err := newTargets(config, listed)
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancelCause(context.Background())
	pendings, err := openPendings(life, config.Postgres)
	if err != nil {
		end(err)
		return nil, err
	}
	forward := newForwarder(life, config)
	asking := &bridge{
		forwarder: forward, targets: targets, pendings: pendings, waiters: newWaiters(config, pendings),
		quota:   newQuota(config.MaxWaitingCalls, config.Identity.Issuer == ""),
		waiting: measured.waiting, timeout: config.ElicitationTimeout,
	}
	waking := newWaker(life, config, targets, listed, inprocess.Transport(forward.pool), measured.wakes)
	rt := &router{
		maxBody: config.MaxBodyBytes,
		targets: targets,
		calls: &toolCalls{
			forwarder: forward, bridge: asking, meters: measured,
			inFlight: &inFlight{all: map[string]context.CancelCauseFunc{}}, waker: waking,
			rates:   newRateLimit(config.CallsPerMinute, config.Identity.Issuer == ""),
			timeout: config.ElicitationCallTimeout, rounds: config.ElicitationRounds,
			startup: newStartup(config),
		},
		bridge: asking,
		waker:  waking,
		discovery: server.NewStreamableHTTPServer(newMCPServer(listed),
			server.WithStateLess(true),
			server.WithDisableStreaming(true),
			server.WithDisableLocalhostProtection(true), // see ALLOWED_HOSTS
			server.WithStreamableHTTPLogger(slog.Default()),
		),
		end: end,
	}
	rt.routes = rt.newRoutes(config, guard)
	return rt, nil
}

// newTargets returns the tools that can be called, by name.
func newTargets(config Config, listed *catalogue) (map[string]*target, error) {
	targets := make(map[string]*target, len(listed.tools))
	for _, entry := range listed.tools {
		t, err := newTarget(config, entry)
		if err != nil {
			return nil, fmt.Errorf("tool %s: %w", entry.tool.Name, err)
		}
		targets[entry.tool.Name] = t
	}
	return targets, nil
}

// openPendings returns a store in the database, or one in memory without a URL.
func openPendings(life context.Context, config postgres.Config) (pendingStore, error) {
	if config.URL == "" && config.Locate == nil {
		return &memoryStore{}, nil
	}
	pool, err := postgres.Open(life, config)
	if err != nil {
		return nil, fmt.Errorf("gateway settings: %w", err)
	}
	return &postgresStore{pool}, nil
}

// newRoutes guards the endpoint in this order: the host, the origin, the token. The
// metadata of RFC 9728, from which a client learns where to get a token, needs none.
// The page is served on the same path as the endpoint, to browsers that ask for HTML.
func (rt *router) newRoutes(config Config, caller *identity.Guard) http.Handler {
	allowed := newOrigins(config.AllowedOrigins)
	endpoint := telemetry.Handler(guard(config.AllowedHosts, allowed, caller.Protect(http.HandlerFunc(rt.endpoint))),
		func(r *http.Request) string { return r.Method + " " + r.URL.Path })
	mux := http.NewServeMux()
	mux.Handle("/{$}", endpoint)
	mux.Handle("/mcp", endpoint)
	mux.Handle(caller.MetadataPath(), guard(config.AllowedHosts, allowed, caller.Metadata()))
	if config.ServeMetrics {
		mux.Handle("GET /metrics", knownHost(config.AllowedHosts, telemetry.Metrics()))
	}
	return mux
}

// ServeHTTP serves the routes.
func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) { rt.routes.ServeHTTP(w, r) }

// endpoint answers the methods of the Streamable HTTP transport.
func (rt *router) endpoint(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost:
		rt.post(w, r)
	case r.Method == http.MethodGet && r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html"):
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, page)
	default:
		w.Header().Set("Allow", "POST, OPTIONS")
		http.Error(w, "this endpoint takes POST: server messages come in the response to a call", http.StatusMethodNotAllowed)
	}
}

// post reads a message, or a batch of them, and has it answered.
func (rt *router) post(w http.ResponseWriter, r *http.Request) {
	body, ok := jsonrpc.ReadBody(w, r, rt.maxBody)
	if !ok {
		return
	}
	// The body is read: from here the server's deadlines, which count from the
	// request's start, would only cut long calls.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	if isBatch(r.Header, body) {
		serveBatch(w, r, body, rt.message)
		return
	}
	rt.message(w, r, body)
}

// message has one message answered.
func (rt *router) message(w http.ResponseWriter, r *http.Request, body []byte) {
	message, code, text := parseEnvelope(body)
	if text != "" {
		jsonrpc.WriteError(w, http.StatusBadRequest, code, text)
		return
	}
	switch mcp.MCPMethod(message.Method) {
	case mcp.MethodNotificationCancelled:
		// mcp-go finds the call by session and id, and without a session every
		// client shares one.
		rt.calls.cancel(w, r, message.Params)
		return
	case mcp.MethodInitialize:
		// For revisions with sessions. It distinguishes clients in logs, and
		// encodes what the client can do.
		w.Header().Set(mcp.HeaderSessionID, newSession(message.Params))
	}
	if id, ok := message.formResponseID(); ok {
		rt.bridge.receive(w, r, id, body)
		return
	}
	if call, target, ok := parseToolCall(r, message, body, rt.targets); ok {
		rt.calls.serve(w, r, target, call)
		return
	}
	switch mcp.MCPMethod(message.Method) {
	case mcp.MethodInitialize, mcp.MethodServerDiscover, mcp.MethodToolsList:
		rt.waker.listing(r.Context())
	}
	discover(rt.discovery, w, r, body)
}

// drain ends the waits for people, now and later.
func (rt *router) drain() { rt.bridge.waiters.drain() }

// close cuts what is in flight.
func (rt *router) close(ctx context.Context) error {
	rt.end(errStopping)
	err := rt.discovery.Shutdown(ctx)
	rt.waker.close()
	rt.calls.forwarder.pool.CloseIdleConnections()
	rt.bridge.pendings.close()
	return err
}
