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
	// ServeMetrics adds /metrics to what is served, for a server that only its own
	// machine can reach. Elsewhere the route to the gateway is public, and metrics
	// have a port of their own: see function.Main. Set it before Start.
	ServeMetrics bool

	settings  func() (Config, error)
	prepare   sync.Once
	prepared  atomic.Pointer[gateway]
	telemetry *telemetry.Telemetry
	err       error

	mu       sync.RWMutex
	stopping bool
	inFlight sync.WaitGroup
}

// New is a gateway configured by the environment, which is read by Start or by
// the first request.
func New() *Function { return &Function{settings: configFromEnvironment} }

// NewWithConfig is a gateway configured by its caller. Start reports what is
// wrong with the configuration.
func NewWithConfig(config Config) *Function {
	return &Function{settings: config.withDefaults}
}

// Start reads the configuration and the catalogue. It opens no connection.
func (f *Function) Start(ctx context.Context, _ map[string]string) error {
	_, err := f.gateway(ctx)
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
	go func() { f.inFlight.Wait(); close(drained) }()
	var err error
	select {
	case <-drained:
	case <-ctx.Done():
		err = fmt.Errorf("gateway stopped with calls in flight: %w", ctx.Err())
	}
	f.prepare.Do(func() { f.err = errors.New("gateway is stopped") })
	if g := f.prepared.Load(); g != nil {
		err = errors.Join(err, g.close(ctx))
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
	if g := f.prepared.Load(); g != nil {
		g.drain()
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
	if !f.enter() {
		writeUnavailable(w, "the gateway is shutting down")
		return
	}
	defer f.inFlight.Done()
	g, err := f.gateway(r.Context())
	if err != nil {
		jsonrpc.WriteError(w, http.StatusInternalServerError, jsonrpc.InternalError, "the gateway is misconfigured; retrying will not help: see its log")
		return
	}
	g.ServeHTTP(w, r)
}

func (f *Function) enter() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.stopping {
		return false
	}
	f.inFlight.Add(1)
	return true
}

func (f *Function) gateway(ctx context.Context) (*gateway, error) {
	f.prepare.Do(func() {
		defer func() {
			if f.err != nil {
				slog.ErrorContext(ctx, "gateway cannot start", "error", f.err)
			}
		}()
		config, err := f.settings()
		if err != nil {
			f.err = err
			return
		}
		if f.telemetry, f.err = telemetry.Setup(context.WithoutCancel(ctx), "gateway"); f.err != nil {
			return
		}
		var metrics http.Handler
		if f.ServeMetrics {
			metrics = telemetry.Metrics()
		}
		g, err := newGateway(config, metrics)
		if err != nil {
			f.err = err
			return
		}
		f.prepared.Store(g)
	})
	if g := f.prepared.Load(); g != nil {
		return g, nil
	}
	return nil, f.err
}

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
	_, _ = w.Write([]byte("ok\n"))
	return true
}
