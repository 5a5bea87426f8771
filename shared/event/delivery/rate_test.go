package delivery

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// orderedSink takes CloudEvents over HTTP, each within a time, and reports what comes
// out of its conversation's order.
type orderedSink struct {
	takes time.Duration

	mu     sync.Mutex
	last   map[string]string // id of the latest event, by conversation
	taken  int
	broken []string
}

func (s *orderedSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	id, of := r.Header.Get("Ce-Id"), r.Header.Get("Ce-Subject")
	if id <= s.last[of] { // ids of version 7 sort as they were queued
		s.broken = append(s.broken, fmt.Sprintf("%s: %s after %s", of, id, s.last[of]))
	}
	s.last[of] = id
	s.taken++
	w.WriteHeader(http.StatusAccepted)
}

// A broker takes an event within some milliseconds, however many there are at a
// time. So relays beside each other publish that much more, and each conversation's
// events still come in order.
func TestFourRelaysPublishMoreThanOneInOrder(t *testing.T) {
	events, config := 300, RelayConfig{Batch: 40, Concurrency: 4} // little, so that the sink's time counts
	if wanted := os.Getenv("DRAIN"); wanted != "" {
		var err error
		events, err = strconv.Atoi(wanted)
		require.NoError(t, err, "DRAIN")
		config = RelayConfig{}
	}
	took := map[int]time.Duration{}
	for _, relays := range []int{1, 4} {
		took[relays] = drainAll(t, relays, events, config)
		t.Logf("%d events, %d relays: %.0f a second", events, relays, float64(events)/took[relays].Seconds())
	}
	assert.Greater(t, took[1], took[4]*3/2)
}

// drainAll has relays, with a database connection pool each as if in separate
// processes, publish events of a tenth as many conversations.
func drainAll(t *testing.T, relays, events int, config RelayConfig) time.Duration {
	t.Helper()
	w := newOutboxWorld(t)
	var all []event.Event
	for range events / 10 {
		id := elsewhere()
		for n := range 10 {
			all = append(all, eventtest.Recorded("local", id, fmt.Sprint("slot", n)))
		}
	}
	for some := range slices.Chunk(all, 1000) {
		eventtest.Queue(t, w.pool, some...)
	}
	sink := &orderedSink{takes: 100 * time.Millisecond, last: map[string]string{}}
	if takes := os.Getenv("SINK"); takes != "" {
		var err error
		sink.takes, err = time.ParseDuration(takes)
		require.NoError(t, err, "SINK")
	}
	server := httptest.NewServer(sink)
	defer server.Close()
	began := time.Now()
	var group sync.WaitGroup
	for range relays {
		pool, err := postgres.Open(t.Context(), postgres.Config{URL: w.url, MaxConns: 2})
		require.NoError(t, err)
		defer pool.Close()
		signer, err := NewSigner(SigningConfig{Keys: "test:" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="})
		require.NoError(t, err)
		to, err := NewSink(SinkConfig{URL: server.URL}, signer)
		require.NoError(t, err)
		defer to.Close()
		relay := NewRelay(NewOutbox(pool), to, config)
		group.Go(func() {
			for {
				done, _, err := relay.Drain(context.Background())
				if !assert.NoError(t, err) || done.Published == 0 && !done.More && w.waiting(t) == 0 {
					return
				}
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	assert.Empty(t, sink.broken, "out of order")
	assert.Equal(t, events, sink.taken, "each once")
	assert.Zero(t, postgrestest.Count(t, w.url, `SELECT count(*) FROM outbox`))
	return took
}
