package indexer_test

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/memory/memorytest"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

// world is a store, a memory of it and an indexer between them.
type world struct {
	store   *store.Store
	memory  *memory.Memory
	indexer *indexer.Indexer
	url     string // of the database
	qdrant  string // its URL
}

func newWorld(t *testing.T) world {
	t.Helper()
	s, url := storetest.New(t)
	at := qdranttest.URL(t)
	m := openMemory(t, at)
	return world{s, m, indexer.New(s, m), url, at}
}

var openMemory = memorytest.Open

// index delivers an event that is processed.
func (w world) index(t *testing.T, e event.Event) indexer.Outcome {
	t.Helper()
	outcome, err := w.indexer.Index(t.Context(), delivered(t, e))
	require.NoError(t, err)
	return outcome
}

// values returns what memory holds of a principal, by slot.
func (w world) values(t *testing.T, as string) map[string]any {
	t.Helper()
	return memorytest.Values(t, w.memory, as)
}

// counted returns how many conversations the shared statistics count.
func (w world) counted(t *testing.T) int {
	t.Helper()
	return storetest.Count(t, w.url, `SELECT coalesce(sum((document ->> 'conversations')::integer), 0) FROM shared_statistics`)
}

var (
	conversation = eventtest.Conversation
	recorded     = eventtest.Recorded
	completed    = eventtest.Completed
	erased       = eventtest.Erased
)

// delivered is an event as a broker delivers it.
func delivered(t *testing.T, e event.Event) cloudevents.Event {
	t.Helper()
	id, _ := e.Of()
	data, err := json.Marshal(e)
	require.NoError(t, err)
	return delivery.Entry{ID: uuid.New(), ConversationID: uuid.MustParse(id), Type: e.Type(), Data: data, CreatedAt: time.Now()}.CloudEvent()
}

var trip = map[string]any{"destination": "Lisbon", "budget": 500.0, "class": "business", "start_date": "2026-12-10", "insurance": true}

func TestAnEventHasItsEffectOnceHoweverOftenItIsDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", trip)
	answer, end := delivered(t, recorded("local", id, "budget")), delivered(t, completed("local", id))
	var indexed, duplicates atomic.Int64
	var deliveries sync.WaitGroup
	for range 8 {
		deliveries.Go(func() {
			for _, e := range []cloudevents.Event{answer, end} {
				outcome, err := w.indexer.Index(t.Context(), e)
				assert.NoError(t, err)
				switch outcome {
				case indexer.Indexed:
					indexed.Add(1)
				case indexer.Duplicate:
					duplicates.Add(1)
				}
			}
		})
	}
	deliveries.Wait()
	assert.EqualValues(t, 2, indexed.Load())
	assert.EqualValues(t, 14, duplicates.Load())
	assert.Equal(t, map[string]any{"budget": 500.0}, w.values(t, "local"))
	assert.Equal(t, 1, w.counted(t))
}

// queue writes events to the outbox, of one principal after the other.
func (w world) queue(t *testing.T, events ...event.Event) {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: w.url, MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	for _, e := range events {
		eventtest.Queue(t, pool, e)
	}
}

// consume has an indexer consume all that waits in the outbox.
func (w world) consume(t *testing.T) error {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: w.url, MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	waiting, err := delivery.NewOutbox(pool).Waiting(t.Context(), 100)
	require.NoError(t, err)
	processed, events, err := w.indexer.Consume(t.Context(), waiting)
	if err != nil {
		return err
	}
	assert.Equal(t, waiting, processed)
	assert.Len(t, events, len(waiting))
	processed, events, err = w.indexer.Consume(t.Context(), waiting)
	assert.Empty(t, processed, "they are gone")
	assert.Empty(t, events)
	return err
}

func (w world) waiting(t *testing.T) int {
	t.Helper()
	return storetest.Count(t, w.url, `SELECT count(*) FROM outbox`)
}

