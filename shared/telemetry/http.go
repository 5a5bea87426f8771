package telemetry

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// This file does what otelhttp does, for a program's own servers and clients, in
// the words of OpenTelemetry's semantic conventions for HTTP. otelhttp makes a type
// for every set of interfaces that a response writer may have, with 4,600 methods:
// 1.6 MB of a program.

const scope = "github.com/sequential-questioning/sequential-questioning/shared/telemetry"

// SpanName names the span of a request.
type SpanName func(*http.Request) string

// Handler gives each request a span, which continues the caller's trace, and
// measures its duration as http.server.request.duration, by method and status.
// Use http.NewResponseController for what a response writer can do beyond Flush.
func Handler(next http.Handler, name SpanName) http.Handler {
	durations, _ := otel.Meter(scope).Float64Histogram("http.server.request.duration", // errs on a bad name only
		metric.WithUnit("s"), metric.WithDescription("Duration of HTTP server requests."),
		metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10))
	labels := NewLabels(func(kind requestKind) []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("http.request.method", kind.method), attribute.Int("http.response.status_code", kind.status)}
	})
	return &server{next: next, name: name, tracer: otel.Tracer(scope), durations: durations, labels: labels}
}

type server struct {
	next      http.Handler
	name      SpanName
	tracer    trace.Tracer
	durations metric.Float64Histogram
	labels    *Labels[requestKind]
}

// requestKind is what durations are distinguished by. Its values are bounded: a
// caller could otherwise make as many time series as it likes.
type requestKind struct {
	method string
	status int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := s.tracer.Start(ctx, s.name(r), trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("http.request.method", methodOf(r)),
			attribute.String("url.path", r.URL.Path),
			attribute.String("server.address", r.Host),
			attribute.String("user_agent.original", r.UserAgent()))
	}
	observed := &responseWriter{ResponseWriter: w}
	// Also after a panic, which net/http recovers.
	defer func() {
		status := observed.status
		if status == 0 {
			status = http.StatusOK
		}
		if span.IsRecording() {
			span.SetAttributes(attribute.Int("http.response.status_code", status))
			if status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
		}
		span.End()
		s.durations.Record(ctx, time.Since(began).Seconds(), s.labels.For(requestKind{methodOf(r), status}))
	}()
	s.next.ServeHTTP(observed, r.WithContext(ctx))
}

// methodOf returns a method that is known, or _OTHER.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return r.Method
	}
	return "_OTHER"
}

// responseWriter notes the status.
type responseWriter struct {
	http.ResponseWriter
	status int
}

// Unwrap is for http.ResponseController.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the final status; those below 200 only announce it.
func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Flush is for handlers that look for an http.Flusher.
func (w *responseWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() } // or it is not streamed

// Transport gives each request a span, which ends with the response's body, and
// tells the receiver of the trace.
func Transport(next http.RoundTripper, name SpanName) http.RoundTripper {
	return &client{next, name, otel.Tracer(scope)}
}

type client struct {
	next   http.RoundTripper
	name   SpanName
	tracer trace.Tracer
}

func (c *client) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := c.tracer.Start(r.Context(), c.name(r), trace.WithSpanKind(trace.SpanKindClient))
	r = inTrace(ctx, r)
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("http.request.method", methodOf(r)),
			attribute.String("url.full", r.URL.Redacted()),
			attribute.String("server.address", r.URL.Hostname()))
		if port, err := strconv.Atoi(r.URL.Port()); err == nil {
			span.SetAttributes(attribute.Int("server.port", port))
		}
	}
	response, err := c.next.RoundTrip(r)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		span.End()
		return nil, err
	}
	if !span.IsRecording() {
		span.End()
		return response, nil
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	if response.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	response.Body = &spanBody{ReadCloser: response.Body, span: span}
	return response, nil
}

// inTrace returns the request with the headers that continue the trace of ctx. A
// transport may not change the request that it was given.
func inTrace(ctx context.Context, r *http.Request) *http.Request {
	r = r.WithContext(ctx)
	header := make(http.Header, len(r.Header)+1)
	for name, values := range r.Header {
		header[name] = values
	}
	otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(header))
	r.Header = header
	return r
}

// spanBody ends a span at the body's end, or when it is closed.
type spanBody struct {
	io.ReadCloser
	span trace.Span
}

// Read passes on what is read.
func (b *spanBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.span.End() // the first end counts
	}
	return n, err
}

// Close closes the body.
func (b *spanBody) Close() error {
	b.span.End()
	return b.ReadCloser.Close()
}
