package indexer_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// deliver sends an event, signed or not, and returns the status.
func deliver(t *testing.T, url string, signer *delivery.Signer, e cloudevents.Event) int {
	t.Helper()
	if signer != nil {
		require.NoError(t, signer.Sign(&e))
	}
	request, err := cloudevents.NewHTTPRequestFromEvent(t.Context(), url, e)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	response.Body.Close()
	return response.StatusCode
}

// It sets the environment, so it is not parallel.
func TestABrokerLearnsWhatBecameOfAnEvent(t *testing.T) {
	w := newWorld(t)
	keys := delivery.SigningConfig{Keys: keyring.Generate()}
	signer, err := delivery.NewSigner(keys)
	require.NoError(t, err)
	t.Setenv("EVENT_SIGNING_KEYS", keys.Keys)
	t.Setenv("DATABASE_URL", w.url)
	t.Setenv("QDRANT_URL", w.qdrant)
	handler, err := indexer.Open()
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	defer server.Close()
	require.NoError(t, handler.Ready(t.Context()))

	id := storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0})
	answer := delivered(t, recorded("local", id, "budget"))
	assert.Equal(t, http.StatusForbidden, deliver(t, server.URL, nil, answer), "nobody signed it")
	assert.Empty(t, w.values(t, "local"))
	assert.Equal(t, http.StatusOK, deliver(t, server.URL, signer, answer))
	assert.Equal(t, http.StatusOK, deliver(t, server.URL, signer, answer), "again")
	assert.Equal(t, map[string]any{"budget": 500.0}, w.values(t, "local"))
	assert.Equal(t, http.StatusUnprocessableEntity, deliver(t, server.URL, signer, delivered(t, erased("local", id))), "it is not erased")
	response, err := http.Post(server.URL, "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode, "no CloudEvent")

	storetest.Exec(t, w.url, `ALTER TABLE processed_events RENAME TO elsewhere`)
	assert.Equal(t, http.StatusInternalServerError, deliver(t, server.URL, signer, delivered(t, recorded("local", id, "budget"))), "a defect")
	handler.Close()
	assert.Error(t, handler.Ready(t.Context()))
}

func TestWhatIsDownIsToBeDeliveredAgain(t *testing.T) {
	keys := delivery.SigningConfig{Keys: keyring.Generate()}
	signer, err := delivery.NewSigner(keys)
	require.NoError(t, err)
	t.Setenv("EVENT_SIGNING_KEYS", keys.Keys)
	t.Setenv("DATABASE_URL", "postgres://someone@127.0.0.1:1/things")
	t.Setenv("QDRANT_URL", "")
	handler, err := indexer.Open()
	require.NoError(t, err)
	defer handler.Close()
	server := httptest.NewServer(handler)
	defer server.Close()
	assert.Equal(t, http.StatusServiceUnavailable, deliver(t, server.URL, signer, delivered(t, erased("local", uuid.NewString()))))
}

func TestWrongSettingsAreReportedAtOnce(t *testing.T) {
	right := map[string]string{"EVENT_SIGNING_KEYS": keyring.Generate(), "DATABASE_URL": "postgres://someone@127.0.0.1:1/things", "QDRANT_URL": ""}
	for name, wrong := range map[string]struct{ value, said string }{
		"EVENT_SIGNING_KEYS":        {"", "EVENT_SIGNING_KEYS is not set"},
		"QDRANT_URL":                {"qdrant:6334", "QDRANT_URL"},
		"DATABASE_URL":              {"://", "DATABASE_URL"},
		"QDRANT_REPLICATION_FACTOR": {"many", `QDRANT_REPLICATION_FACTOR is "many": want a whole number`},
	} {
		t.Run(name, func(t *testing.T) {
			for key, value := range right {
				t.Setenv(key, value)
			}
			t.Setenv(name, wrong.value)
			_, err := indexer.Open()
			assert.ErrorContains(t, err, wrong.said)
		})
	}
}
