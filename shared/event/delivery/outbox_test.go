package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

// outboxWorld is a database and its outbox.
type outboxWorld struct {
	url    string
	pool   *pgxpool.Pool
	outbox *Outbox
}

func newOutboxWorld(t *testing.T) *outboxWorld {
	t.Helper()
	url := postgrestest.New(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return &outboxWorld{url, pool, NewOutbox(pool)}
}

var relaying = RelayConfig{
	Batch: 10, Concurrency: 4, MaxAttempts: 3, Timeout: 10 * time.Second,
	Backoff: time.Minute, MaxBackoff: time.Hour, UnconfirmedFor: time.Hour,
}

func (w *outboxWorld) relay(t *testing.T, p Publisher, change ...func(*RelayConfig)) *Relay {
	t.Helper()
	config := relaying
	for _, c := range change {
		c(&config)
	}
	return NewRelay(w.outbox, p, config)
}

// queued writes events in a transaction of the principal that they name.
func (w *outboxWorld) queued(t *testing.T, events ...event.Event) {
	t.Helper()
	eventtest.Queue(t, w.pool, events...)
}

// leasesEnd lets claimed and failed events be claimed again at once.
func (w *outboxWorld) leasesEnd(t *testing.T) { t.Helper(); eventtest.EndLeases(t, w.url) }

func (w *outboxWorld) waiting(t *testing.T) int { t.Helper(); return eventtest.Waiting(t, w.url) }

var elsewhere = uuid.NewString // a conversation that only events know

var erasedEvent = eventtest.Erased

func TestAnEventHappensIfItsTransactionDoes(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	undone := errors.New("undone")
	err := pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		require.NoError(t, eventtest.QueueIn(t, tx, eventtest.Recorded("local", elsewhere(), "budget")))
		return undone
	})
	require.ErrorIs(t, err, undone)
	assert.Zero(t, w.waiting(t))
	w.queued(t, eventtest.Recorded("local", elsewhere(), "budget"))
	assert.Equal(t, 1, w.waiting(t))
}

func TestNobodyQueuesEventsOfAnotherPrincipal(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	err := pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		return eventtest.QueueIn(t, tx, eventtest.Recorded("ann", elsewhere(), "a"), eventtest.Recorded("bob", elsewhere(), "b"))
	})
	assert.ErrorContains(t, err, "row-level security")
}

