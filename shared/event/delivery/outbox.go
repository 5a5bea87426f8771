// Package delivery takes events from the outbox to a broker and, on the other side,
// reads and verifies them. It is apart from package event because a tool function
// queues events and does not link the CloudEvents SDK: its reflection keeps every
// exported method of a program alive.
package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// Outbox holds the events that wait to be published, and dead letters. The events
// of one conversation are claimed in order: none while an earlier one is claimed
// or waits for its next attempt. An Outbox acts for all principals.
//
// This is the transactional outbox pattern
// (https://microservices.io/patterns/data/transactional-outbox.html). An event
// exists if and only if its change was committed, which publishing from the call
// could not promise.
type Outbox struct{ pool *pgxpool.Pool }

// NewOutbox returns the outbox of a database.
func NewOutbox(pool *pgxpool.Pool) *Outbox { return &Outbox{pool} }

// Entry is an event in the outbox. Its fields are in the order of claim's
// RETURNING, which CollectRows reads by position.
type Entry struct {
	ID             uuid.UUID
	Position       int64 // increases in the order in which events were queued
	ConversationID uuid.UUID
	Type           event.Type
	Data           json.RawMessage
	CreatedAt      time.Time
	Attempts       int       // how often a sink refused it; being undeliverable does not count
	LeasedUntil    time.Time // nobody else claims it before
}

// CloudEvent returns the event as it is published. Its id stays the same over all
// attempts, and is what consumers deduplicate by.
func (entry Entry) CloudEvent() cloudevents.Event {
	e := cloudevents.NewEvent()
	e.SetID(entry.ID.String())
	e.SetSource(event.Source)
	e.SetType(string(entry.Type))
	e.SetSubject(entry.ConversationID.String())
	e.SetTime(entry.CreatedAt.UTC())
	e.SetDataSchema(event.SchemaURI(entry.Type))
	_ = e.SetData(cloudevents.ApplicationJSON, []byte(entry.Data)) // errs on what has to be encoded only
	return e
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

// Claim leases up to limit events that may be published now, the earliest first.
// Another relay may claim what is not settled within the lease.
func (o *Outbox) Claim(ctx context.Context, limit int, lease time.Duration) ([]Entry, error) {
	var claimed []Entry
	batch := hastyBatch()
	batch.Queue(claimLock) // what follows sees what it waited for
	batch.Queue(claim, limit, lease).Query(func(rows pgx.Rows) (err error) {
		claimed, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
		return err
	})
	if err := o.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("claim events: %w", err)
	}
	slices.SortFunc(claimed, func(a, b Entry) int { return cmp.Compare(a.Position, b.Position) })
	return claimed, nil
}

// Waiting returns up to limit events that may be processed now, the earliest first, for a
// Consumer. They are not claimed: by the time that somebody takes them, they may be gone.
func (o *Outbox) Waiting(ctx context.Context, limit int) ([]Entry, error) {
	var found []Entry
	batch := eventingBatch()
	batch.Queue(`SELECT set_config('enable_sort', 'off', true), set_config('jit', 'off', true)`) // see claimLock
	batch.Queue(`
		SELECT id, position, conversation_id, type, data, created_at, attempts, next_at FROM outbox
		WHERE parked_at IS NULL AND next_at <= now() ORDER BY position LIMIT $1`, limit).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
		return err
	})
	if err := o.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	return found, nil
}

// Settlement is the outcome of claimed events.
type Settlement struct {
	Published []Entry
	// Failed events wait half as long as they have waited already, at least
	// Backoff and at most MaxBackoff, or become dead letters.
	Failed              []Failure
	Backoff, MaxBackoff time.Duration
	// Released events were not tried.
	Released []Entry
}

// Failure is an event that could not be published.
type Failure struct {
	Entry
	Problem      string
	Counts       bool // as an attempt: the sink refused the event; otherwise it was not delivered
	DeadLettered bool // it is not tried again until somebody requeues it
}

// Settle deletes what was published and ends the lease of the rest. It leaves
// alone what another relay has claimed meanwhile, and what was deleted with its
// conversation.
func (o *Outbox) Settle(ctx context.Context, s Settlement) error {
	batch := hastyBatch()
	bound := batch.Len()
	if len(s.Published) > 0 {
		ids := make([]uuid.UUID, len(s.Published))
		for i, e := range s.Published {
			ids[i] = e.ID
		}
		batch.Queue(`DELETE FROM outbox WHERE id = ANY($1) AND parked_at IS NULL`, ids) // the broker may have returned it already
	}
	for _, f := range s.Failed {
		attempts := 0
		if f.Counts {
			attempts = 1
		}
		batch.Queue(`
			UPDATE outbox SET attempts = attempts + $3, problem = $4, parked_at = CASE WHEN $5 THEN now() END,
			       next_at = now() + least(greatest((now() - created_at) / 2, $6::interval), $7::interval)
			WHERE id = $1 AND next_at = $2`, f.ID, f.LeasedUntil, attempts, f.Problem, f.DeadLettered, s.Backoff, s.MaxBackoff)
	}
	for _, e := range s.Released {
		batch.Queue(`UPDATE outbox SET next_at = now() WHERE id = $1 AND next_at = $2`, e.ID, e.LeasedUntil)
	}
	if batch.Len() == bound {
		return nil
	}
	if err := o.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("settle events: %w", err)
	}
	return nil
}

