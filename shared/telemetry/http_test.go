package telemetry

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// recorded sets up telemetry whose spans are recorded.
func recorded(t *testing.T) *tracetest.SpanRecorder {
	t.Helper()
	quiet(t)
	setup(t, "ask")
	spans := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	return spans
}

func named(name string) SpanName { return func(*http.Request) string { return name } }

func attributeOf(span sdktrace.ReadOnlySpan, key attribute.Key) string {
	for _, a := range span.Attributes() {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}

func TestOneTraceGoesFromTheClientThroughTheServer(t *testing.T) {
	spans := recorded(t)
	server := httptest.NewServer(Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "no")
	}), named("served")))
	defer server.Close()

	ctx, own := otel.Tracer("test").Start(t.Context(), "own")
	request, err := http.NewRequestWithContext(ctx, "BREW", server.URL+"/mcp", nil)
	require.NoError(t, err)
	response, err := (&http.Client{Transport: Transport(http.DefaultTransport, named("sent"))}).Do(request)
	require.NoError(t, err)
	require.Empty(t, request.Header, "a transport does not change what it is given")
	require.Eventually(t, func() bool { return len(spans.Ended()) == 1 }, time.Second, time.Millisecond, "the server's; the client's lasts as long as the body")
	_, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	own.End()

	ended := spans.Ended()
	require.Len(t, ended, 3)
	served, sent := ended[0], ended[1]
	require.Equal(t, "served", served.Name())
	require.Equal(t, trace.SpanKindServer, served.SpanKind())
	require.Equal(t, sent.SpanContext().SpanID(), served.Parent().SpanID())
	require.Equal(t, own.SpanContext().SpanID(), sent.Parent().SpanID())
	require.Equal(t, own.SpanContext().TraceID(), served.SpanContext().TraceID())
	require.Equal(t, codes.Error, served.Status().Code)
	for _, span := range []sdktrace.ReadOnlySpan{served, sent} {
		require.Equal(t, "503", attributeOf(span, "http.response.status_code"))
		require.Equal(t, "_OTHER", attributeOf(span, "http.request.method"))
	}
	page := scrape(t)
	require.Regexp(t, `http_server_request_duration_seconds_count\{http_request_method="_OTHER",http_response_status_code="503"\} 1`, page)
	require.NotContains(t, page, "server_address", "callers choose it")
}

func TestAFailedRequestEndsItsSpan(t *testing.T) {
	spans := recorded(t)
	transport := Transport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("unreachable") }), named("sent"))
	_, err := transport.RoundTrip(httptest.NewRequest(http.MethodGet, "http://ask.invalid/", nil))
	require.ErrorContains(t, err, "unreachable")
	require.Len(t, spans.Ended(), 1)
	require.Equal(t, codes.Error, spans.Ended()[0].Status().Code)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAHandlerCanStillStreamAndSetDeadlines(t *testing.T) {
	recorded(t)
	proceed := make(chan struct{})
	server := httptest.NewServer(Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-proceed
	}), named("served")))
	defer server.Close()
	response, err := http.Get(server.URL)
	require.NoError(t, err)
	defer response.Body.Close()
	first := make([]byte, len("first"))
	_, err = io.ReadFull(response.Body, first)
	require.NoError(t, err)
	require.Equal(t, "first", string(first))
	close(proceed)
}

func TestARequestWhoseHandlerPanicsIsMeasured(t *testing.T) {
	spans := recorded(t)
	handler := Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), named("served"))
	require.Panics(t, func() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")))
	})
	require.Len(t, spans.Ended(), 1)
}
