package integration

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/memory/memorytest"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// world is a database, a Qdrant and the eventing side between them. It queues
// events by itself, apart from those of the conversation service, whose
// waiting events it drops.
type world struct {
	url, qdrant   string
	pool          *pgxpool.Pool
	conversations *conversation.Service
	memory        *memory.Memory
	outbox        *delivery.Outbox
	indexer       *indexer.Indexer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOn(t, postgrestest.New(t), qdranttest.URL(t))
}

func worldOn(t *testing.T, url, qdrantURL string) *world {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	m := memorytest.Open(t, qdrantURL)
	w := &world{url: url, qdrant: qdrantURL, pool: pool, conversations: serviceOn(t, url, 4), memory: m, outbox: delivery.NewOutbox(pool)}
	w.indexer = w.indexing(m)
	return w
}

func (w *world) indexing(m indexer.Memory) *indexer.Indexer {
	return indexer.New(store.New(w.pool), m)
}

var relaying = delivery.RelayConfig{
	Batch: 10, Concurrency: 4, MaxAttempts: 3, Timeout: 10 * time.Second,
	Backoff: time.Minute, MaxBackoff: time.Hour, UnconfirmedFor: time.Hour,
}

func (w *world) relay(t *testing.T, p delivery.Publisher, change ...func(*delivery.RelayConfig)) *delivery.Relay {
	t.Helper()
	config := relaying
	for _, c := range change {
		c(&config)
	}
	return delivery.NewRelay(w.outbox, p, config)
}

// deliver is a broker with one subscriber, which answers as its handler does.
func deliver(x *indexer.Indexer) eventtest.Publisher {
	return func(ctx context.Context, e cloudevents.Event) error {
		_, err := x.Index(ctx, e)
		switch {
		case errors.Is(err, indexer.ErrInvalid):
			return &delivery.Refused{Status: 422, Body: err.Error()}
		case err != nil:
			return &delivery.Refused{Status: 503, Body: err.Error()}
		}
		return nil
	}
}

// drain publishes all there is to the world's own indexer, and no failure.
func (w *world) drain(t *testing.T) delivery.Drained {
	t.Helper()
	done, ran, err := w.relay(t, deliver(w.indexer)).Drain(t.Context())
	require.NoError(t, err)
	require.True(t, ran)
	return done
}

// queued writes events in a transaction of the principal that they name.
func (w *world) queued(t *testing.T, events ...event.Event) {
	t.Helper()
	eventtest.Queue(t, w.pool, events...)
}

// forgetEvents empties the outbox.
func (w *world) forgetEvents(t *testing.T) {
	t.Helper()
	postgrestest.Exec(t, w.url, `DELETE FROM outbox`)
}

// leasesEnd lets claimed and failed events be claimed again at once.
func (w *world) leasesEnd(t *testing.T) { t.Helper(); eventtest.EndLeases(t, w.url) }

func (w *world) waiting(t *testing.T) int { t.Helper(); return eventtest.Waiting(t, w.url) }

// answeredTrip opens a conversation about a trip for a user and answers some
// slots of it, and returns its id with the waiting events gone.
func (w *world) answeredTrip(t *testing.T, as, user string, values map[string]any) string {
	t.Helper()
	ctx := principal.With(t.Context(), as)
	turn, err := w.conversations.Ask(ctx, conversation.AskInput{Context: "Book a trip", UserID: user, InformationNeeded: trip})
	require.NoError(t, err)
	w.answer(t, as, turn.ConversationID, values)
	return turn.ConversationID
}

func (w *world) answer(t *testing.T, as, id string, values map[string]any) {
	t.Helper()
	in := conversation.FollowUpInput{ConversationID: id}
	for slot, value := range values {
		in.Answers = append(in.Answers, conversation.AnswerInput{Slot: slot, Value: value})
	}
	_, err := w.conversations.FollowUp(principal.With(t.Context(), as), in)
	require.NoError(t, err)
	w.forgetEvents(t)
}

func (w *world) erase(t *testing.T, as, id string) {
	t.Helper()
	_, err := w.conversations.Forget(principal.With(t.Context(), as), conversation.ForgetInput{ConversationID: id})
	require.NoError(t, err)
	w.forgetEvents(t)
	postgrestest.Exec(t, w.url, `DELETE FROM erasures`)
}

var elsewhere = uuid.NewString // a conversation that only events know

var completed, erasedEvent = eventtest.Completed, eventtest.Erased

// sent is an event as a broker delivers it.
func sent(t *testing.T, e event.Event) cloudevents.Event {
	t.Helper()
	id, _ := e.Of()
	data, err := json.Marshal(e)
	require.NoError(t, err)
	return delivery.Entry{ID: uuid.New(), ConversationID: uuid.MustParse(id), Type: e.Type(), Data: data, CreatedAt: time.Now()}.CloudEvent()
}

// statistics are the counts of the schema key trip that all principals share.
func (w *world) statistics(t *testing.T) questioning.Statistics {
	t.Helper()
	var document []byte
	require.NoError(t, w.pool.QueryRow(t.Context(), `SELECT coalesce((SELECT document FROM shared_statistics WHERE form = 'trip'), '{}')`).Scan(&document))
	var s questioning.Statistics
	require.NoError(t, json.Unmarshal(document, &s))
	return s
}

// remember indexes slots of a conversation.
func (w *world) remember(t *testing.T, as, id string, slots ...string) {
	t.Helper()
	for _, slot := range slots {
		_, err := w.indexer.Index(t.Context(), sent(t, eventtest.Recorded(as, id, slot)))
		require.NoError(t, err)
	}
}

// values returns what memory holds of a principal, by slot.
func (w *world) values(t *testing.T, as string) map[string]any {
	t.Helper()
	return memorytest.Values(t, w.memory, as)
}
