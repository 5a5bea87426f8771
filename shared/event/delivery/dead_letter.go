package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// DeadLetter is an event that is not tried again until somebody requeues it. The
// sink refused it for good or too often, or the broker could not deliver it. In
// the outbox it is a row whose parked_at is set. It does not hold up the later events
// of its conversation: consumers read the state of a conversation from the database,
// so a missing event delays what it announces but does not falsify it.
type DeadLetter struct {
	ID             uuid.UUID  `json:"id"`
	Type           event.Type `json:"type"`
	ConversationID uuid.UUID  `json:"conversation_id"`
	CreatedAt      time.Time  `json:"created_at"`
	DeadLetteredAt time.Time  `json:"dead_lettered_at"`
	Attempts       int        `json:"attempts"`
	// It quotes sinks, and never the event's data.
	Problem string `json:"problem"`
}

// maxProblem bounds the problem of an event, in characters: it quotes the answer
// of a sink, which may be of any length.
const maxProblem = 1000

const selectDeadLetters = `
	SELECT id, type, conversation_id, created_at, parked_at, attempts, coalesce(problem, '')
	FROM outbox WHERE parked_at IS NOT NULL`

// DeadLetters returns up to limit dead letters, the earliest first, and how many
// there are in all.
func (o *Outbox) DeadLetters(ctx context.Context, limit int) (letters []DeadLetter, all int, err error) {
	err = o.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL`).Scan(&all); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, selectDeadLetters+` ORDER BY position LIMIT $1`, limit)
		letters, err = pgx.CollectRows(rows, pgx.RowToStructByPos[DeadLetter])
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list dead letters: %w", err)
	}
	return letters, all, nil
}

// Requeue lets dead letters be tried again, all of them if no id is given, and
// returns them. An id that is no dead letter's is an error, and nothing is
// requeued. A dry run only returns them. Attempts count from zero again. The relay
// publishes the events at its next drain; call Nudge or wait for its timer.
func (o *Outbox) Requeue(ctx context.Context, ids []uuid.UUID, dryRun bool) (letters []DeadLetter, err error) {
	ids = append([]uuid.UUID{}, ids...) // never NULL
	err = o.inTx(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, selectDeadLetters+` AND (cardinality($1::uuid[]) = 0 OR id = ANY($1)) ORDER BY position FOR UPDATE`, ids)
		if letters, err = pgx.CollectRows(rows, pgx.RowToStructByPos[DeadLetter]); err != nil {
			return err
		}
		found := make([]uuid.UUID, len(letters))
		known := map[uuid.UUID]bool{}
		for i, letter := range letters {
			found[i], known[letter.ID] = letter.ID, true
		}
		for _, id := range ids {
			if !known[id] {
				return fmt.Errorf("event %s is not a dead letter", id)
			}
		}
		if dryRun {
			return nil
		}
		_, err := tx.Exec(ctx, `UPDATE outbox SET parked_at = NULL, attempts = 0, next_at = now() WHERE id = ANY($1)`, found)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("requeue events: %w", err)
	}
	return letters, nil
}

// AddDeadLetter records an event as a dead letter that was published and that the
// broker could not deliver. It does nothing for an event of a conversation that is
// erased by now, nor for an erasure, which RequeueErasures sees to. A broker may
// return the same event twice, hence the upsert.
func (o *Outbox) AddDeadLetter(ctx context.Context, id uuid.UUID, e event.Event, problem string) error {
	if e.Type() == event.TypeConversationErased {
		return nil
	}
	conversation, of := e.Of()
	data, err := event.Encode(e)
	if err != nil {
		return fmt.Errorf("add dead letter: %w", err)
	}
	err = o.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO outbox (principal, id, conversation_id, type, data, problem, parked_at)
			SELECT $1, $2, c.id, $4, $5, $6, now() FROM conversations c WHERE c.id = $3
			ON CONFLICT (id) DO UPDATE SET problem = excluded.problem, parked_at = excluded.parked_at`,
			of, id, conversation, string(e.Type()), string(data), plain.Excerpt(problem, maxProblem))
		return err
	})
	if err != nil {
		return fmt.Errorf("add dead letter: %w", err)
	}
	return nil
}