// Backlog counts what is in the outbox, up to MaxBacklog of each.
type Backlog struct {
	Waiting, DeadLetters int
	Oldest               time.Duration // age of the oldest event that is no dead letter; 0 if none waits
	// NextDue is how long until the first of the waiting events comes due that is not due
	// yet: one that failed, or that a relay has claimed. 0 if there is none.
	NextDue time.Duration
}

// MaxBacklog bounds what Backlog counts, so that measuring a long outbox costs no more
// than a full one of a few minutes. Ten thousand means: at least.
const MaxBacklog = 10_000

// Backlog measures the outbox. The relay calls it once per drain.
func (o *Outbox) Backlog(ctx context.Context) (Backlog, error) {
	var b Backlog
	batch := eventingBatch()
	batch.Queue(`SELECT set_config('enable_seqscan', 'off', true)`) // see claimLock
	batch.Queue(`
		SELECT waiting.n, (SELECT count(*) FROM (SELECT FROM outbox WHERE parked_at IS NOT NULL ORDER BY position LIMIT $1) d),
		       greatest(coalesce(now() - (SELECT created_at FROM outbox WHERE parked_at IS NULL ORDER BY position LIMIT 1), '0'), '0'),
		       coalesce(waiting.next - now(), '0')
		FROM (SELECT count(*) AS n, min(next_at) FILTER (WHERE next_at > now()) AS next
		      FROM (SELECT next_at FROM outbox WHERE parked_at IS NULL ORDER BY position LIMIT $1) w) AS waiting`, MaxBacklog).
		QueryRow(func(row pgx.Row) error { return row.Scan(&b.Waiting, &b.DeadLetters, &b.Oldest, &b.NextDue) })
	if err := o.pool.SendBatch(ctx, batch).Close(); err != nil {
		return Backlog{}, fmt.Errorf("measure the outbox: %w", err)
	}
	return b, nil
}

// maxErasures bounds how many erasures RequeueErasures queues at a time: each drain
// takes the next ones, so that a long outage of memory does not fill one transaction.
const maxErasures = 100

// RequeueErasures queues the erasures again that memory has not confirmed within
// so long of their last event, and returns their number.
func (o *Outbox) RequeueErasures(ctx context.Context, unconfirmedFor time.Duration) (int, error) {
	n := 0
	err := o.inTx(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			UPDATE erasures SET announced_at = now() WHERE conversation_id IN (
				SELECT conversation_id FROM erasures e WHERE announced_at < now() - $1::interval
				AND NOT EXISTS (SELECT FROM outbox o WHERE o.conversation_id = e.conversation_id)
				ORDER BY announced_at LIMIT $2 FOR UPDATE SKIP LOCKED)
			RETURNING principal, conversation_id::text, at`, unconfirmedFor, maxErasures)
		erased, err := pgx.CollectRows(rows, pgx.RowToStructByPos[event.ConversationErased])
		if err != nil || len(erased) == 0 {
			return err
		}
		n = len(erased)
		all := make([]event.Event, n)
		for i, e := range erased {
			all[i] = e
		}
		batch := &pgx.Batch{}
		if err := event.Requeue(batch, all...); err != nil {
			return err
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return 0, fmt.Errorf("requeue erasures: %w", err)
	}
	return n, nil
}

// maxExpired bounds how many elicitations DeleteExpiredElicitations deletes at a
// time.
const maxExpired = 1000

// DeleteExpiredElicitations deletes pending elicitations that expired before a
// call used their response, and returns their number. It is here, not in the
// gateway, because only the relay runs on a timer and acts for all principals.
func (o *Outbox) DeleteExpiredElicitations(ctx context.Context) (int, error) {
	var n int64
	batch := eventingBatch()
	batch.Queue(`DELETE FROM elicitations WHERE id IN (
		SELECT id FROM elicitations WHERE expires_at < now() LIMIT $1)`, maxExpired).Exec(func(deleted pgconn.CommandTag) error {
		n = deleted.RowsAffected()
		return nil
	})
	if err := o.pool.SendBatch(ctx, batch).Close(); err != nil {
		return 0, fmt.Errorf("delete expired elicitations: %w", err)
	}
	return int(n), nil
}

// eventingBatch returns a batch for the pool, which is a transaction in one round
// trip, that acts for all principals.
func eventingBatch() *pgx.Batch {
	batch := &pgx.Batch{}
	postgres.BindEventing(batch, "")
	return batch
}

// hastyBatch is an eventingBatch whose commit does not wait for the disk. If the database's
// machine fails within a second, what was claimed may be claimed again and what was
// published is published again, with the same ids: consumers deduplicate.
func hastyBatch() *pgx.Batch {
	batch := eventingBatch()
	batch.Queue(`SET LOCAL synchronous_commit = off`)
	return batch
}

// inTx runs a transaction that acts for all principals.
func (o *Outbox) inTx(ctx context.Context, run func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, o.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := tx.SendBatch(ctx, eventingBatch()).Close(); err != nil {
			return err
		}
		return run(tx)
	})
}
