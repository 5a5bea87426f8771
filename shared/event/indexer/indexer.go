// Package indexer processes events: it writes answers to memory, and counts completed
// conversations in the statistics. Each event has its effect once. Begin with Index.
//
// An event says only that something changed. What to write is read from the database
// in the transaction that marks the event as processed, so late, repeated and
// reordered events all lead to the same state.
package indexer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

const (
	// consumer is the indexer's name among those that process events.
	consumer = "indexer"
	// memoryTimeout bounds what one event takes of Qdrant: erasing the conversation
	// waits for it.
	memoryTimeout = 2 * time.Second
	// retention is how long an event is known to have been processed: a week, longer
	// than a broker delivers it again.
	retention = 7 * 24 * time.Hour
	// pruneEvery is after how many events an instance deletes what is older than that:
	// pruneBatch rows, more than it has added since, so that pruning keeps pace whatever
	// the rate. The first event prunes too.
	pruneEvery = 500
	pruneBatch = 1000
)

// Memory is what an indexer writes to. See memory.Memory. Both methods return
// memory.ErrNotConfigured without a memory, and have to be idempotent: a
// transaction that fails after them is repeated.
type Memory interface {
	Sync(ctx context.Context, tx *store.Tx, conversation string, slots []string) (exists bool, err error)
	Delete(ctx context.Context, principal string, conversations ...string) error
}

// Indexer is safe for concurrent use, also by several instances.
type Indexer struct {
	store   *store.Store
	memory  Memory
	metrics *metrics
	events  atomic.Int64 // since the instance started
}

// New returns an indexer of a store, which it does not own.
func New(s *store.Store, m Memory) *Indexer {
	return &Indexer{store: s, memory: m, metrics: newMetrics()}
}

// Index processes an event. After an error nothing has happened that a repeated
// delivery would not do again to the same effect. The error is ErrInvalid,
// qdrant.ErrUnavailable or postgres.Retryable, or one that is not expected.
func (x *Indexer) Index(ctx context.Context, e cloudevents.Event) (Outcome, error) {
	outcome, err := x.index(ctx, e)
	x.metrics.indexed(ctx, e.Type(), outcome, err)
	x.prune(ctx)
	return outcome, err
}

// index is Index without metrics. Questions are not indexed, and passed before the
// transaction that would only record that.
func (x *Indexer) index(ctx context.Context, e cloudevents.Event) (Outcome, error) {
	read, err := delivery.Read(e)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if _, asked := read.(event.QuestionAsked); asked {
		return Passed, nil
	}
	_, who := read.Of()
	if who == "" { // a context without one acts for the local principal
		return "", fmt.Errorf("%w: it names no principal", ErrInvalid)
	}
	ctx = principal.With(ctx, who)
	var outcome Outcome
	first, err := x.store.Process(ctx, consumer, e.Source(), e.ID(), func(tx *store.Tx) error {
		outcome, err = x.apply(ctx, tx, read)
		return err
	})
	switch {
	case err != nil:
		return "", err
	case !first:
		return Duplicate, nil
	}
	return outcome, nil
}

// apply acts for the principal of the event, which the context carries.
func (x *Indexer) apply(ctx context.Context, tx *store.Tx, e event.Event) (Outcome, error) {
	switch e := e.(type) {
	case event.AnswerRecorded:
		return x.sync(ctx, tx, e.ConversationID, e.Slot.Key)
	case event.AnswerRevised:
		return x.sync(ctx, tx, e.ConversationID, append([]string{e.Slot.Key}, e.Reopened...)...)
	case event.ConversationCompleted:
		return count(ctx, tx, e)
	case event.ConversationErased:
		return x.delete(ctx, tx, e)
	}
	return Passed, nil
}

// sync writes to memory what the slots hold now, not what the event announced. The
// transaction keeps the conversation locked, so it cannot be erased between reading
// and writing.
func (x *Indexer) sync(ctx context.Context, tx *store.Tx, conversation string, slots ...string) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, memoryTimeout)
	defer cancel()
	switch exists, err := x.memory.Sync(ctx, tx, conversation, slots); {
	case errors.Is(err, memory.ErrNotConfigured):
		return Passed, nil
	case err != nil:
		return "", err
	case !exists:
		return Dropped, nil
	}
	return Indexed, nil
}

// count adds a conversation to the statistics of its schema key, once however
// often it completes.
func count(ctx context.Context, tx *store.Tx, e event.ConversationCompleted) (Outcome, error) {
	switch added, err := tx.AddToStatistics(ctx, e.ConversationID, e.SchemaKey); {
	case errors.Is(err, store.ErrNotFound):
		return Dropped, nil
	case err != nil:
		return "", err
	case !added:
		return Passed, nil
	}
	return Indexed, nil
}

// delete deletes an erased conversation from memory, and then confirms its
// erasure.
func (x *Indexer) delete(ctx context.Context, tx *store.Tx, e event.ConversationErased) (Outcome, error) {
	exists, err := tx.Exists(ctx, e.ConversationID)
	if err != nil {
		return "", err
	}
	if exists {
		return "", fmt.Errorf("%w: conversation %s is not erased", ErrInvalid, e.ConversationID)
	}
	bounded, cancel := context.WithTimeout(ctx, memoryTimeout)
	defer cancel()
	if err := x.memory.Delete(bounded, e.Principal, e.ConversationID); err != nil && !errors.Is(err, memory.ErrNotConfigured) {
		return "", err
	}
	if err := tx.ConfirmErasure(ctx, e.ConversationID); err != nil {
		return "", err
	}
	return Indexed, nil
}

// prune deletes, after every pruneEvery events, what was processed too long ago to be
// delivered again. It runs after an event instead of on a timer, since an instance
// at rest has none. A failure is logged, and made up for later.
func (x *Indexer) prune(ctx context.Context) {
	if (x.events.Add(1)-1)%pruneEvery != 0 {
		return
	}
	if _, err := x.store.DeleteProcessed(ctx, retention, pruneBatch); err != nil {
		slog.WarnContext(ctx, "processed events were not pruned", "error", err)
	}
}
