package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
)

func TestMetricsAreServedWithoutAnyExporter(t *testing.T) {
	quiet(t)
	setup(t, "ask")
	counter, err := otel.Meter("test").Int64Counter("mcp.test.calls")
	require.NoError(t, err)
	counter.Add(t.Context(), 3)

	page := scrape(t)
	require.Contains(t, page, "mcp_test_calls_total 3")
	require.Contains(t, page, "go_goroutines")
	require.Contains(t, page, "process_resident_memory_bytes")
	require.Contains(t, page, `service_name="ask"`)
}

func TestMetricsComeInTheFormatThatIsAskedFor(t *testing.T) {
	quiet(t)
	setup(t, "ask")
	for accept, want := range map[string]struct{ contentType, last string }{
		"": {"text/plain; version=0.0.4", ""},
		"application/openmetrics-text;version=1.0.0": {"application/openmetrics-text; version=1.0.0", "# EOF\n"},
	} {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept", accept)
		Metrics().ServeHTTP(recorder, request)
		require.True(t, strings.HasPrefix(recorder.Header().Get("Content-Type"), want.contentType), recorder.Header())
		require.True(t, strings.HasSuffix(recorder.Body.String(), want.last))
		require.Contains(t, recorder.Body.String(), "go_goroutines")
	}
}

func TestCollectorReceivesASpanAndMetricsWhenItsEndpointIsSet(t *testing.T) {
	quiet(t)
	collector := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("K_REVISION", "ask-00007")
	telemetry := setup(t, "ask")

	ctx, span := otel.Tracer("test").Start(t.Context(), "one-span")
	slog.InfoContext(ctx, "one-log-line")
	span.End()
	require.NoError(t, telemetry.Shutdown(t.Context()))

	require.Contains(t, collector.received("/v1/traces"), "one-span")
	require.Contains(t, collector.received("/v1/traces"), "ask-00007")
	require.Contains(t, collector.received("/v1/metrics"), "ask")
}

func TestOnlyTheSignalThatIsAskedForIsExported(t *testing.T) {
	quiet(t)
	collector := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_METRICS_EXPORTER", "none")
	t.Setenv("OTEL_LOGS_EXPORTER", "none")
	telemetry := setup(t, "ask")
	ctx, span := otel.Tracer("test").Start(t.Context(), "one-span")
	slog.InfoContext(ctx, "one-log-line")
	span.End()
	require.NoError(t, telemetry.Shutdown(t.Context()))
	require.NotEmpty(t, collector.received("/v1/traces"))
	require.Empty(t, collector.received("/v1/metrics"))
	require.Empty(t, collector.received("/v1/logs"))
}

func TestNothingIsDialledWhenNothingIsSet(t *testing.T) {
	quiet(t)
	listener, err := net.Listen("tcp", "127.0.0.1:4318")
	if err != nil {
		t.Skip("the default collector port is taken")
	}
	defer listener.Close()
	dialled := make(chan struct{}, 1)
	go func() {
		if _, err := listener.Accept(); err == nil {
			dialled <- struct{}{}
		}
	}()
	telemetry := setup(t, "ask")
	_, span := otel.Tracer("test").Start(t.Context(), "one-span")
	span.End()
	slog.Info("one-log-line")
	require.NoError(t, telemetry.Shutdown(t.Context()))
	select {
	case <-dialled:
		t.Fatal("a collector was dialled that nobody asked for")
	case <-time.After(50 * time.Millisecond):
	}
}

func TestLogsCarryTheTraceWithoutAnyExporter(t *testing.T) {
	logs := quiet(t)
	setup(t, "ask")
	ctx, span := otel.Tracer("test").Start(t.Context(), "one-span")
	defer span.End()
	slog.With("tool", "report").InfoContext(ctx, "answered")
	slog.DebugContext(ctx, "hidden")

	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(logs.String()), &line), logs.String())
	require.Equal(t, span.SpanContext().TraceID().String(), line["trace_id"])
	require.Equal(t, span.SpanContext().SpanID().String(), line["span_id"])
	require.Equal(t, "report", line["tool"])
}

func TestAnAbsentCollectorNeitherBlocksNorOutlastsItsBound(t *testing.T) {
	quiet(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+silent.Addr().String())
	bound := flushTimeout
	flushTimeout = 200 * time.Millisecond
	t.Cleanup(func() { flushTimeout = bound })

	began := time.Now()
	telemetry := setup(t, "ask")
	for range 5000 {
		_, span := otel.Tracer("test").Start(t.Context(), "one-span")
		span.End()
	}
	require.Less(t, time.Since(began), time.Second)
	began = time.Now()
	require.Error(t, telemetry.Shutdown(t.Context()))
	require.Less(t, time.Since(began), 2*time.Second)
}

func TestFunctionsOfOneProcessShareTelemetryUntilTheLastStops(t *testing.T) {
	quiet(t)
	first := setup(t, "local")
	second := setup(t, "ask")
	require.NoError(t, first.Shutdown(t.Context()))
	require.NoError(t, first.Shutdown(t.Context()))
	require.Contains(t, scrape(t), `service_name="local"`)
	require.NoError(t, second.Shutdown(t.Context()))
	setup(t, "ask")
	require.Contains(t, scrape(t), `service_name="ask"`)
}

func TestADisabledSDKKeepsIncomingTracesAndExportsNothing(t *testing.T) {
	logs := quiet(t)
	collector := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_SDK_DISABLED", "true")
	telemetry := setup(t, "ask")
	remote := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	ctx, span := otel.Tracer("test").Start(trace.ContextWithRemoteSpanContext(t.Context(), remote), "one-span")
	slog.InfoContext(ctx, "answered")
	span.End()
	require.Contains(t, scrape(t), "go_goroutines")
	require.NoError(t, telemetry.Shutdown(t.Context()))
	require.Contains(t, logs.String(), remote.TraceID().String())
	require.Empty(t, collector.received("/v1/traces"))
}

func TestAMalformedSettingIsNamed(t *testing.T) {
	quiet(t)
	for name, value := range map[string]string{
		"LOG_LEVEL": "loud", "LOG_FORMAT": "xml", "OTEL_TRACES_EXPORTER": "pigeon",
		"OTEL_METRICS_EXPORTER": "console", "OTEL_LOGS_EXPORTER": "otlp",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			_, err := Setup(t.Context(), "ask")
			require.ErrorContains(t, err, value)
		})
	}
	setup(t, "ask")
}

func TestACollectorsGRPCPortIsRefusedWithTheRemedy(t *testing.T) {
	quiet(t)
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
			t.Setenv(name, "grpc")
			_, err := Setup(t.Context(), "ask")
			require.ErrorContains(t, err, name)
			require.ErrorContains(t, err, "http/protobuf")
		})
	}
}

// logBuffer takes what a telemetry that was given up may still log.
type logBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

func quiet(t *testing.T) *logBuffer {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OTEL_") || strings.HasPrefix(name, "LOG_") {
			t.Setenv(name, "")
		}
	}
	logs, before := &logBuffer{}, output
	output = logs
	t.Cleanup(func() { output = before })
	return logs
}

func setup(t *testing.T, service string) *Telemetry {
	t.Helper()
	telemetry, err := Setup(t.Context(), service)
	require.NoError(t, err)
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	return telemetry
}

func scrape(t *testing.T) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	Metrics().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, recorder.Code)
	return recorder.Body.String()
}

type collector struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string]string
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{bodies: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies[r.URL.Path] += string(body)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) received(path string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bodies[path]
}
