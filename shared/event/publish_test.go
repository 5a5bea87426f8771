package event

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

func waiting(t *testing.T) Waiting {
	t.Helper()
	data, err := json.Marshal(one()[4])
	require.NoError(t, err)
	return Waiting{ID: uuid.New(), ConversationID: uuid.MustParse(conversationID), Type: TypeConversationErased, Data: data, CreatedAt: time.Now()}
}

func TestAnEventIsSentInBinaryModeWithWhatTheBindingAdds(t *testing.T) {
	w := waiting(t)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		assert.JSONEq(t, string(w.Data), string(body))
		for header, want := range map[string]string{
			"Ce-Specversion": "1.0", "Ce-Id": w.ID.String(), "Ce-Source": Source, "Ce-Type": string(w.Type),
			"Ce-Subject": conversationID, "Ce-Cluster": "eu", "Content-Type": "application/json",
		} {
			assert.Equal(t, want, r.Header.Get(header), header)
		}
		assert.True(t, strings.HasPrefix(r.Header.Get("Ce-"+SignatureExtension), "v1.k1."))
	}))
	defer sink.Close()
	s, err := NewSink(SinkConfig{URL: sink.URL, Overrides: `{"extensions":{"cluster":"eu"}}`, Timeout: time.Second}, newSigner(t, keyring.Generate()))
	require.NoError(t, err)
	defer s.Close()
	assert.NoError(t, s.Publish(t.Context(), w.CloudEvent()))
}

func TestASinksAnswerTellsWhatToDo(t *testing.T) {
	status := 0
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, strings.Repeat("no ", 1000))
	}))
	defer sink.Close()
	s, err := NewSink(SinkConfig{URL: sink.URL, Timeout: time.Second}, newSigner(t, keyring.Generate()))
	require.NoError(t, err)
	for code, want := range map[int]struct{ away, final bool }{
		400: {false, true}, 404: {false, false}, 408: {false, false}, 409: {false, false}, 413: {false, true}, 422: {false, true},
		429: {true, false}, 500: {false, false}, 502: {true, false}, 503: {true, false}, 504: {true, false},
	} {
		status = code
		var refused *Refused
		require.ErrorAs(t, s.Publish(t.Context(), waiting(t).CloudEvent()), &refused)
		assert.Equal(t, want.away, refused.Away(), code)
		assert.Equal(t, want.final, refused.Final(), code)
		assert.Less(t, len(refused.Error()), 700)
	}
	sink.Close()
	var refused *Refused
	assert.NotErrorAs(t, s.Publish(t.Context(), waiting(t).CloudEvent()), &refused, "nobody has answered")
}

func TestWrongSettingsOfTheRelayAreToldAtOnce(t *testing.T) {
	good := RelayConfig{Batch: 1, Concurrency: 1, MaxAttempts: 1, Timeout: 1, Backoff: 1, MaxBackoff: 1, ErasureAfter: 1}
	require.NoError(t, good.check())
	for name, change := range map[string]func(*RelayConfig){
		"RELAY_BATCH":         func(c *RelayConfig) { c.Batch = 0 },
		"RELAY_CONCURRENCY":   func(c *RelayConfig) { c.Concurrency = 65 },
		"RELAY_MAX_ATTEMPTS":  func(c *RelayConfig) { c.MaxAttempts = 0 },
		"RELAY_TIMEOUT":       func(c *RelayConfig) { c.Timeout = 0 },
		"RELAY_MAX_BACKOFF":   func(c *RelayConfig) { c.Backoff = 2 },
		"RELAY_ERASURE_AFTER": func(c *RelayConfig) { c.ErasureAfter = 0 },
	} {
		c := good
		change(&c)
		_, err := NewRelay(nil, nil, c)
		assert.ErrorContains(t, err, name)
	}
	for _, c := range []struct {
		config SinkConfig
		named  string
	}{
		{SinkConfig{URL: "broker", Timeout: 1}, `K_SINK is "broker"`},
		{SinkConfig{URL: "http://broker"}, "RELAY_PUBLISH_TIMEOUT"},
		{SinkConfig{URL: "http://broker", Timeout: 1, Overrides: "{"}, "K_CE_OVERRIDES"},
	} {
		_, err := NewSink(c.config, nil)
		assert.ErrorContains(t, err, c.named)
	}
}
