package local

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestTheRelayPassesEventsToTheIndexerUnlessASinkIsNamed(t *testing.T) {
	var received atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { received.Add(1) }))
	defer sink.Close()
	for name, c := range map[string]struct {
		sink              string
		indexed, received int
	}{
		"none is":   {"", 3, 0},
		"one named": {sink.URL, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			received.Store(0)
			url := postgrestest.New(t)
			t.Setenv("DATABASE_URL", url)
			t.Setenv("EVENT_SIGNING_KEYS", keyring.Generate())
			t.Setenv("K_SINK", c.sink)
			t.Setenv("QDRANT_URL", "")
			pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 1})
			require.NoError(t, err)
			defer pool.Close()
			for range 3 {
				eventtest.Queue(t, pool, eventtest.Recorded("local", uuid.NewString(), "budget"))
			}
			var indexed atomic.Int64
			functions := eventing(func(event.Event) { indexed.Add(1) })
			for _, f := range functions {
				require.NoError(t, f.Start(t.Context(), nil))
				defer func() { assert.NoError(t, f.Stop(t.Context())) }()
			}
			answer := httptest.NewRecorder()
			functions[0].Handle(answer, httptest.NewRequest(http.MethodPost, "/", nil))
			assert.Equal(t, http.StatusOK, answer.Code, answer.Body)
			assert.EqualValues(t, c.indexed, indexed.Load())
			assert.EqualValues(t, c.received, received.Load())
			assert.Zero(t, postgrestest.Count(t, url, `SELECT count(*) FROM outbox`))
		})
	}
}
