package event

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Parked is an event that was given up. What it says is left out: it is what
// people said.
type Parked struct {
	ID             uuid.UUID `json:"id"`
	Type           Type      `json:"type"`
	ConversationID uuid.UUID `json:"conversation_id"`
	CreatedAt      time.Time `json:"created_at"`
	ParkedAt       time.Time `json:"parked_at"`
	Attempts       int       `json:"attempts"`
	Problem        string    `json:"problem"`
}

const selectParked = `
	SELECT id, type, conversation_id, created_at, parked_at, attempts, coalesce(problem, '')
	FROM outbox WHERE parked_at IS NOT NULL`

// Parked returns the events that were given up, the earliest first, and how many
// there are in all.
func (o *Outbox) Parked(ctx context.Context, limit int) (events []Parked, all int, err error) {
	err = o.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL`).Scan(&all); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, selectParked+` ORDER BY position LIMIT $1`, limit)
		events, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Parked])
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list parked events: %w", err)
	}
	return events, all, nil
}

// Unpark lets parked events be tried again, all where none are named, and returns
// them. A dry one only returns them.
func (o *Outbox) Unpark(ctx context.Context, ids []uuid.UUID, dry bool) (events []Parked, err error) {
	ids = append([]uuid.UUID{}, ids...) // never NULL
	err = o.inTx(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, selectParked+` AND (cardinality($1::uuid[]) = 0 OR id = ANY($1)) ORDER BY position FOR UPDATE`, ids)
		if events, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Parked]); err != nil {
			return err
		}
		found := make([]uuid.UUID, len(events))
		there := map[uuid.UUID]bool{}
		for i, e := range events {
			found[i], there[e.ID] = e.ID, true
		}
		for _, id := range ids {
			if !there[id] {
				return fmt.Errorf("event %s is not among those that were given up", id)
			}
		}
		if dry {
			return nil
		}
		_, err := tx.Exec(ctx, `UPDATE outbox SET parked_at = NULL, attempts = 0, next_at = now() WHERE id = ANY($1)`, found)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("unpark events: %w", err)
	}
	return events, nil
}
