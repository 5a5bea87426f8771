package relay

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	fn "knative.dev/func-go/http"

	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

// What Knative's runtime looks for.
var (
	_ fn.Handler           = (*function.Function)(nil)
	_ fn.Starter           = (*function.Function)(nil)
	_ fn.Stopper           = (*function.Function)(nil)
	_ fn.ReadinessReporter = (*function.Function)(nil)
	_ fn.LivenessReporter  = (*function.Function)(nil)
)

func TestAWrongSettingIsToldAtOnce(t *testing.T) {
	t.Setenv("EVENT_SIGNING_KEYS", "")
	assert.ErrorContains(t, New().Start(t.Context(), nil), "EVENT_SIGNING_KEYS is not set")
	t.Setenv("EVENT_SIGNING_KEYS", keyring.Generate())
	t.Setenv("K_SINK", "broker")
	t.Setenv("DATABASE_URL", "postgres://db/things")
	assert.ErrorContains(t, New().Start(t.Context(), nil), "K_SINK is")
}

func TestItStartsWithoutItsDatabaseAndSaysSo(t *testing.T) {
	t.Setenv("EVENT_SIGNING_KEYS", keyring.Generate())
	t.Setenv("K_SINK", "") // as before a SinkBinding has set it
	t.Setenv("DATABASE_URL", "postgres://someone@127.0.0.1:1/things")
	f := New()
	require.NoError(t, f.Start(t.Context(), nil))
	defer f.Stop(t.Context())
	server := httptest.NewServer(fn.New(f).Handler)
	defer server.Close()
	for path, want := range map[string]int{"/health/liveness": 200, "/health/readiness": 500, "/metrics": 405, "/": 405} {
		response, err := http.Get(server.URL + path)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, want, response.StatusCode, path)
	}
	response, err := http.Post(server.URL, "", nil)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
}
