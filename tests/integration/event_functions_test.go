package integration

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

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
