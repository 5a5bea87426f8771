package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func TestCallsThatHadToStartTheirFunctionAreMeasuredApart(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(function.ColdStart, "true")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(backend.Close)
	r := newRouteTo(t, backend.URL)
	r.callReport(t, "2025-06-18")
	page := r.send(t, http.MethodGet, "/metrics", "").body
	require.Regexp(t, `mcp_gateway_call_duration_seconds_count\{cold="true",tool="sequential_questioning_report"\} \d+`, page)
}