func TestEventsOfAConversationArePublishedInTheirOrder(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	conversations := []string{elsewhere(), elsewhere(), elsewhere()}
	for n := range 20 {
		for _, id := range conversations {
			e := eventtest.Recorded("local", id, "budget")
			e.AnswerNumber = n
			w.queued(t, e)
		}
	}
	sink := &eventtest.Recorder{}
	// Fails now and then, and relays work side by side.
	var tries atomic.Int64
	flaky := eventtest.Publisher(func(ctx context.Context, e cloudevents.Event) error {
		if tries.Add(1)%7 == 0 {
			return &Refused{Status: 500}
		}
		return sink.Publish(ctx, e)
	})
	var relays sync.WaitGroup
	for range 3 {
		r := w.relay(t, flaky, func(c *RelayConfig) {
			c.Backoff, c.MaxBackoff, c.MaxAttempts = time.Millisecond, time.Millisecond, 1000
		})
		relays.Go(func() {
			for range 200 {
				_, _, err := r.Drain(t.Context())
				assert.NoError(t, err)
				if len(sink.IDs()) >= 60 {
					return
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	relays.Wait()
	assert.Zero(t, w.waiting(t))
	order := map[string][]int{}
	for _, e := range sink.Events() {
		read, err := Read(e)
		require.NoError(t, err)
		order[e.Subject()] = append(order[e.Subject()], read.(event.AnswerRecorded).AnswerNumber)
	}
	for _, id := range conversations {
		assert.True(t, slices.IsSorted(order[id]), "%v", order[id])
		assert.Len(t, order[id], 20)
	}
}

func TestAConversationIsClaimedByOneRelayAtATime(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	id := elsewhere()
	for range 200 {
		w.queued(t, eventtest.Recorded("local", id, "a"))
	}
	var held atomic.Bool
	var settled atomic.Int64
	var relays sync.WaitGroup
	for range 6 {
		relays.Go(func() {
			for settled.Load() < 200 && t.Context().Err() == nil {
				claimed, err := w.outbox.Claim(t.Context(), 2, time.Minute)
				if !assert.NoError(t, err) {
					return
				}
				if len(claimed) == 0 {
					continue
				}
				assert.True(t, held.CompareAndSwap(false, true), "claimed by two")
				time.Sleep(2 * time.Millisecond)
				held.Store(false)
				assert.NoError(t, w.outbox.Settle(t.Context(), Settlement{Published: claimed}))
				settled.Add(int64(len(claimed)))
			}
		})
	}
	relays.Wait()
}

func TestWhatIsClaimedIsNobodyElses(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	one, other := elsewhere(), elsewhere()
	w.queued(t, eventtest.Recorded("local", one, "a"), eventtest.Recorded("local", one, "b"), eventtest.Recorded("local", other, "c"))
	first, err := w.outbox.Claim(t.Context(), 1, time.Minute)
	require.NoError(t, err)
	require.Len(t, first, 1)
	second, err := w.outbox.Claim(t.Context(), 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, second, 1, "not the later event of the same conversation")
	assert.Equal(t, other, second[0].ConversationID.String())

	w.leasesEnd(t)
	again, err := w.outbox.Claim(t.Context(), 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, again, 3, "a relay that died holds nothing up for longer than its lease")

	// The one that was thought dead comes back late: what it says is not heeded.
	require.NoError(t, w.outbox.Settle(t.Context(), Settlement{Failed: []Failure{{Entry: first[0], DeadLettered: true}}}))
	assert.Zero(t, postgrestest.Count(t, w.url, `SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL`))
}

// The timer that wakes a relay at rest is rare: one that is awake learns when a relay that
// was killed holds nothing up any more.
func TestADrainReturnsWhenTheClaimsOfAnotherRelayEnd(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	id := elsewhere()
	w.queued(t, eventtest.Recorded("local", id, "a"), eventtest.Recorded("local", id, "b"), eventtest.Recorded("local", elsewhere(), "c"))
	claimed, err := w.outbox.Claim(t.Context(), 1, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	sink := &eventtest.Recorder{}
	done, _, err := w.relay(t, sink).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, done.Published)
	assert.InDelta(t, time.Minute, done.nextDue, float64(30*time.Second), "and not at once, for what waits behind them")

	w.leasesEnd(t)
	done, _, err = w.relay(t, sink).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, done.Published)
	assert.Zero(t, done.nextDue)
}

func TestARefusedEventBecomesADeadLetterAfterItsLastAttemptAndLaterOnesPass(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	id := elsewhere()
	w.queued(t, eventtest.Recorded("local", id, "bad"), eventtest.Recorded("local", id, "good"))
	sink := &eventtest.Recorder{}
	r := w.relay(t, eventtest.Publisher(func(ctx context.Context, e cloudevents.Event) error {
		if read, _ := Read(e); read.(event.AnswerRecorded).Slot.Key == "bad" {
			return &Refused{Status: 500, Body: "cannot"}
		}
		return sink.Publish(ctx, e)
	}))
	for attempt := range relaying.MaxAttempts {
		assert.Empty(t, sink.Events(), "before attempt %d", attempt)
		w.leasesEnd(t)
		_, _, err := r.Drain(t.Context())
		require.NoError(t, err)
	}
	assert.Len(t, sink.Events(), 1)
	backlog, err := w.outbox.Backlog(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Backlog{DeadLetters: 1}, backlog)
	assert.Equal(t, 1, postgrestest.Count(t, w.url, `SELECT count(*) FROM outbox WHERE problem LIKE '%500%cannot%' AND attempts = 3`))

	again, err := w.outbox.Requeue(t.Context(), nil, false)
	require.NoError(t, err)
	assert.Len(t, again, 1)
	done, _, err := w.relay(t, sink).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, done.Published, "nothing is lost")
}

func TestAnEventThatNeverCanBeAcceptedIsADeadLetterAtOnce(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	w.queued(t, eventtest.Recorded("local", elsewhere(), "a"))
	done, _, err := w.relay(t, eventtest.Publisher(func(context.Context, cloudevents.Event) error { return &Refused{Status: 422} })).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, done.DeadLettered)
}

// consuming is a publisher that takes events from the outbox itself, none if one is refused.
type consuming struct {
	*eventtest.Recorder
	outbox   *Outbox
	requests int
	refused  func(id string) bool
}

func (p *consuming) Publish(ctx context.Context, e cloudevents.Event) error {
	p.requests++
	if p.refused(e.ID()) {
		return &Refused{Status: 422}
	}
	return p.Recorder.Publish(ctx, e)
}

func (p *consuming) Consume(ctx context.Context, waiting []Entry) ([]Entry, error) {
	p.requests++
	for _, entry := range waiting {
		if p.refused(entry.ID.String()) {
			return nil, errors.New("one of them is refused")
		}
	}
	for _, entry := range waiting {
		if err := p.Recorder.Publish(ctx, entry.CloudEvent()); err != nil {
			return nil, err
		}
	}
	return waiting, p.outbox.Settle(ctx, Settlement{Published: waiting})
}

func TestAConsumerTakesEventsTogetherAndOneRefusedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	conversations := []string{elsewhere(), elsewhere()}
	p := &consuming{Recorder: &eventtest.Recorder{}, outbox: w.outbox, refused: func(string) bool { return false }}
	relay := w.relay(t, p)
	queue := func() {
		for range 3 {
			for _, id := range conversations {
				w.queued(t, eventtest.Recorded("local", id, "budget"))
			}
		}
	}
	queue()
	done, _, err := relay.Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 6, done.Published)
	assert.Equal(t, 1, p.requests)
	assert.Zero(t, w.waiting(t))

	queue()
	var refused string
	p.refused = func(id string) bool {
		if refused == "" {
			refused = id
		}
		return id == refused
	}
	done, _, err = relay.Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{5, 1}, []int{done.Published, done.DeadLettered})
	assert.Len(t, p.Events(), 11)
	assert.Equal(t, 1, postgrestest.Count(t, w.url, `SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL`))
}

