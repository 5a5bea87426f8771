package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// Process runs a transaction that processes an event for a consumer, unless the
// consumer did before: then it returns false. Of two deliveries the later waits
// for the end of the earlier's transaction. The transaction acts for the eventing
// side and, as every other, for the principal of the context.
func (s *Store) Process(ctx context.Context, consumer, source, id string, run func(*Tx) error) (first bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		first, err = tx.insertProcessed(ctx, consumer, source, id)
		if err != nil || !first {
			return err
		}
		return run(tx)
	})
	return first, err
}

func (t *Tx) insertProcessed(ctx context.Context, consumer, source, id string) (inserted bool, err error) {
	batch := &pgx.Batch{}
	postgres.BindEventing(batch, principal.From(ctx))
	batch.Queue(`INSERT INTO processed_events (consumer, source, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, consumer, source, id).
		Exec(func(tag pgconn.CommandTag) error {
			inserted = tag.RowsAffected() == 1
			return nil
		})
	if err := t.send(ctx, batch); err != nil {
		return false, fmt.Errorf("insert processed event: %w", err)
	}
	return inserted, nil
}

// maxPruned bounds how many rows one DeleteProcessed deletes.
const maxPruned = 10_000

// DeleteProcessed deletes what is known of the events that were processed longer
// ago than age, the oldest 10,000 of them.
func (s *Store) DeleteProcessed(ctx context.Context, age time.Duration) error {
	err := s.sendEventing(ctx, func(batch *pgx.Batch) {
		batch.Queue(`
			DELETE FROM processed_events WHERE (consumer, source, id) IN (
				SELECT consumer, source, id FROM processed_events WHERE at < now() - $1::interval ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
			age, maxPruned)
	})
	if err != nil {
		return fmt.Errorf("delete processed events: %w", err)
	}
	return nil
}

// Exists reports whether any principal has a conversation. Only a transaction of
// Process sees another principal's.
func (t *Tx) Exists(ctx context.Context, id string) (exists bool, err error) {
	batch := t.batch(ctx)
	batch.Queue(`SELECT EXISTS (SELECT FROM conversations WHERE id = $1)`, id).
		QueryRow(func(row pgx.Row) error { return row.Scan(&exists) })
	if err := t.send(ctx, batch); err != nil {
		return false, fmt.Errorf("look for the conversation: %w", err)
	}
	return exists, nil
}

// ConfirmErasure deletes the tombstone of a conversation that memory has deleted,
// so that its erasure is not announced again.
func (t *Tx) ConfirmErasure(ctx context.Context, id string) error {
	batch := t.batch(ctx)
	batch.Queue(`DELETE FROM erasures WHERE conversation_id = $1 AND principal = current_setting('app.principal')`, id)
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("confirm erasure: %w", err)
	}
	return nil
}

// UnconfirmedErasures counts the tombstones of all principals, and those of them
// that are older than age.
func (s *Store) UnconfirmedErasures(ctx context.Context, age time.Duration) (all, late int, err error) {
	err = s.sendEventing(ctx, func(batch *pgx.Batch) {
		batch.Queue(`SELECT count(*), count(*) FILTER (WHERE at < now() - $1::interval) FROM erasures`, age).
			QueryRow(func(row pgx.Row) error { return row.Scan(&all, &late) })
	})
	if err != nil {
		return 0, 0, fmt.Errorf("count erasures: %w", err)
	}
	return all, late, nil
}

// sendEventing is send for the eventing side, which reads the conversations of all
// principals.
func (s *Store) sendEventing(ctx context.Context, fill func(*pgx.Batch)) error {
	batch := &pgx.Batch{}
	postgres.BindEventing(batch, principal.From(ctx))
	fill(batch)
	return s.pool.SendBatch(ctx, batch).Close()
}