func TestEventsOfTheOutboxHaveTheEffectOfEachOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := storetest.Answered(t, w.store, "local", "", trip)
	other := storetest.Answered(t, w.store, "ann", "", map[string]any{"class": "first"})
	gone := storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 1.0})
	w.index(t, recorded("local", gone, "budget"))
	storetest.Erase(t, w.store, "local", gone)
	_, err := w.indexer.Index(t.Context(), delivered(t, recorded("local", one, "class")))
	require.NoError(t, err)
	storetest.Exec(t, w.url, `DELETE FROM outbox`)
	storetest.Revise(t, w.store, "local", one, "class", nil)
	storetest.Exec(t, w.url, `DELETE FROM outbox`)
	for range 2 {
		w.queue(t, recorded("local", one, "budget"), recorded("local", gone, "budget"), recorded("local", one, "destination"), recorded("ann", other, "class"),
			completed("local", one), completed("local", one), erased("local", gone), completed("ann", other),
			event.QuestionAsked{Conversation: conversation("local", one), Slot: event.Slot{Key: "budget"}, QuestionNumber: 1, Purpose: questioning.Ask, At: time.Now()})
		require.NoError(t, w.consume(t))
		assert.Zero(t, w.waiting(t))
		assert.Equal(t, map[string]any{"budget": 500.0, "destination": "Lisbon", "class": "business"}, w.values(t, "local"), "the class by the earlier event alone")
		assert.Equal(t, map[string]any{"class": "first"}, w.values(t, "ann"))
		assert.Equal(t, 2, w.counted(t))
		assert.Zero(t, storetest.Count(t, w.url, `SELECT count(*) FROM erasures`), "the erasure is confirmed")
	}
}

func TestOneOfSeveralEventsThatFailsLeavesAllOfItsPrincipalInTheOutbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", trip)
	storetest.Exec(t, w.url, `DELETE FROM outbox`)
	w.queue(t, completed("local", id), recorded("local", id, "budget"), erased("local", id))
	require.ErrorIs(t, w.consume(t), indexer.ErrInvalid)
	assert.Zero(t, w.counted(t))
	assert.Equal(t, 3, w.waiting(t))
	storetest.Exec(t, w.url, `DELETE FROM outbox WHERE type LIKE '%erased%'`)
	require.NoError(t, w.consume(t))
	assert.Zero(t, w.waiting(t))
	assert.Equal(t, 1, w.counted(t))
	assert.Equal(t, map[string]any{"budget": 500.0}, w.values(t, "local"))
}

func TestARowOfTheOutboxThatSaysSomethingElseThanItsEventIsNotConsumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", trip)
	for name, change := range map[string]string{
		"another conversation": `UPDATE outbox SET conversation_id = gen_random_uuid()`,
		"another type":         `UPDATE outbox SET type = 'dev.knative.sources.ping'`,
		"no principal":         `UPDATE outbox SET data = '{"conversation_id": "` + id + `"}'`,
		"no object":            `UPDATE outbox SET data = '[]'`,
	} {
		storetest.Exec(t, w.url, `DELETE FROM outbox`)
		w.queue(t, recorded("local", id, "budget"))
		storetest.Exec(t, w.url, change)
		require.ErrorIs(t, w.consume(t), indexer.ErrInvalid, name)
		assert.Equal(t, 1, w.waiting(t), name)
	}
	assert.Empty(t, w.values(t, "local"))
}

func TestMemoryHoldsWhatSlotsHoldInWhateverOrderEventsCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0, "class": "business"})
	early := recorded("local", id, "budget")
	storetest.Answer(t, w.store, "local", id, map[string]any{"destination": "Lisbon"})
	storetest.Revise(t, w.store, "local", id, "budget", 900.0)
	late := event.AnswerRevised{Conversation: conversation("local", id), Answer: early.Answer, Supersedes: []int{1}, Reopened: []string{"class"}, At: time.Now()}
	assert.Equal(t, indexer.Indexed, w.index(t, late))
	assert.Equal(t, indexer.Indexed, w.index(t, early))
	assert.Equal(t, map[string]any{"budget": 900.0, "class": "business"}, w.values(t, "local"))

	storetest.Revise(t, w.store, "local", id, "budget", nil)
	assert.Equal(t, indexer.Indexed, w.index(t, recorded("local", id, "budget")))
	assert.Equal(t, map[string]any{"class": "business"}, w.values(t, "local"))
}

func TestAQuestionThatWasAskedChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Open(t, w.store, "local", "")
	asked := event.QuestionAsked{Conversation: conversation("local", id), Slot: event.Slot{Key: "budget"},
		QuestionNumber: 1, Purpose: questioning.Ask, At: time.Now()}
	assert.Equal(t, indexer.Passed, w.index(t, asked))
	assert.Zero(t, storetest.Count(t, w.url, `SELECT count(*) FROM processed_events`))
}

func TestWhatIsErasedDoesNotComeBackWithALateEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0})
	w.index(t, recorded("local", id, "budget"))
	require.Len(t, w.values(t, "local"), 1)
	storetest.Erase(t, w.store, "local", id)
	require.Equal(t, 1, storetest.Count(t, w.url, `SELECT count(*) FROM erasures`))
	assert.Equal(t, indexer.Indexed, w.index(t, erased("local", id)))
	assert.Empty(t, w.values(t, "local"))
	assert.Zero(t, storetest.Count(t, w.url, `SELECT count(*) FROM erasures`), "the erasure is confirmed")
	for _, late := range []event.Event{recorded("local", id, "budget"), completed("local", id)} {
		assert.Equal(t, indexer.Dropped, w.index(t, late))
	}
	assert.Empty(t, w.values(t, "local"))
	assert.Zero(t, w.counted(t))
}

func TestAConversationThatExistsIsNotDeletedFromMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0})
	w.index(t, recorded("local", id, "budget"))
	for _, as := range []string{"local", "mallory"} {
		_, err := w.indexer.Index(t.Context(), delivered(t, erased(as, id)))
		require.ErrorIs(t, err, indexer.ErrInvalid)
	}
	assert.Len(t, w.values(t, "local"), 1)
}

func TestAnEventOfAnotherPrincipalReachesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "ann", "", map[string]any{"budget": 500.0})
	for _, e := range []event.Event{recorded("mallory", id, "budget"), completed("mallory", id)} {
		assert.Equal(t, indexer.Dropped, w.index(t, e))
	}
	assert.Empty(t, w.values(t, "mallory"))
	assert.Empty(t, w.values(t, "ann"))
	assert.Zero(t, w.counted(t))

	local := storetest.Answered(t, w.store, principal.Local, "", map[string]any{"budget": 500.0})
	_, err := w.indexer.Index(t.Context(), delivered(t, recorded("", local, "budget")))
	require.ErrorIs(t, err, indexer.ErrInvalid, "an event that names no principal is not the local one's")
	assert.Empty(t, w.values(t, principal.Local))
}

// during lets a test act while an answer is on its way into Qdrant.
type during struct {
	*memory.Memory
	act func()
}

func (d during) Sync(ctx context.Context, tx *store.Tx, slots map[string][]string) ([]string, error) {
	exist, err := d.Memory.Sync(ctx, tx, slots)
	d.act()
	return exist, err
}

func TestErasingWaitsForWhatIsOnItsWayIntoMemoryAndAnsweringDoesNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0})
	gone := make(chan struct{})
	x := indexer.New(w.store, during{w.memory, func() {
		began := time.Now()
		storetest.Answer(t, w.store, "local", id, map[string]any{"class": "first"})
		storetest.Revise(t, w.store, "local", id, "budget", 700.0)
		assert.Less(t, time.Since(began), time.Second)
		go func() {
			defer close(gone)
			_, err := w.store.Erase(t.Context(), id, "", time.Now())
			assert.NoError(t, err)
		}()
		select {
		case <-gone:
			t.Error("erased while it is being written")
		case <-time.After(100 * time.Millisecond):
		}
	}})
	outcome, err := x.Index(t.Context(), delivered(t, recorded("local", id, "budget")))
	require.NoError(t, err)
	assert.Equal(t, indexer.Indexed, outcome)
	<-gone
	w.index(t, erased("local", id))
	assert.Empty(t, w.values(t, "local"))
}

