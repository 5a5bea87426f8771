package monitoring

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/tools"
	"github.com/sequential-questioning/sequential-questioning/tests/transcript"
)

// TestAnAlertLeadsToItsCall follows the steps of docs/monitoring.md: from an alert's
// counter, by its exemplar, to the log lines of the gateway and of the function.
func TestAnAlertLeadsToItsCall(t *testing.T) {
	t.Parallel()
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf") // a collector of traces
	}))
	t.Cleanup(outside.Close)
	traces := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + outside.URL + "/v1/traces"
	ask := startFunction(t, "ask", traces, "DATABASE_URL=postgres://nobody@"+silent(t)+"/none?sslmode=disable&connect_timeout=3")
	gateway := startFunction(t, "gateway", traces, "FUNCTION_URL="+ask.url+"/mcp?of={function}", "FUNCTION_TIMEOUT=1s")

	answer := callWithTrace(t, gateway.url, trace)
	assert.Contains(t, answer, "did not answer within 1s")

	// The exemplar of the error's metric names the call.
	page := scrape(t, gateway.metrics)
	counted := regexp.MustCompile(`(?m)^mcp_gateway_calls_total\{[^}]*outcome="timeout"[^}]*\} .*$`).FindString(page)
	assert.Contains(t, counted, `trace_id="`+trace+`"`)
	slow := regexp.MustCompile(`(?m)^mcp_gateway_call_duration_seconds_bucket\{.*# \{.*$`).FindString(page)
	assert.Contains(t, slow, `trace_id="`+trace+`"`)

	// Its trace id finds the logs that the agents of gitops/platform/logging read.
	require.Eventually(t, func() bool { return strings.Contains(ask.output.String(), trace) }, 10*time.Second, 50*time.Millisecond)
	loki := collect(t, map[string]string{
		"sequential-questioning-prod_gateway-00001_6d1e/user-container/0.log": gateway.output.String(),
		"sequential-questioning-prod_ask-00001_6d1f/user-container/0.log":     ask.output.String(),
		"databases_postgres-prod-1_6d20/postgres/0.log":                       "LOG:  database system is ready\n{broken\n",
	})
	said := map[string]record{}
	for _, r := range loki.wait(t, 4) {
		if r.trace == trace {
			said[r.pod] = r
			assert.Equal(t, "sequential-questioning-prod", r.namespace)
			assert.Equal(t, "user-container", r.container)
		}
	}
	require.Len(t, said, 2)
	assert.Equal(t, "tool call failed", said["gateway-00001"].line)
	assert.Equal(t, "WARN", said["gateway-00001"].attributes["level"])
	assert.Equal(t, "timeout", said["gateway-00001"].attributes["outcome"])
	assert.Contains(t, []string{"dependency unavailable", "call canceled"}, said["ask-00001"].line, "whichever comes first: the database's timeout or the gateway's")
	assert.Equal(t, "sequential_questioning", said["ask-00001"].attributes["tool"])
	assert.Equal(t, trace, said["ask-00001"].attributes["trace_id"], "the field that Grafana derives its link from")
	assert.Contains(t, loki.lines(), "{broken", "lines that are not JSON are kept unchanged")
}

type functionProcess struct {
	url, metrics string
	output       *transcript.Transcript
}

// startFunction runs a function's program as in its image.
func startFunction(t *testing.T, name string, environment ...string) functionProcess {
	t.Helper()
	root, err := tools.Root()
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), name)
	run(t, root, "go", "build", "-o", program, "./functions/"+name+"/cmd/"+name)
	address, metrics := freeAddress(t), freeAddress(t)
	output := start(t, program, nil, append(environment, "LISTEN_ADDRESS="+address, "METRICS_ADDRESS="+metrics, "ALLOW_UNAUTHENTICATED=true"))
	p := functionProcess{"http://" + address, "http://" + metrics, output}
	untilOK(t, p.url+"/health/liveness")
	return p
}

// start runs a program until the test ends.
func start(t *testing.T, program string, args, environment []string) *transcript.Transcript {
	t.Helper()
	output := &transcript.Transcript{}
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = output, output
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		stop()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), output)
		}
	})
	return output
}

func untilOK(t *testing.T, url string) {
	t.Helper()
	require.Eventually(t, func() bool {
		response, err := http.Get(url)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond, url)
}

// silent starts a server that accepts connections and sends nothing, like a hanging database.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}

func callWithTrace(t *testing.T, url, trace string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": "sequential_questioning", "arguments": map[string]any{"context": "Plan a trip"},
		"_meta": map[string]any{"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": map[string]any{}},
	}})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/mcp", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Traceparent": {"00-" + trace + "-00f067aa0ba902b7-01"},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"sequential_questioning"},
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(answer)
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(page)
}

// asPrinted converts a program's output to the log format of container runtimes.
func asPrinted(output string) string {
	var file strings.Builder
	for line := range strings.Lines(output) {
		fmt.Fprintf(&file, "%s stderr F %s\n", time.Now().UTC().Format(time.RFC3339Nano), strings.TrimRight(line, "\n"))
	}
	return file.String()
}
