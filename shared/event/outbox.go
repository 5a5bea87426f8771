package event

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// Outbox holds the events that wait to be published. Those of one conversation
// are given out in their order: none is claimed while an earlier one is claimed
// or waits to be tried again. It acts for all principals.
type Outbox struct{ pool *pgxpool.Pool }

// NewOutbox returns the outbox of a database.
func NewOutbox(pool *pgxpool.Pool) *Outbox { return &Outbox{pool} }

// Waiting is an event of the outbox. Until Until it is its claimer's.
type Waiting struct {
	ID             uuid.UUID
	Position       int64
	ConversationID uuid.UUID
	Type           Type
	Data           json.RawMessage
	CreatedAt      time.Time
	Attempts       int
	Until          time.Time
}

// claimLock lets one relay claim at a time: of two that overlook what the other
// is about to take, one would take a conversation's later events.
// Its transaction plans without a sort and without compilation: an outbox fills
// and empties faster than statistics follow, and a planner that takes it for
// empty reads all of a backlog for every claim.
const claimLock = `
	SELECT set_config('enable_sort', 'off', true), set_config('jit', 'off', true),
	       pg_advisory_xact_lock(hashtextextended('claim events of the outbox', 0))`

// claim looks at the earlier events of each row's own conversation: OFFSET 0
// keeps the planner from joining the whole outbox with itself instead, which
// with a backlog of 100,000 events outlasts the statement timeout for ever.
const claim = `
	WITH due AS (
		SELECT o.id FROM outbox o
		WHERE o.parked_at IS NULL AND o.next_at <= now() AND NOT EXISTS (
			SELECT FROM outbox e WHERE e.conversation_id = o.conversation_id AND e.position < o.position
			AND e.parked_at IS NULL AND e.next_at > now() OFFSET 0)
		ORDER BY o.position LIMIT $1 FOR UPDATE OF o SKIP LOCKED
	)
	UPDATE outbox o SET next_at = now() + $2 FROM due WHERE o.id = due.id
	RETURNING o.id, o.position, o.conversation_id, o.type, o.data, o.created_at, o.attempts, o.next_at`

// Claim returns the earliest events that may be published now, in their order.
// What is not settled within the lease may be claimed by another.
func (o *Outbox) Claim(ctx context.Context, limit int, lease time.Duration) ([]Waiting, error) {
	var claimed []Waiting
	err := o.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, claimLock); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, claim, limit, lease)
		var err error
		claimed, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Waiting])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim events: %w", err)
	}
	slices.SortFunc(claimed, func(a, b Waiting) int { return cmp.Compare(a.Position, b.Position) })
	return claimed, nil
}

// Settlement is what became of claimed events.
type Settlement struct {
	Published []Waiting
	// Failed wait for half as long as they have waited already, within Backoff
	// and MaxBackoff, or are parked.
	Failed              []Failure
	Backoff, MaxBackoff time.Duration
	// Released were not tried.
	Released []Waiting
}

// Failure is an event that could not be published.
type Failure struct {
	Waiting
	Problem string
	Counts  bool // as an attempt: the event was refused, not merely not delivered
	Park    bool
}

// Settle deletes what was published and gives the rest back. What another has
// claimed meanwhile, or a conversation's erasure has withdrawn, is left alone.
func (o *Outbox) Settle(ctx context.Context, s Settlement) error {
	batch := &pgx.Batch{}
	if len(s.Published) > 0 {
		ids := make([]uuid.UUID, len(s.Published))
		for i, w := range s.Published {
			ids[i] = w.ID
		}
		batch.Queue(`DELETE FROM outbox WHERE id = ANY($1) AND parked_at IS NULL`, ids) // a dead letter may be quicker
	}
	for _, f := range s.Failed {
		attempts := 0
		if f.Counts {
			attempts = 1
		}
		batch.Queue(`
			UPDATE outbox SET attempts = attempts + $3, problem = $4, parked_at = CASE WHEN $5 THEN now() END,
			       next_at = now() + least(greatest((now() - created_at) / 2, $6::interval), $7::interval)
			WHERE id = $1 AND next_at = $2`, f.ID, f.Until, attempts, f.Problem, f.Park, s.Backoff, s.MaxBackoff)
	}
	for _, w := range s.Released {
		batch.Queue(`UPDATE outbox SET next_at = now() WHERE id = $1 AND next_at = $2`, w.ID, w.Until)
	}
	if batch.Len() == 0 {
		return nil
	}
	err := o.inTx(ctx, func(tx pgx.Tx) error { return tx.SendBatch(ctx, batch).Close() })
	if err != nil {
		return fmt.Errorf("settle events: %w", err)
	}
	return nil
}

// Backlog is how much waits.
type Backlog struct {
	Waiting, Parked int
	Oldest          time.Duration // how long the oldest that is not parked has waited
}

// Backlog looks at what waits.
func (o *Outbox) Backlog(ctx context.Context) (Backlog, error) {
	var b Backlog
	err := o.inTx(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT count(*) FILTER (WHERE parked_at IS NULL), count(*) FILTER (WHERE parked_at IS NOT NULL),
			       greatest(coalesce(now() - min(created_at) FILTER (WHERE parked_at IS NULL), '0'), '0')
			FROM outbox`).Scan(&b.Waiting, &b.Parked, &b.Oldest)
	})
	if err != nil {
		return Backlog{}, fmt.Errorf("look at what waits: %w", err)
	}
	return b, nil
}

// announcedAtOnce bounds how many erasures are announced again at a time.
const announcedAtOnce = 100

// Reannounce queues the erasures once more that nobody has confirmed since they
// were announced so long ago, and returns their number.
func (o *Outbox) Reannounce(ctx context.Context, after time.Duration) (int, error) {
	n := 0
	err := o.inTx(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			UPDATE erasures SET announced_at = now() WHERE conversation_id IN (
				SELECT conversation_id FROM erasures e WHERE announced_at < now() - $1::interval
				AND NOT EXISTS (SELECT FROM outbox o WHERE o.conversation_id = e.conversation_id)
				ORDER BY announced_at LIMIT $2 FOR UPDATE SKIP LOCKED)
			RETURNING principal, conversation_id::text, at`, after, announcedAtOnce)
		erased, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ConversationErased])
		if err != nil || len(erased) == 0 {
			return err
		}
		n = len(erased)
		all := make([]Event, n)
		for i, e := range erased {
			all[i] = e
		}
		batch := &pgx.Batch{}
		if err := queue(batch, all...); err != nil {
			return err
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return 0, fmt.Errorf("announce erasures again: %w", err)
	}
	return n, nil
}

// sweptAtOnce bounds how many expired elicitations are deleted at a time.
const sweptAtOnce = 1000

// Sweep deletes forms that expired without an answer that a call used; the relay
// is the one that comes by on a timer. It returns their number.
func (o *Outbox) Sweep(ctx context.Context) (int, error) {
	var swept int64
	err := o.inTx(ctx, func(tx pgx.Tx) error {
		deleted, err := tx.Exec(ctx, `DELETE FROM elicitations WHERE id IN (
			SELECT id FROM elicitations WHERE expires_at < now() LIMIT $1)`, sweptAtOnce)
		swept = deleted.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep expired elicitations: %w", err)
	}
	return int(swept), nil
}

// inTx runs a transaction that acts for all principals.
func (o *Outbox) inTx(ctx context.Context, run func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, o.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		postgres.BindEventing(batch, "")
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		return run(tx)
	})
}
