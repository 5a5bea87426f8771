package gateway

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkHop compares a call made directly with the same call made through
// the gateway, both over loopback HTTP.
func BenchmarkHop(b *testing.B) {
	backend := httptest.NewServer(answering)
	defer backend.Close()
	r := newRouteTo(b, backend.URL)
	call := []byte(`{"jsonrpc":"2.0","id":"1","method":"tools/call","params":{"name":"` + reportTool + `","arguments":{"conversation_id":"c1","context":"` +
		string(bytes.Repeat([]byte("some context "), 40)) + `"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`)
	for _, leg := range []struct{ name, url string }{{"direct", backend.URL}, {"gateway", r.url + "/mcp"}} {
		b.Run(leg.name, func(b *testing.B) {
			took := make([]time.Duration, 0, b.N)
			b.ReportAllocs()
			for b.Loop() {
				began := time.Now()
				request, _ := http.NewRequest(http.MethodPost, leg.url, bytes.NewReader(call))
				request.Header = http.Header{
					"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
					"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {reportTool},
				}
				response, err := http.DefaultClient.Do(request)
				require.NoError(b, err)
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if response.StatusCode != http.StatusOK {
					b.Fatal(response.Status)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}
