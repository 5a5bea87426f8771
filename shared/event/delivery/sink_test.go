package delivery

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

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

func waiting(t *testing.T) Entry {
	t.Helper()
	data, err := json.Marshal(eventtest.Events()[4])
	require.NoError(t, err)
	return Entry{ID: uuid.New(), ConversationID: uuid.MustParse(eventtest.ConversationID), Type: event.TypeConversationErased, Data: data, CreatedAt: time.Now()}
}

func TestAnEventIsSentInBinaryModeWithWhatTheBindingAdds(t *testing.T) {
	w := waiting(t)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		assert.JSONEq(t, string(w.Data), string(body))
		for header, want := range map[string]string{
			"Ce-Specversion": "1.0", "Ce-Id": w.ID.String(), "Ce-Source": event.Source, "Ce-Type": string(w.Type),
			"Ce-Subject": eventtest.ConversationID, "Ce-Cluster": "eu", "Content-Type": "application/json",
		} {
			assert.Equal(t, want, r.Header.Get(header), header)
		}
		assert.True(t, strings.HasPrefix(r.Header.Get("Ce-"+SignatureExtension), "v1.k1."))
	}))
	defer sink.Close()
	s, err := NewSink(SinkConfig{URL: sink.URL, Overrides: `{"extensions":{"cluster":"eu"}}`}, newSigner(t, keyring.Generate()))
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
	s, err := NewSink(SinkConfig{URL: sink.URL}, newSigner(t, keyring.Generate()))
	require.NoError(t, err)
	for code, want := range map[int]struct{ unavailable, final bool }{
		400: {false, true}, 404: {false, false}, 408: {false, false}, 409: {false, false}, 413: {false, true}, 422: {false, true},
		429: {true, false}, 500: {false, false}, 502: {true, false}, 503: {true, false}, 504: {true, false},
	} {
		status = code
		var refused *Refused
		require.ErrorAs(t, s.Publish(t.Context(), waiting(t).CloudEvent()), &refused)
		assert.Equal(t, want.unavailable, refused.Unavailable(), code)
		assert.Equal(t, want.final, refused.Final(), code)
		assert.Less(t, len(refused.Error()), 700)
	}
	sink.Close()
	var refused *Refused
	assert.NotErrorAs(t, s.Publish(t.Context(), waiting(t).CloudEvent()), &refused, "nobody has answered")
}

func TestAWrongSettingOfTheSinkIsReported(t *testing.T) {
	for named, config := range map[string]SinkConfig{
		`K_SINK is "broker"`: {URL: "broker"},
		"K_CE_OVERRIDES":     {URL: "http://broker", Overrides: "{"},
	} {
		_, err := NewSink(config, nil)
		assert.ErrorContains(t, err, named)
	}
}
