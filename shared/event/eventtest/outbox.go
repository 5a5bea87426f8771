package eventtest

import (
	"context"
	"sync"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// Queue writes events in a transaction of the principal that they name.
func Queue(t testing.TB, pool *pgxpool.Pool, events ...event.Event) {
	t.Helper()
	require.NoError(t, pgx.BeginTxFunc(t.Context(), pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		return QueueIn(t, tx, events...)
	}))
}

// QueueIn writes events as Queue does, in a transaction that the caller ends. So a test
// can see that an event that is never committed is not published.
func QueueIn(t testing.TB, tx pgx.Tx, events ...event.Event) error {
	t.Helper()
	_, of := events[0].Of()
	batch := &pgx.Batch{}
	postgres.BindPrincipal(batch, of)
	require.NoError(t, event.Queue(batch, events...))
	return tx.SendBatch(t.Context(), batch).Close()
}

// Conversation is what an event says of a conversation about a trip.
func Conversation(as, conversationID string) event.Conversation {
	return event.Conversation{Principal: as, ConversationID: conversationID, SchemaKey: "trip"}
}

// Recorded is the event of an answer; what an indexer goes by is its slot. Its time is
// now, and its conversation need not exist.
func Recorded(as, conversationID, slot string) event.AnswerRecorded {
	return event.AnswerRecorded{
		Conversation: Conversation(as, conversationID),
		Answer:       event.Answer{Slot: event.Slot{Key: slot}, AnswerNumber: 1, Outcome: "answered"},
		At:           time.Now(),
	}
}

// Completed is the event of a conversation that has all its answers.
func Completed(as, conversationID string) event.ConversationCompleted {
	return event.ConversationCompleted{Conversation: Conversation(as, conversationID), StopReason: "all_settled", At: time.Now()}
}

// Erased is the event of a conversation that was forgotten.
func Erased(as, conversationID string) event.ConversationErased {
	return event.ConversationErased{Principal: as, ConversationID: conversationID, At: time.Now()}
}

// EndLeases lets claimed and failed events of a database be claimed again at once.
func EndLeases(t testing.TB, url string) {
	t.Helper()
	postgrestest.Exec(t, url, `UPDATE outbox SET next_at = now()`)
}

// Waiting counts the events in a database's outbox, dead letters among them.
func Waiting(t testing.TB, url string) int {
	t.Helper()
	return postgrestest.Count(t, url, `SELECT count(*) FROM outbox`)
}

// Publisher is a sink in this process.
type Publisher func(context.Context, cloudevents.Event) error

// Publish calls the function.
func (p Publisher) Publish(ctx context.Context, e cloudevents.Event) error { return p(ctx, e) }

// Recorder is a sink that keeps what it is given. It is safe for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	events []cloudevents.Event
}

// Publish keeps the event.
func (r *Recorder) Publish(_ context.Context, e cloudevents.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	return nil
}

// Events are those kept so far, in the order in which they came.
func (r *Recorder) Events() []cloudevents.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]cloudevents.Event(nil), r.events...)
}

// IDs are the ids of the events kept so far, in the order in which they came.
func (r *Recorder) IDs() []string {
	var ids []string
	for _, e := range r.Events() {
		ids = append(ids, e.ID())
	}
	return ids
}
