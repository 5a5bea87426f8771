package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// Process runs one transaction that processes an event for a consumer: run is not called
// where the consumer has processed it before.
// Of two deliveries of an event the later waits for the end of the earlier's
// transaction. The transaction acts for the eventing side and, as every other, for
// the principal of the context.
func (s *Store) Process(ctx context.Context, consumer, source, id string, run func(tx *Tx) error) error {
	return s.Write(ctx, func(tx *Tx) error {
		first, err := tx.insertProcessed(ctx, queries.InsertProcessedParams{Consumer: consumer, Source: source, ID: id})
		if err != nil || !first {
			return err
		}
		return run(tx)
	})
}

// insertProcessed comes first in a transaction: it binds it.
func (t *Tx) insertProcessed(ctx context.Context, event queries.InsertProcessedParams) (first bool, err error) {
	batch := eventingBatch(ctx)
	query(batch, (*queries.Queries).InsertProcessed, event, func(added int64) error {
		first = added == 1
		return nil
	})
	if err := t.send(ctx, batch); err != nil {
		return false, fmt.Errorf("store processed event: %w", err)
	}
	return first, nil
}

// Consume is like Process for events that wait in the outbox of this database. They are
// deleted there in the transaction of their effect, which is all that has to be noted:
// an event waits until it was processed. run gets the ids of those that nobody else
// processes. Until the transaction ends, the conversations that the events are about are
// not erased; its commit does not wait for the disk: what is lost is processed again.
func (s *Store) Consume(ctx context.Context, conversations, ids []string, run func(tx *Tx, first []string) error) error {
	return s.Write(ctx, func(tx *Tx) error {
		first, err := tx.deleteQueued(ctx, slices.Compact(slices.Sorted(slices.Values(conversations))), ids)
		if err != nil || len(first) == 0 {
			return err
		}
		return run(tx, first)
	})
}

// deleteQueued comes first in a transaction: it binds it. The conversations are locked
// before their events, as an erasure does.
func (t *Tx) deleteQueued(ctx context.Context, conversations, ids []string) (deleted []string, err error) {
	batch := eventingBatch(ctx)
	batch.Queue(`SET LOCAL synchronous_commit = off`)
	query(batch, (*queries.Queries).LockAgainstErasure, conversations, func([]string) error { return nil })
	query(batch, (*queries.Queries).DeleteQueued, ids, func(ids []string) error {
		deleted = ids
		return nil
	})
	if err := t.send(ctx, batch); err != nil {
		return nil, fmt.Errorf("take events from the outbox: %w", err)
	}
	return deleted, nil
}

// eventingBatch returns a batch that binds its transaction to the eventing side
// and to the principal of the context.
func eventingBatch(ctx context.Context) *pgx.Batch {
	batch := &pgx.Batch{}
	postgres.BindEventing(batch, principal.From(ctx))
	return batch
}

// DeleteProcessed deletes what is known of the events that were processed longer
// ago than age, at most so many of the oldest, and returns their number.
func (s *Store) DeleteProcessed(ctx context.Context, age time.Duration, most int) (int, error) {
	deleted, err := fetchOfAll(ctx, s, (*queries.Queries).DeleteProcessed, queries.DeleteProcessedParams{Age: age, Most: most})
	if err != nil {
		return 0, fmt.Errorf("delete processed events: %w", err)
	}
	return int(deleted), nil
}

// SweepResults deletes results that were kept for longer than age, at most so many of
// the oldest, and returns their number.
func (s *Store) SweepResults(ctx context.Context, age time.Duration, most int) (int, error) {
	deleted, err := fetchOfAll(ctx, s, (*queries.Queries).SweepResults, queries.SweepResultsParams{Age: age, Most: most})
	if err != nil {
		return 0, fmt.Errorf("sweep results: %w", err)
	}
	return int(deleted), nil
}

// Exists reports whether any principal has a conversation. Only a transaction of
// Process sees another principal's.
func (t *Tx) Exists(ctx context.Context, id string) (bool, error) {
	exists, err := fetch(ctx, t, (*queries.Queries).ConversationExists, id)
	if err != nil {
		return false, fmt.Errorf("look for the conversation: %w", err)
	}
	return exists, nil
}

// ConfirmErasure deletes the tombstone of a conversation that memory has deleted,
// so that its erasure is not announced again.
func (t *Tx) ConfirmErasure(ctx context.Context, id string) error {
	batch := t.batch(ctx)
	exec(batch, (*queries.Queries).DeleteTombstone, id)
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("confirm erasure: %w", err)
	}
	return nil
}

// UnconfirmedErasures counts the tombstones of all principals, and those of them
// that are older than age.
func (s *Store) UnconfirmedErasures(ctx context.Context, age time.Duration) (waiting, late int, err error) {
	row, err := fetchOfAll(ctx, s, (*queries.Queries).CountTombstones, age)
	if err != nil {
		return 0, 0, fmt.Errorf("count erasures: %w", err)
	}
	return row.Waiting, row.Late, nil
}

// fetchOfAll runs one statement, which reads the rows of all principals, in a
// separate transaction and in one round trip.
func fetchOfAll[P, R any](ctx context.Context, s *Store, statement func(*queries.Queries, context.Context, P) (R, error), parameters P) (result R, err error) {
	batch := eventingBatch(ctx)
	query(batch, statement, parameters, func(r R) error {
		result = r
		return nil
	})
	return result, s.pool.SendBatch(ctx, batch).Close()
}