func TestWhileQdrantIsDownTheEventIsToBeDeliveredAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0})
	gone := uuid.NewString()
	down := indexer.New(w.store, openMemory(t, "http://127.0.0.1:1"))
	for _, e := range []cloudevents.Event{delivered(t, recorded("local", id, "budget")), delivered(t, erased("local", gone))} {
		_, err := down.Index(t.Context(), e)
		require.ErrorIs(t, err, qdrant.ErrUnavailable)
		outcome, err := w.indexer.Index(t.Context(), e)
		require.NoError(t, err)
		assert.Equal(t, indexer.Indexed, outcome)
	}
	assert.Len(t, w.values(t, "local"), 1)
}

func TestWithoutQdrantStatisticsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", trip)
	w.indexer = indexer.New(w.store, openMemory(t, ""))
	assert.Equal(t, indexer.Passed, w.index(t, recorded("local", id, "budget")))
	assert.Equal(t, indexer.Indexed, w.index(t, completed("local", id)))
	assert.Equal(t, 1, storetest.Count(t, w.url, `SELECT (document #>> '{slots,class,values,business}')::integer FROM shared_statistics`))
	assert.Equal(t, indexer.Indexed, w.index(t, erased("local", uuid.NewString())))
}

func TestAConversationCountsOnceHoweverOftenItCompletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, other := storetest.Answered(t, w.store, "local", "", trip), storetest.Answered(t, w.store, "ann", "", trip)
	var events sync.WaitGroup
	for range 3 {
		for _, e := range []cloudevents.Event{delivered(t, completed("local", one)), delivered(t, completed("ann", other))} {
			events.Go(func() {
				_, err := w.indexer.Index(t.Context(), e)
				assert.NoError(t, err)
			})
		}
	}
	events.Wait()
	assert.Equal(t, indexer.Passed, w.index(t, completed("local", one)))
	assert.Equal(t, 2, w.counted(t))
	assert.Equal(t, 2, storetest.Count(t, w.url, `SELECT (document #>> '{slots,class,values,business}')::integer FROM shared_statistics`))
	var shared questioning.Statistics
	require.NoError(t, w.store.Read(t.Context(), func(tx *store.Tx) (err error) {
		shared, err = tx.Statistics(t.Context(), storetest.Trip, "")
		return err
	}))
	assert.Equal(t, 1, shared.Slots["class"].Values["business"], "one's own; others are too few to show")
}

func TestWhatWasProcessedLongAgoIsPruned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	storetest.Exec(t, w.url, `INSERT INTO processed_events (consumer, source, id, at) VALUES
		('indexer', 's', 'old', now() - interval '8 days'), ('indexer', 's', 'new', now() - interval '6 days')`)
	w.index(t, recorded("local", uuid.NewString(), "a"))
	assert.Equal(t, 1, storetest.Count(t, w.url, `SELECT count(*) FROM processed_events WHERE source = 's'`))
}

func TestWhatIsNoEventOfOursIsInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*cloudevents.Event){
		"a type of another": func(e *cloudevents.Event) { e.SetType("dev.knative.sources.ping") },
		"data of another":   func(e *cloudevents.Event) { _ = e.SetData(cloudevents.ApplicationJSON, "x") },
		"another subject":   func(e *cloudevents.Event) { e.SetSubject(uuid.NewString()) },
	} {
		e := delivered(t, recorded("local", uuid.NewString(), "a"))
		change(&e)
		_, err := w.indexer.Index(t.Context(), e)
		assert.ErrorIs(t, err, indexer.ErrInvalid, name)
	}
}

// A call makes one or two events, and each leaves a row for a week: pruning has to
// delete more than is added, at whatever rate.
func TestPruningKeepsPaceWithWhatIsProcessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const events = 600
	storetest.Exec(t, w.url, `INSERT INTO processed_events (consumer, source, id, at)
		SELECT 'indexer', 's', i::text, now() - interval '8 days' FROM generate_series(1, 2 * $1::int) i`, events)
	id := storetest.Open(t, w.store, "local", "")
	for range events {
		w.index(t, event.QuestionAsked{Conversation: conversation("local", id), Slot: event.Slot{Key: "budget"},
			QuestionNumber: 1, Purpose: questioning.Ask, At: time.Now()})
	}
	assert.Zero(t, storetest.Count(t, w.url, `SELECT count(*) FROM processed_events`))
}
