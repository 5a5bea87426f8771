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
	"slices"
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
	// memoryTimeout bounds what the events of a transaction take of Qdrant: erasing
	// their conversations waits for it.
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
	Sync(ctx context.Context, tx *store.Tx, slots map[string][]string) (exist []string, err error)
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
	outcomes, err := x.index(ctx, []cloudevents.Event{e})
	x.metrics.indexed(ctx, e.Type(), outcomes[0], err)
	x.prune(ctx, 1)
	return outcomes[0], err
}

// IndexAll processes events in one transaction for each principal, to the effect of
// Index for each. An error may be that of any event, so then deliver them one by one:
// what was processed is not processed again.
func (x *Indexer) IndexAll(ctx context.Context, events []cloudevents.Event) error {
	outcomes, err := x.index(ctx, events)
	if err != nil {
		return err
	}
	for i, e := range events {
		x.metrics.indexed(ctx, e.Type(), outcomes[i], nil)
	}
	x.prune(ctx, len(events))
	return nil
}

// happening is an event that is read.
type happening struct {
	event.Event
	id      string
	outcome *Outcome
}

// index returns an outcome for each event, also with an error. Questions are not
// indexed, and passed before the transaction that would only record that.
func (x *Indexer) index(ctx context.Context, events []cloudevents.Event) ([]Outcome, error) {
	outcomes := make([]Outcome, len(events))
	byPrincipal := map[string][]happening{}
	for i, e := range events {
		read, err := delivery.Read(e)
		if err != nil {
			return outcomes, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		if _, asked := read.(event.QuestionAsked); asked {
			outcomes[i] = Passed
			continue
		}
		_, who := read.Of()
		if who == "" { // a context without one acts for the local principal
			return outcomes, fmt.Errorf("%w: it names no principal", ErrInvalid)
		}
		outcomes[i] = Duplicate // unless it is the first
		byPrincipal[who] = append(byPrincipal[who], happening{read, e.ID(), &outcomes[i]})
	}
	for who, all := range byPrincipal {
		if err := x.process(principal.With(ctx, who), all); err != nil {
			return make([]Outcome, len(events)), err
		}
	}
	return outcomes, nil
}

// process is index for the events of the context's principal.
func (x *Indexer) process(ctx context.Context, all []happening) error {
	ids := make([]string, len(all))
	for i, h := range all {
		ids[i] = h.id
	}
	return x.store.Process(ctx, consumer, event.Source, ids, func(tx *store.Tx, first []string) error {
		waiting := make(map[string]bool, len(first))
		for _, id := range first {
			waiting[id] = true
		}
		var fresh []happening
		for _, h := range all {
			if waiting[h.id] {
				fresh = append(fresh, h)
				delete(waiting, h.id) // the second of one id is a duplicate
			}
		}
		return x.apply(ctx, tx, fresh)
	})
}

// apply brings the answers of all conversations to memory at once. That other events
// come later changes nothing: each is processed by what the store holds now.
func (x *Indexer) apply(ctx context.Context, tx *store.Tx, all []happening) error {
	slots := map[string][]string{}
	for _, h := range all {
		id, _ := h.Of()
		for _, key := range changed(h.Event) {
			if !slices.Contains(slots[id], key) {
				slots[id] = append(slots[id], key)
			}
		}
	}
	synced, err := x.sync(ctx, tx, slots)
	if err != nil {
		return err
	}
	for _, h := range all {
		switch e := h.Event.(type) {
		case event.AnswerRecorded, event.AnswerRevised:
			id, _ := e.Of()
			*h.outcome = synced(id)
		case event.ConversationCompleted:
			*h.outcome, err = count(ctx, tx, e)
		case event.ConversationErased:
			*h.outcome, err = x.delete(ctx, tx, e)
		default:
			*h.outcome = Passed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// changed returns the keys of the slots whose answers an event changed.
func changed(e event.Event) []string {
	switch e := e.(type) {
	case event.AnswerRecorded:
		return []string{e.Slot.Key}
	case event.AnswerRevised:
		return append([]string{e.Slot.Key}, e.Reopened...)
	}
	return nil
}

// sync writes to memory what the slots hold now, not what the events announced, and
// returns the outcome for each conversation. The transaction keeps the conversations
// locked, so they cannot be erased between reading and writing.
func (x *Indexer) sync(ctx context.Context, tx *store.Tx, slots map[string][]string) (of func(conversation string) Outcome, err error) {
	if len(slots) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, memoryTimeout)
	defer cancel()
	exist, err := x.memory.Sync(ctx, tx, slots)
	if errors.Is(err, memory.ErrNotConfigured) {
		return func(string) Outcome { return Passed }, nil
	}
	return func(conversation string) Outcome {
		if slices.Contains(exist, conversation) {
			return Indexed
		}
		return Dropped
	}, err
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
// delivered again. It runs after events instead of on a timer, since an instance
// at rest has none. A failure is logged, and made up for later.
func (x *Indexer) prune(ctx context.Context, events int) {
	after := x.events.Add(int64(events))
	if times := func(n int64) int64 { return (n + pruneEvery - 1) / pruneEvery }; times(after) == times(after-int64(events)) {
		return
	}
	if _, err := x.store.DeleteProcessed(ctx, retention, pruneBatch); err != nil {
		slog.WarnContext(ctx, "processed events were not pruned", "error", err)
	}
}
