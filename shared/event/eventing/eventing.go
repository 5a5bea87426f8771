// Package eventing gives what works on events the shape of a Knative function:
// Handle and the hooks that Knative's Go runtime calls.
package eventing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/caarlos0/env/v11"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

// Backend does the work.
type Backend interface {
	http.Handler
	// Ready reports whether a request would find what it needs.
	Ready(context.Context) error
	Close()
}

// Config is what every function on the eventing side reads from its environment.
type Config struct {
	MaxBodyBytes int64 `env:"MAX_BODY_BYTES" envDefault:"1048576"`
}

// Function serves a backend. It opens it when it starts, which makes no
// connection.
type Function struct {
	name      string
	start     func() error
	handler   http.Handler
	backend   Backend
	telemetry *telemetry.Telemetry
}

// New returns the function name with the backend that open returns.
func New(name string, open func() (Backend, error)) *Function {
	f := &Function{name: name}
	f.start = sync.OnceValue(func() error { return f.open(open) })
	return f
}

// Start opens the backend. A wrong setting is an error here, at once.
func (f *Function) Start(context.Context, map[string]string) error { return f.start() }

func (f *Function) open(open func() (Backend, error)) error {
	var config Config
	if err := env.Parse(&config); err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	shown, err := telemetry.Setup(context.Background(), f.name)
	if err != nil {
		return fmt.Errorf("set up telemetry: %w", err)
	}
	backend, err := open()
	if err != nil {
		return errors.Join(fmt.Errorf("open %s: %w", f.name, err), shown.Shutdown(context.Background()))
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", shown.Handler())
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("/", otelhttp.NewHandler(bounded(config.MaxBodyBytes, backend), f.name,
		otelhttp.WithSpanNameFormatter(func(name string, _ *http.Request) string { return name })))
	f.handler, f.backend, f.telemetry = mux, backend, shown
	return nil
}

// bounded takes POST with a body that is not too long, and lifts the runtime's
// write deadline: what a request does is bounded by itself.
func bounded(limit int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "use POST", http.StatusMethodNotAllowed)
			return
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // not every writer has one
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}

// Handle serves a request, starting first where the runtime has not yet.
func (f *Function) Handle(w http.ResponseWriter, r *http.Request) {
	if err := f.start(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	f.handler.ServeHTTP(w, r)
}

// Ready reports whether the function's backend is.
func (f *Function) Ready(ctx context.Context) (bool, error) {
	if err := f.start(); err != nil {
		return false, err
	}
	if err := f.backend.Ready(ctx); err != nil {
		return false, err
	}
	return true, nil
}

// Alive reports that the process serves requests.
func (f *Function) Alive(context.Context) (bool, error) { return true, nil }

// Stop closes the backend and sends what telemetry is left.
func (f *Function) Stop(ctx context.Context) error {
	if f.backend == nil {
		return nil
	}
	f.backend.Close()
	return f.telemetry.Shutdown(ctx)
}
