package monitoring

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// record is a log line that Loki receives.
type record struct {
	namespace, pod, container string
	line, trace               string
	attributes                map[string]string
}

// loki is a fake Loki that records what agents send.
type loki struct {
	mu      sync.Mutex
	records []record
	refuse  bool
}

func (l *loki) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	raw, _ := io.ReadAll(body)
	var request collogs.ExportLogsServiceRequest
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse || r.URL.Path != "/otlp/v1/logs" || proto.Unmarshal(raw, &request) != nil {
		http.Error(w, "refused", http.StatusBadRequest)
		return
	}
	for _, resource := range request.GetResourceLogs() {
		from := values(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeLogs() {
			for _, r := range scope.GetLogRecords() {
				l.records = append(l.records, record{
					from["k8s.namespace.name"], from["k8s.pod.name"], from["k8s.container.name"],
					r.GetBody().GetStringValue(), hex.EncodeToString(r.GetTraceId()), values(r.GetAttributes()),
				})
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func values(attributes []*commonv1.KeyValue) map[string]string {
	found := map[string]string{}
	for _, a := range attributes {
		found[a.GetKey()] = a.GetValue().GetStringValue()
	}
	return found
}

func (l *loki) wait(t *testing.T, atLeast int) []record {
	t.Helper()
	require.Eventually(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.records) >= atLeast
	}, 20*time.Second, 50*time.Millisecond)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records
}

func (l *loki) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for _, r := range l.records {
		lines = append(lines, r.line)
	}
	return lines
}

// collect runs the agent with production's configuration on pods' log files. Only folders,
// ports and Loki's address are replaced.
func collect(t *testing.T, files map[string]string) *loki {
	t.Helper()
	l, _, _ := startAgent(t, files)
	return l
}

func startAgent(t *testing.T, files map[string]string) (l *loki, metrics, folder string) {
	t.Helper()
	l, folder = &loki{}, t.TempDir()
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	printed(t, folder, files)
	metrics = startCollector(t, filepath.Join(platform, "logging", "agent-config.yaml"), map[string]string{
		"/var/log/pods":  folder + "/pods",
		"/var/lib/agent": folder + "/offsets",
		"http://loki.logging.svc.cluster.local:3100": server.URL,
	})
	return l, metrics, folder
}

func printed(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, output := range files {
		path := filepath.Join(folder, "pods", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = file.WriteString(asPrinted(output))
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
}

// startCollector runs a collector with a configuration after the replacements, and returns
// the URL of its metrics.
func startCollector(t *testing.T, config string, replaced map[string]string) (metrics string) {
	t.Helper()
	content, err := os.ReadFile(config)
	require.NoError(t, err)
	health, own := freeAddress(t), freeAddress(t)
	replaced["0.0.0.0:13133"] = health
	replaced["{host: 0.0.0.0, port: 8888,"] = "{host: 127.0.0.1, port: " + own[strings.LastIndex(own, ":")+1:] + ","
	for from, to := range replaced {
		require.True(t, bytes.Contains(content, []byte(from)), "%s does not say %s", config, from)
		content = bytes.ReplaceAll(content, []byte(from), []byte(to))
	}
	file := filepath.Join(t.TempDir(), "collector.yaml")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	start(t, installed(t).Collector, []string{"--config=" + file}, nil)
	untilOK(t, "http://"+health)
	return "http://" + own
}

func TestLogsThatLokiRefusesAreCounted(t *testing.T) {
	t.Parallel()
	const name = "sequential-questioning-prod_ask-00001_6d1f/user-container/0.log"
	l, metrics, folder := startAgent(t, map[string]string{name: `{"level":"INFO","msg":"first"}` + "\n"})
	assert.Equal(t, "first", l.wait(t, 1)[0].line)
	l.mu.Lock()
	l.refuse = true
	l.mu.Unlock()
	printed(t, folder, map[string]string{name: `{"level":"INFO","msg":"second"}` + "\n"})
	require.Eventually(t, func() bool {
		return strings.Contains(scrape(t, metrics), `otelcol_exporter_send_failed_log_records_total{exporter="otlp_http/loki"`)
	}, 20*time.Second, 100*time.Millisecond)
}

func TestTracesThatCannotBeDeliveredAreCounted(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	metrics := startCollector(t, filepath.Join(platform, "monitoring", "collector", "config.yaml"), map[string]string{
		"0.0.0.0:4317": freeAddress(t), "0.0.0.0:4318": address,
		"tempo.monitoring.svc.cluster.local:4317": freeAddress(t), "{max_elapsed_time: 5m}": "{enabled: false}",
	})
	span := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","name":"a"}]}]}]}`
	response, err := http.Post("http://"+address+"/v1/traces", "application/json", strings.NewReader(span))
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Eventually(t, func() bool {
		return strings.Contains(scrape(t, metrics), `otelcol_exporter_send_failed_spans_total{exporter="otlp_grpc/traces"`)
	}, 30*time.Second, 100*time.Millisecond)
}
