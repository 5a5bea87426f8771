package integration

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
)

// The two functions as they run, speaking HTTP to each other.
func TestANudgeBringsAnAnswerIntoMemory(t *testing.T) {
	w := newWorld(t)
	t.Setenv("DATABASE_URL", w.url)
	t.Setenv("QDRANT_URL", w.qdrant)
	indexing, err := indexer.Open()
	require.NoError(t, err)
	defer indexing.Close()
	require.NoError(t, indexing.Ready(t.Context()))
	broker := httptest.NewServer(indexing)
	defer broker.Close()
	t.Setenv("K_SINK", broker.URL)
	relaying, err := event.OpenRelay()
	require.NoError(t, err)
	defer relaying.Close()
	relay := httptest.NewServer(relaying)
	defer relay.Close()
	nudger, err := event.NewNudger(event.NudgeConfig{URL: relay.URL, Timeout: 5 * time.Second})
	require.NoError(t, err)

	id := w.answeredTrip(t, "local", "", tripValues)
	w.queued(t, recorded("local", id, "budget"), completed("local", id))
	nudger.Nudge()
	require.Eventually(t, func() bool { return w.waiting(t) == 0 }, 5*time.Second, 5*time.Millisecond)
	nudger.Close()
	assert.Equal(t, map[string]any{"budget": 500.0}, w.values(t, "local"))
	assert.Equal(t, 1, w.statistics(t).Conversations)

	broker.Close()
	w.queued(t, recorded("local", id, "class"), recorded("local", elsewhere(), "a"), recorded("local", elsewhere(), "b"))
	response, err := http.Post(relay.URL, "", nil)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Equal(t, 3, w.waiting(t))
}

// A relay that is killed while the indexer works leaves no error behind: the
// event is delivered again.
func TestAnEventWhoseCallerLeavesIsToBeDeliveredAgain(t *testing.T) {
	w := newWorld(t)
	t.Setenv("DATABASE_URL", w.url)
	t.Setenv("QDRANT_URL", w.qdrant)
	indexing, err := indexer.Open()
	require.NoError(t, err)
	defer indexing.Close()
	id := w.answeredTrip(t, "local", "", tripValues)
	e := sent(t, recorded("local", id, "budget"))
	left, leave := context.WithCancel(t.Context())
	leave()
	for ctx, status := range map[context.Context]int{left: http.StatusServiceUnavailable, t.Context(): http.StatusOK} {
		response := httptest.NewRecorder()
		indexing.ServeHTTP(response, delivery(t, ctx, e))
		assert.Equal(t, status, response.Code, response.Body)
	}
}

// delivery is an event as an HTTP request in binary mode.
func delivery(t *testing.T, ctx context.Context, e cloudevents.Event) *http.Request {
	t.Helper()
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(e.Data()))
	request.Header.Set("Content-Type", e.DataContentType())
	for name, value := range map[string]string{"Id": e.ID(), "Source": e.Source(), "Type": e.Type(), "Specversion": e.SpecVersion(), "Subject": e.Subject()} {
		request.Header.Set("Ce-"+name, value)
	}
	return request
}
