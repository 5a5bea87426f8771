package gateway

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

// The route leads from anywhere to what the gateway serves.
func TestMetricsAreNotOnTheRoute(t *testing.T) {
	f := NewWith(configured(t))
	require.NoError(t, f.Start(t.Context(), nil))
	t.Cleanup(func() { _ = f.Stop(context.Background()) })
	answer := httptest.NewRecorder()
	f.Handle(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusNotFound, answer.Code)
	require.NotContains(t, answer.Body.String(), "go_goroutines")
}

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
