// Package gateway is the one URL that MCP clients know. It answers discovery
// from a catalogue, so that no tool wakes for it, and forwards each tools/call
// to the tool's own function. It alone knows revisions older than 2026-07-28.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

// Function is the gateway as a Knative function.
type Function struct {
	settings  func() (Config, error)
	prepare   sync.Once
	prepared  atomic.Pointer[router]
	telemetry *telemetry.Telemetry
	err       error

	mu       sync.RWMutex // guards stopping
	stopping bool
	requests sync.WaitGroup // under way
}

// New returns an instance of the function, configured by its environment.
func New() *Function { return NewWith(FromEnvironment) }

// NewWith returns a gateway with the configuration that settings returns, which is
// called by Start or by the first request.
func NewWith(settings func() (Config, error)) *Function { return &Function{settings: settings} }

// Start reads the configuration and the catalogue. It opens no connection.
func (f *Function) Start(ctx context.Context, _ map[string]string) error {
	_, err := f.open(ctx)
	return err
}

// Stop refuses new requests, waits for those in flight until ctx ends, then
// cuts them and flushes telemetry.
func (f *Function) Stop(ctx context.Context) error {
	f.mu.Lock()
	f.stopping = true
	f.mu.Unlock()
	f.Drain()

	drained := make(chan struct{})
	go func() { f.requests.Wait(); close(drained) }()
	var err error
	select {
	case <-drained:
	case <-ctx.Done():
		err = fmt.Errorf("gateway stopped with calls in flight: %w", ctx.Err())
	}
	f.prepare.Do(func() { f.err = errors.New("gateway is stopped") })
	if rt := f.prepared.Load(); rt != nil {
		err = errors.Join(err, rt.close(ctx))
	}
	if f.telemetry != nil {
		err = errors.Join(err, f.telemetry.Shutdown(context.WithoutCancel(ctx)))
	}
	return err
}

// Drain ends the calls that wait for people, who may take longer than a shutdown:
// they return the questions as text, and their forms stay pending. Call it before
// http.Server.Shutdown of the server that serves Handle, which waits for calls.
func (f *Function) Drain() {
	if rt := f.prepared.Load(); rt != nil {
		rt.drain()
	}
}

// Ready is true between Start and Stop. No function has to be up for it.
func (f *Function) Ready(context.Context) (bool, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.stopping {
		return false, nil
	}
	return f.prepared.Load() != nil, nil
}

// Alive is true: nothing here can wedge that a restart would cure.
func (f *Function) Alive(context.Context) (bool, error) { return true, nil }

// Handle serves MCP on / and /mcp, and health on /health….
func (f *Function) Handle(w http.ResponseWriter, r *http.Request) {
	if f.health(w, r) {
		return
	}
	if !f.admit() {
		writeUnavailable(w, "the gateway is shutting down")
		return
	}
	defer f.requests.Done()
	rt, err := f.open(r.Context())
	if err != nil {
		jsonrpc.WriteError(w, http.StatusInternalServerError, jsonrpc.InternalError, "the gateway is misconfigured; retrying will not help: see its log")
		return
	}
	rt.ServeHTTP(w, r)
}

// admit counts a request in, unless the gateway stops.
func (f *Function) admit() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.stopping {
		return false
	}
	f.requests.Add(1)
	return true
}

// open prepares the router once.
func (f *Function) open(ctx context.Context) (*router, error) {
	f.prepare.Do(func() {
		if f.err = f.setUp(ctx); f.err != nil {
			slog.ErrorContext(ctx, "gateway cannot start", "error", f.err)
		}
	})
	if rt := f.prepared.Load(); rt != nil {
		return rt, nil
	}
	return nil, f.err
}

// setUp does what is done once: read the settings, start telemetry, build the router.
// Nothing is retried: a wrong setting stays wrong until a new revision is deployed.
func (f *Function) setUp(ctx context.Context) error {
	config, err := f.settings()
	if err != nil {
		return err
	}
	if f.telemetry, err = telemetry.Setup(context.WithoutCancel(ctx), "gateway"); err != nil {
		return err
	}
	rt, err := newRouter(config)
	if err != nil {
		return err
	}
	f.prepared.Store(rt)
	rt.waker.started()
	return nil
}

// health answers what Knative probes, and says whether the request is a probe. The body
// is a comment of Prometheus' text format, so that a scrape of the public address
// succeeds where the gateway is ready: gitops/platform/monitoring/targets/route.yaml.
func (f *Function) health(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case "/health", "/health/readiness":
		if ready, _ := f.Ready(r.Context()); !ready {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return true
		}
	case "/health/liveness":
	default:
		return false
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("# ok\n"))
	return true
}
