// Package function gives a tool, or another handler of requests, the shape of a
// Knative function: Handle and the hooks that Knative's Go runtime calls.
package function

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/identity"
	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

// Backend is what a function works on.
type Backend interface {
	// Ready reports whether a request would find what it needs.
	Ready(context.Context) error
	Close()
}

// Service is a backend that serves requests itself.
type Service interface {
	http.Handler
	Backend
}

// Function serves requests. It opens its backend when it starts, which makes
// no connection: an instance is ready to be called at once. Tools, the relay and
// the indexer have this one lifecycle; the gateway, which has to drain waiting
// calls before it stops, has its own.
type Function struct {
	name      string
	start     func() error
	handler   http.Handler
	backend   Backend
	telemetry *telemetry.Telemetry
}

// New returns the function name for the tool that define makes of a backend. It
// checks who calls, and bounds bodies and the memory that they take.
func New[B Backend](name string, open func() (B, error), define func(B) tool.Tool) *Function {
	return serve(name, func() (http.Handler, Backend, error) {
		var config identity.Config
		if err := settings.Parse(&config); err != nil {
			return nil, nil, err
		}
		guard, err := identity.New(config)
		if err != nil {
			return nil, nil, fmt.Errorf("read configuration: %w", err)
		}
		backend, err := open()
		if err != nil {
			return nil, nil, err
		}
		calls := guard.Protect(bounded(jsonrpc.MaxBodyBytes, withMCPHeaders(define(backend).Handler(Product, version.Version))))
		return firstMarked(calls), backend, nil
	})
}

// Serve returns the function name for the service that open returns: one on the
// eventing side, which knows its callers by itself. It takes POST requests with
// bodies of up to jsonrpc.MaxBodyBytes, many times the longest event.
func Serve(name string, open func() (Service, error)) *Function {
	return serve(name, func() (http.Handler, Backend, error) {
		service, err := open()
		if err != nil {
			return nil, nil, err
		}
		return posted(jsonrpc.MaxBodyBytes, service), service, nil
	})
}

func serve(name string, open func() (http.Handler, Backend, error)) *Function {
	f := &Function{name: name}
	f.start = sync.OnceValue(func() error { return f.open(open) })
	return f
}

// Start opens the backend. A wrong setting is an error here, at once.
func (f *Function) Start(context.Context, map[string]string) error { return f.start() }

func (f *Function) open(open func() (http.Handler, Backend, error)) error {
	running, err := telemetry.Setup(context.Background(), f.name)
	if err != nil {
		return err
	}
	handler, backend, err := open()
	if err != nil {
		return errors.Join(fmt.Errorf("open %s: %w", f.name, err), running.Shutdown(context.Background()))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("/", telemetry.Handler(unlimitedWrite(handler), func(*http.Request) string { return f.name }))
	f.handler, f.backend, f.telemetry = mux, backend, running
	return nil
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

// Product is the one server that the functions are to their clients.
const Product = "sequential-questioning"
