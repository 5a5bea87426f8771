// Package parked shows the events of the outbox that were given up, and has them
// tried again.
package parked

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Event is an event that was given up. What it says is left out: it is what
// people said.
type Event struct {
	ID             uuid.UUID `json:"id"`
	Type           string    `json:"type"`
	ConversationID uuid.UUID `json:"conversation_id"`
	CreatedAt      time.Time `json:"created_at"`
	ParkedAt       time.Time `json:"parked_at"`
	Attempts       int       `json:"attempts"`
	Problem        string    `json:"problem"`
}

const columns = `id, type, conversation_id, created_at, parked_at, attempts, coalesce(problem, '')`

// List returns the events that were given up, the earliest first, and how many
// there are in all.
func List(ctx context.Context, pool *pgxpool.Pool, limit int) (events []Event, all int, err error) {
	err = eventing(ctx, pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL`).Scan(&all); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `SELECT `+columns+` FROM outbox WHERE parked_at IS NOT NULL ORDER BY position LIMIT $1`, limit)
		events, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Event])
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list events: %w", err)
	}
	return events, all, nil
}

// Replay has events tried again that were given up, all where none are named,
// and returns them.
func Replay(ctx context.Context, pool *pgxpool.Pool, ids []uuid.UUID, dry bool) (events []Event, err error) {
	const which = ` parked_at IS NOT NULL AND (cardinality($1::uuid[]) = 0 OR id = ANY($1))`
	err = eventing(ctx, pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `SELECT `+columns+` FROM outbox WHERE `+which+` ORDER BY position FOR UPDATE`, append([]uuid.UUID{}, ids...))
		if events, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Event]); err != nil {
			return err
		}
		there := map[uuid.UUID]bool{}
		for _, e := range events {
			there[e.ID] = true
		}
		for _, id := range ids {
			if !there[id] {
				return fmt.Errorf("event %s is not among those that were given up", id)
			}
		}
		if dry {
			return nil
		}
		_, err := tx.Exec(ctx, `UPDATE outbox SET parked_at = NULL, attempts = 0, next_at = now() WHERE `+which, append([]uuid.UUID{}, ids...))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("replay events: %w", err)
	}
	return events, nil
}

// eventing runs a transaction that acts for all principals.
func eventing(ctx context.Context, pool *pgxpool.Pool, run func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('app.role', 'eventing', true)`); err != nil {
			return err
		}
		return run(tx)
	})
}