func TestAConsumerTakesWhatWaitsInItsOrderAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	for range 25 { // of batches of ten
		w.queued(t, eventtest.Recorded("local", elsewhere(), "a"))
	}
	w.queued(t, eventtest.Recorded("local", elsewhere(), "claimed"), eventtest.Recorded("local", elsewhere(), "dead"))
	postgrestest.Exec(t, w.url, `UPDATE outbox SET next_at = now() + interval '1 minute' WHERE data->'slot'->>'key' = 'claimed'`)
	postgrestest.Exec(t, w.url, `UPDATE outbox SET parked_at = now() WHERE data->'slot'->>'key' = 'dead'`)
	p := &consuming{Recorder: &eventtest.Recorder{}, outbox: w.outbox, refused: func(string) bool { return false }}
	done, _, err := w.relay(t, p).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 25, done.Published)
	assert.Equal(t, 3, p.requests)
	assert.True(t, slices.IsSorted(p.IDs()), "ids of version 7 sort as they were queued")
	assert.Equal(t, 2, w.waiting(t))
}

func TestWhileTheSinkIsUnavailableNothingIsDeadLettered(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	for range 20 {
		w.queued(t, eventtest.Recorded("local", elsewhere(), "a"))
	}
	for name, failure := range map[string]error{"refused connection": errors.New("connection refused"), "no backend": &Refused{Status: 503}} {
		var tries atomic.Int64
		r := w.relay(t, eventtest.Publisher(func(context.Context, cloudevents.Event) error { tries.Add(1); return failure }))
		for range 5 {
			w.leasesEnd(t)
			_, _, err := r.Drain(t.Context())
			require.ErrorIs(t, err, ErrSinkUnavailable, name)
		}
		assert.LessOrEqual(t, tries.Load(), int64(5*10), "%s: a drain stops soon", name)
	}
	backlog, err := w.outbox.Backlog(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 20, backlog.Waiting)
	assert.Positive(t, backlog.Oldest)
	w.leasesEnd(t)
	sink := &eventtest.Recorder{}
	done, _, err := w.relay(t, sink).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 20, done.Published)
}

func TestWhatFailsWaitsLongerAndLonger(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	w.queued(t, eventtest.Recorded("local", elsewhere(), "a"))
	for age, want := range map[string]string{"0s": "1 s", "1 minute": "30 s", "1 day": "5 min"} {
		postgrestest.Exec(t, w.url, fmt.Sprintf(`UPDATE outbox SET created_at = now() - interval '%s', next_at = now()`, age))
		claimed, err := w.outbox.Claim(t.Context(), 1, time.Minute)
		require.NoError(t, err)
		require.NoError(t, w.outbox.Settle(t.Context(), Settlement{
			Failed: []Failure{{Entry: claimed[0]}}, Backoff: time.Second, MaxBackoff: 5 * time.Minute}))
		assert.Equal(t, 1, postgrestest.Count(t, w.url, `SELECT count(*) FROM outbox WHERE next_at - now() BETWEEN $1::interval - interval '1 s' AND $1::interval + interval '1 s'`, want), age)
	}
}

