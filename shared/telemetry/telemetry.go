// Package telemetry gives a process its logs, metrics and traces.
//
// Logs go to stderr, where the platform collects them, and metrics to a Prometheus
// handler, always. OTLP export of traces and metrics happens only when the standard
// OTEL_* variables ask for it.
//
// A process has one telemetry, because OpenTelemetry and slog have global providers;
// the functions of the local program share it. Begin with Setup.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// flushTimeout bounds how long Shutdown waits for a collector. It fits into the
// time that Knative gives an instance to stop. A variable for tests.
var flushTimeout = 5 * time.Second

// output is where logs are written; a variable for tests.
var output io.Writer = os.Stderr

// mu guards current and the number of its users.
var (
	mu      sync.Mutex
	current *pipeline
)

// Telemetry is one user's share of the process's telemetry, which runs until its last
// user has shut down.
type Telemetry struct {
	pipeline *pipeline
	release  func(context.Context) error
}

// Setup starts the process's telemetry, or joins it when it is already
// running: the first caller names the service, and the last Shutdown flushes.
// It opens no connection. A malformed setting is an error; a collector that is down
// is not. Call Shutdown on what it returns.
func Setup(ctx context.Context, service string) (*Telemetry, error) {
	mu.Lock()
	defer mu.Unlock()
	if current == nil {
		started, err := start(ctx, service)
		if err != nil {
			return nil, fmt.Errorf("set up telemetry: %w", err)
		}
		current = started
	}
	current.users++
	return &Telemetry{pipeline: current, release: releaseOnce(current)}, nil
}

// Metrics serves the process's metrics in Prometheus's formats, while its
// telemetry is running.
func Metrics() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		running := current
		mu.Unlock()
		if running == nil {
			http.Error(w, "not started", http.StatusServiceUnavailable)
			return
		}
		running.metrics.ServeHTTP(w, r)
	})
}

// Shutdown ends this user's share. The last one flushes what is pending for at most
// five seconds. Repeated calls do nothing.
func (t *Telemetry) Shutdown(ctx context.Context) error { return t.release(ctx) }

// releaseOnce returns a Shutdown that counts once. It holds the lock while it
// flushes: a Setup meanwhile waits, and does not share providers that are closing.
func releaseOnce(p *pipeline) func(context.Context) error {
	var once sync.Once
	return func(ctx context.Context) (err error) {
		once.Do(func() {
			mu.Lock()
			defer mu.Unlock()
			if p.users--; p.users > 0 {
				return
			}
			current = nil
			err = p.stop(ctx)
		})
		return err
	}
}

// pipeline is the telemetry of the process. restore gives slog its previous
// default, which matters to tests that set up telemetry more than once.
type pipeline struct {
	users     int
	metrics   http.Handler
	shutdowns []func(context.Context) error
	restore   func()
}

// start installs the global providers, propagators and logger. Errors of exporting
// are logged to stderr only: logged through the exporter that fails, they would
// cause the next one.
func start(ctx context.Context, service string) (*pipeline, error) {
	settings, err := readLogSettings()
	if err != nil {
		return nil, err
	}
	if err := checkLogs(); err != nil {
		return nil, err
	}
	disabled := sdkDisabled()
	registry := newRegistry()
	p := &pipeline{metrics: page(registry)}
	logger := slog.New(settings.handler(output))

	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	otel.SetErrorHandler(&errorLog{logger: logger, now: time.Now})
	if disabled {
		otel.SetTracerProvider(tracenoop.NewTracerProvider())
		otel.SetMeterProvider(metricnoop.NewMeterProvider())
	} else {
		res, err := newResource(ctx, service)
		if err != nil {
			return nil, err
		}
		if err := p.export(ctx, res, registry); err != nil {
			_ = p.stop(ctx)
			return nil, err
		}
	}

	previous := slog.Default()
	p.restore = func() { slog.SetDefault(previous) }
	slog.SetDefault(logger)
	return p, nil
}

// export installs the providers.
func (p *pipeline) export(ctx context.Context, res *resource.Resource, registry registerer) error {
	traces := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	switch wanted, err := exported("TRACES"); {
	case err != nil:
		return err
	case wanted:
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return fmt.Errorf("export traces: %w", err)
		}
		traces = append(traces, sdktrace.WithBatcher(exporter))
	default:
		// Ids for the logs, at the price of nothing else.
		traces = append(traces, sdktrace.WithSampler(sdktrace.NeverSample()))
	}
	tracerProvider := sdktrace.NewTracerProvider(traces...)
	p.shutdowns = append(p.shutdowns, tracerProvider.Shutdown)

	meterProvider, err := newMeterProvider(ctx, res, registry)
	if err != nil {
		return err
	}
	p.shutdowns = append(p.shutdowns, meterProvider.Shutdown)

	otel.SetTracerProvider(tracerProvider)
	otel.SetMeterProvider(meterProvider)
	return nil
}

// stop flushes all signals at once and does not wait for a provider that ignores
// its context.
func (p *pipeline) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	errs := make([]error, len(p.shutdowns))
	var wg sync.WaitGroup
	for i, shutdown := range p.shutdowns {
		wg.Go(func() { errs[i] = shutdown(ctx) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	if p.restore != nil {
		defer p.restore()
	}
	select {
	case <-done:
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("flush telemetry: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("flush telemetry: %w", ctx.Err())
	}
}
