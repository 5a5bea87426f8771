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
	outcome, err := x.index(ctx, e)
	x.metrics.indexed(ctx, e.Type(), outcome, err)
	x.prune(ctx)
	return outcome, err
}

// Consume processes events that wait in the outbox of the store's database, to the effect
// of Index for each, and deletes them there: in one transaction for each principal, with
// one write to memory. An error may be that of any event, so then deliver them one by one:
// what was processed waits no longer. It returns the entries that it processed, and their
// events: others are processed by somebody else.
func (x *Indexer) Consume(ctx context.Context, waiting []delivery.Entry) (processed []delivery.Entry, of []event.Event, err error) {
	events, outcomes := make([]event.Event, len(waiting)), make([]Outcome, len(waiting))
	byPrincipal := map[string][]happening{}
	for i, entry := range waiting {
		e, err := entry.Event()
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		_, who := e.Of()
		events[i], outcomes[i] = e, Duplicate // unless nobody else processes it
		byPrincipal[who] = append(byPrincipal[who], happening{e, entry.ID.String(), &outcomes[i]})
	}
	for who, all := range byPrincipal {
		if err := x.consume(principal.With(ctx, who), all); err != nil {
			return nil, nil, err
		}
	}
	for i, e := range events {
		x.metrics.indexed(ctx, string(e.Type()), outcomes[i], nil)
		if outcomes[i] != Duplicate {
			processed, of = append(processed, waiting[i]), append(of, e)
		}
	}
	return processed, of, nil
}

// consume is Consume for the context's principal.
func (x *Indexer) consume(ctx context.Context, all []happening) error {
	ids, conversations := make([]string, len(all)), make([]string, len(all))
	for i, h := range all {
		ids[i] = h.id
		conversations[i], _ = h.Of()
	}
	return x.store.Consume(ctx, conversations, ids, func(tx *store.Tx, first []string) error {
		return x.apply(ctx, tx, those(all, first))
	})
}

// happening is an event that is read.
type happening struct {
	event.Event
	id      string
	outcome *Outcome
}

// those returns the happenings of the ids, each id once.
func those(all []happening, ids []string) []happening {
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	var some []happening
	for _, h := range all {
		if wanted[h.id] {
			some = append(some, h)
			delete(wanted, h.id)
		}
	}
	return some
}

// index is Index without the metric. Questions are not indexed, and passed before the
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
	outcome := Duplicate // unless it is the first
	ctx = principal.With(ctx, who)
	err = x.store.Process(ctx, consumer, event.Source, e.ID(), func(tx *store.Tx) error {
		return x.apply(ctx, tx, []happening{{read, e.ID(), &outcome}})
	})
	if err != nil {
		return "", err
	}
	return outcome, nil
}

// apply brings the answers of all conversations to memory at once, and counts all that
// completed. That other events come later changes nothing: each is processed by what the
// store holds now.
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
	var completed []happening
	for _, h := range all {
		switch e := h.Event.(type) {
		case event.AnswerRecorded, event.AnswerRevised:
			id, _ := e.Of()
			*h.outcome = synced(id)
		case event.ConversationCompleted:
			completed = append(completed, h)
		case event.ConversationErased:
			*h.outcome, err = x.delete(ctx, tx, e)
		default:
			*h.outcome = Passed
		}
		if err != nil {
			return err
		}
	}
	return count(ctx, tx, completed)
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

// count adds conversations to the statistics of their schema keys, once however often
// they complete.
func count(ctx context.Context, tx *store.Tx, all []happening) error {
	if len(all) == 0 {
		return nil
	}
	completed := make([]store.Completed, len(all))
	for i, h := range all {
		e := h.Event.(event.ConversationCompleted)
		completed[i] = store.Completed{ConversationID: e.ConversationID, SchemaKey: e.SchemaKey}
	}
	counted, err := tx.AddToStatistics(ctx, completed)
	if err != nil {
		return err
	}
	outcomes := map[store.Counted]Outcome{store.CountedNow: Indexed, store.CountedBefore: Passed, store.CountedNever: Dropped}
	for i, h := range all {
		*h.outcome = outcomes[counted[i]]
	}
	return nil
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
func (x *Indexer) prune(ctx context.Context) {
	if x.events.Add(1)%pruneEvery != 1 {
		return
	}
	if _, err := x.store.DeleteProcessed(ctx, retention, pruneBatch); err != nil {
		slog.WarnContext(ctx, "processed events were not pruned", "error", err)
	}
}