func TestADrainDuringAnotherIsDoneByIt(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	w.queued(t, eventtest.Recorded("local", elsewhere(), "a"))
	var r *Relay
	sink := &eventtest.Recorder{}
	r = w.relay(t, eventtest.Publisher(func(ctx context.Context, e cloudevents.Event) error {
		if len(sink.IDs()) == 0 {
			w.queued(t, eventtest.Recorded("local", elsewhere(), "late"))
			_, ran, err := r.Drain(ctx)
			assert.NoError(t, err)
			assert.False(t, ran)
		}
		return sink.Publish(ctx, e)
	}))
	done, _, err := r.Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, done.Published)
}

// The relay that is asked to publish an event may not be the one that publishes the earlier
// event of its conversation at that time, and nobody asks again.
func TestAnEventThatWaitsForAnEarlierOneIsPublishedAfterIt(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	id := elsewhere()
	w.queued(t, eventtest.Recorded("local", id, "a"))
	sink := &eventtest.Recorder{}
	other := w.relay(t, sink)
	done, _, err := w.relay(t, eventtest.Publisher(func(ctx context.Context, e cloudevents.Event) error {
		if len(sink.IDs()) < 3 { // also while it publishes the next
			w.queued(t, eventtest.Recorded("local", id, "b"))
			none, _, err := other.Drain(ctx)
			assert.NoError(t, err)
			assert.Zero(t, none.Published)
		}
		return sink.Publish(ctx, e)
	})).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 4, done.Published)
	assert.Zero(t, w.waiting(t))
}

// Each round costs the database a claim and a settlement, for however many events.
func TestEventsThatKeepComingArePublishedInRounds(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	w.queued(t, eventtest.Recorded("local", elsewhere(), "a"))
	began, published := time.Now(), 0
	_, _, err := w.relay(t, eventtest.Publisher(func(context.Context, cloudevents.Event) error {
		if published++; published < 8 {
			w.queued(t, eventtest.Recorded("local", elsewhere(), "a"))
		}
		return nil
	})).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 8, published)
	assert.GreaterOrEqual(t, time.Since(began), 3*minInterval, "two events of each round")
}

func TestADrainIsBoundedInTimeAndReleasesWhatItHasNotTried(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	for range 8 {
		w.queued(t, eventtest.Recorded("local", elsewhere(), "a"))
	}
	r := w.relay(t, eventtest.Publisher(func(ctx context.Context, _ cloudevents.Event) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(120 * time.Millisecond):
			return nil
		}
	}), func(c *RelayConfig) { c.Timeout, c.Concurrency = 300*time.Millisecond, 1 })
	done, _, err := r.Drain(t.Context())
	require.NoError(t, err)
	assert.True(t, done.More)
	assert.Less(t, done.Published, 4)
	assert.Equal(t, 8-done.Published, postgrestest.Count(t, w.url, `SELECT count(*) FROM outbox WHERE next_at <= now() AND attempts = 0`))
}

func TestErasingAConversationDeletesItsWaitingEvents(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	id := elsewhere()
	w.queued(t, eventtest.Recorded("local", id, "a"), eventtest.Recorded("local", elsewhere(), "b"))
	require.NoError(t, pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(`SELECT set_config('app.principal', 'local', true)`)
		event.DeleteQueued(batch, []string{id})
		require.NoError(t, event.Queue(batch, erasedEvent("local", id)))
		return tx.SendBatch(t.Context(), batch).Close()
	}))
	sink := &eventtest.Recorder{}
	_, _, err := w.relay(t, sink).Drain(t.Context())
	require.NoError(t, err)
	var types []string
	for _, e := range sink.Events() { // of two conversations, in no order
		types = append(types, e.Type())
	}
	assert.ElementsMatch(t, []string{string(event.TypeConversationErased), string(event.TypeAnswerRecorded)}, types)
}

func TestAnErasureIsRequeuedUntilItIsConfirmed(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	id := elsewhere()
	w.queued(t, erasedEvent("local", id))
	lost := &eventtest.Recorder{} // takes it and forgets it
	_, _, err := w.relay(t, lost).Drain(t.Context())
	require.NoError(t, err)
	require.Len(t, lost.Events(), 1)
	n, err := w.outbox.RequeueErasures(t.Context(), time.Hour)
	require.NoError(t, err)
	assert.Zero(t, n, "not yet")
	postgrestest.Exec(t, w.url, `UPDATE erasures SET announced_at = now() - interval '2 hours'`)
	done, _, err := w.relay(t, lost).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, done.Published)
	postgrestest.Exec(t, w.url, `DELETE FROM erasures`) // as the indexer confirms it
	n, err = w.outbox.RequeueErasures(t.Context(), 0)
	require.NoError(t, err)
	assert.Zero(t, n)
}
