package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/sequential-questioning/sequential-questioning/shared/identity"
	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

const instructions = `Gathers specific information from a person, a few well-chosen questions at a time, and keeps every answer. ` +
	`Start with sequential_questioning: say what for and, if you know, what exactly is needed. Put current_question to the person and wait for the reply. ` +
	`Bring each reply to sequential_questioning_follow_up with the conversation_id until metadata.complete is true, then read what was gathered with sequential_questioning_report. ` +
	`Or let sequential_questioning_automatic ask the person by itself, where the client shows forms.`

const catalogueTTL = 5 * time.Minute

// gateway is a Function that has its configuration.
type gateway struct {
	config    Config
	mcp       *server.MCPServer
	transport *server.StreamableHTTPServer
	upstream  http.RoundTripper
	pool      *http.Transport
	targets   map[string]*target // by tool name
	slots     *shares            // of calls of functions
	waits     *shares            // of calls that wait for a person
	pendings  pendings
	waiters   *waiters
	inFlight  *inFlight
	meters    meters
	identity  *identity.Guard
	routes    http.Handler
	origins   origins

	instance string
	calls    atomic.Uint64
	life     context.Context
	end      context.CancelCauseFunc
	draining chan struct{} // closed when no person is waited for any more
	drain    func()
}

// newGateway serves metrics as well where there are any.
func newGateway(config Config, metrics http.Handler) (*gateway, error) {
	listed, err := parseCatalogue(config.catalogue)
	if err != nil {
		return nil, err
	}
	g := &gateway{
		config:   config,
		targets:  map[string]*target{},
		slots:    newShares(config.MaxConcurrentCalls, config.Identity.Issuer == ""),
		waits:    newShares(config.MaxWaitingCalls, config.Identity.Issuer == ""),
		pendings: &memoryPendings{},
		waiters:  &waiters{all: map[string][]chan struct{}{}},
		inFlight: &inFlight{all: map[string]context.CancelCauseFunc{}},
		draining: make(chan struct{}),
		origins:  newOrigins(config.AllowedOrigins),
		instance: rand.Text()[:8],
	}
	if g.meters, err = newMeters(); err != nil {
		return nil, err
	}
	if g.identity, err = identity.New(config.Identity); err != nil {
		return nil, fmt.Errorf("gateway settings: %w", err)
	}
	g.life, g.end = context.WithCancelCause(context.Background())
	g.drain = sync.OnceFunc(func() { close(g.draining) })
	if config.Postgres.URL != "" {
		pool, err := postgres.Open(g.life, config.Postgres)
		if err != nil {
			return nil, fmt.Errorf("gateway settings: %w", err)
		}
		g.pendings = &postgresPendings{pool}
	}

	g.pool = newPool(config.MaxConcurrentCalls)
	g.upstream = otelhttp.NewTransport(inprocess.Transport(g.pool), otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
		return "tools/call " + r.Header.Get(mcp.HeaderName)
	}))

	g.mcp = newMCPServer(listed)
	for _, entry := range listed.tools {
		t, err := newTarget(config, entry)
		if err != nil {
			return nil, fmt.Errorf("tool %s: %w", entry.tool.Name, err)
		}
		g.targets[entry.tool.Name] = t
		g.mcp.AddTool(entry.tool, neverCalled)
	}
	g.transport = server.NewStreamableHTTPServer(g.mcp,
		server.WithStateLess(true),
		server.WithDisableStreaming(true),
		server.WithDisableLocalhostProtection(true), // see ALLOWED_HOSTS
		server.WithStreamableHTTPLogger(slog.Default()),
	)
	g.routes = g.newRoutes(metrics)
	return g, nil
}

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
	servePlaybooks(s, listed.playbooks)
	return s
}

// acknowledged waits until the acknowledgement of a subscription is written.
func acknowledged(ctx context.Context, _ any, _ *mcp.SubscriptionsListenRequest, _ *mcp.SubscriptionsListenResult) {
	writer, ok := ctx.Value(acknowledgingKey{}).(*acknowledging)
	if !ok {
		return
	}
	select {
	case <-writer.written:
	case <-ctx.Done():
	case <-time.After(writeTimeout):
	}
}

// neverCalled stands for the tools in mcp-go, which answers discovery only:
// calls of known tools are forwarded before they come to it.
func neverCalled(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return nil, fmt.Errorf("%s: not forwarded", request.Params.Name)
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.routes.ServeHTTP(w, r) }

var errStopping = errors.New("the gateway is shutting down")

func (g *gateway) close(ctx context.Context) error {
	g.end(errStopping)
	err := g.transport.Shutdown(ctx)
	g.pool.CloseIdleConnections()
	g.pendings.close()
	return err
}
