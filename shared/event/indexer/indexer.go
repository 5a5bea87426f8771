// Package indexer takes events in: into memory what was answered, into the
// statistics what came of a conversation. Each event has its effect once.
package indexer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// Config bounds what an indexer does, from the environment.
type Config struct {
	// MemoryTimeout bounds what one event takes of Qdrant. Forgetting the
	// conversation waits for it.
	MemoryTimeout time.Duration `env:"INDEXER_MEMORY_TIMEOUT" envDefault:"2s"`
	// Retention is how long an event is known to have been taken in: longer than
	// the broker may deliver it again.
	Retention time.Duration `env:"INDEXER_RETENTION" envDefault:"168h"`
}

func (c Config) check() error {
	switch {
	case c.MemoryTimeout <= 0:
		return fmt.Errorf("INDEXER_MEMORY_TIMEOUT is %s, want more than 0", c.MemoryTimeout)
	case c.Retention < time.Hour:
		return fmt.Errorf("INDEXER_RETENTION is %s, want 1h or more", c.Retention)
	}
	return nil
}

// Memory is what an indexer writes to. See memory.Memory.
type Memory interface {
	Sync(ctx context.Context, tx pgx.Tx, principal, conversation string, slots []string) (there bool, err error)
	Forget(ctx context.Context, principal string, conversations ...string) error
}

// Outcome is what came of an event.
type Outcome string

// The outcomes of an event that was taken in.
const (
	Indexed   Outcome = "indexed"
	Duplicate Outcome = "duplicate" // taken in before
	Dropped   Outcome = "dropped"   // its conversation is forgotten
	Passed    Outcome = "passed"    // nothing to do
)

// ErrInvalid says that an event cannot be taken in, now or later.
var ErrInvalid = errors.New("the event cannot be taken in")

// Indexer is safe for concurrent use, also by several instances.
type Indexer struct {
	pool    *pgxpool.Pool
	memory  Memory
	config  Config
	metrics *metrics
	pruned  atomic.Int64 // unix seconds
}

// New returns an indexer. A wrong setting is an error.
func New(pool *pgxpool.Pool, m Memory, config Config) (*Indexer, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	return &Indexer{pool: pool, memory: m, config: config, metrics: newMetrics()}, nil
}

// maxAttempts bounds how often an event starts over when it lost a race.
const maxAttempts = 3

// Index takes an event in. After an error nothing has happened that a repeated
// delivery would not do again to the same effect. The error is ErrInvalid,
// qdrant.ErrUnavailable or postgres.Retryable, or one that is not expected.
func (x *Indexer) Index(ctx context.Context, e cloudevents.Event) (Outcome, error) {
	outcome, err := x.index(ctx, e)
	x.metrics.indexed(ctx, e.Type(), outcome, err)
	x.prune(ctx)
	return outcome, err
}

func (x *Indexer) index(ctx context.Context, e cloudevents.Event) (Outcome, error) {
	read, err := event.Read(e)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if _, asked := read.(event.QuestionAsked); asked {
		return Passed, nil
	}
	for range maxAttempts {
		outcome := Duplicate
		err = pgx.BeginTxFunc(ctx, x.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
			first, err := once(ctx, tx, e)
			if err != nil || !first {
				return err
			}
			outcome, err = x.apply(ctx, tx, read)
			return err
		})
		if err == nil {
			return outcome, nil
		}
		if !postgres.Contended(err) {
			break
		}
	}
	return "", err
}

// once notes that an event is being taken in, and returns false when it was
// before. Another delivery of it waits for the end of the transaction.
func once(ctx context.Context, tx pgx.Tx, e cloudevents.Event) (bool, error) {
	if _, err := tx.Exec(ctx, `SELECT set_config('app.role', 'eventing', true)`); err != nil {
		return false, err
	}
	noted, err := tx.Exec(ctx, `
		INSERT INTO processed_events (consumer, source, id) VALUES ('indexer', $1, $2) ON CONFLICT DO NOTHING`, e.Source(), e.ID())
	if err != nil {
		return false, fmt.Errorf("note event: %w", err)
	}
	return noted.RowsAffected() == 1, nil
}

func (x *Indexer) apply(ctx context.Context, tx pgx.Tx, e event.Event) (Outcome, error) {
	switch e := e.(type) {
	case event.AnswerRecorded:
		return x.remember(ctx, tx, e.Conversation, e.Slot.Key)
	case event.AnswerRevised:
		return x.remember(ctx, tx, e.Conversation, append([]string{e.Slot.Key}, e.Reopened...)...)
	case event.ConversationCompleted:
		return count(ctx, tx, e)
	case event.ConversationErased:
		return x.forget(ctx, tx, e)
	}
	return Passed, nil
}

// remember brings memory to what the slots hold now: events that come late or
// in another order do no harm.
func (x *Indexer) remember(ctx context.Context, tx pgx.Tx, c event.Conversation, slots ...string) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, x.config.MemoryTimeout)
	defer cancel()
	switch there, err := x.memory.Sync(ctx, tx, c.Principal, c.ConversationID, slots); {
	case errors.Is(err, memory.ErrNotConfigured):
		return Passed, nil
	case err != nil:
		return "", err
	case !there:
		return Dropped, nil
	}
	return Indexed, nil
}

// forget erases a conversation from memory, which is then confirmed.
func (x *Indexer) forget(ctx context.Context, tx pgx.Tx, e event.ConversationErased) (Outcome, error) {
	var there bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM conversations WHERE id = $1)`, e.ConversationID).Scan(&there); err != nil {
		return "", fmt.Errorf("look for the conversation: %w", err)
	}
	if there {
		return "", fmt.Errorf("%w: conversation %s is not erased", ErrInvalid, e.ConversationID)
	}
	bounded, cancel := context.WithTimeout(ctx, x.config.MemoryTimeout)
	defer cancel()
	if err := x.memory.Forget(bounded, e.Principal, e.ConversationID); err != nil && !errors.Is(err, memory.ErrNotConfigured) {
		return "", err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM erasures WHERE conversation_id = $1 AND principal = $2`, e.ConversationID, e.Principal); err != nil {
		return "", fmt.Errorf("confirm erasure: %w", err)
	}
	return Indexed, nil
}

const (
	pruneEvery  = 10 * time.Minute
	prunedAtOne = 10_000
)

// prune now and then drops what was noted too long ago to come again.
func (x *Indexer) prune(ctx context.Context) {
	now, last := time.Now().Unix(), x.pruned.Load()
	if now-last < int64(pruneEvery.Seconds()) || !x.pruned.CompareAndSwap(last, now) {
		return
	}
	err := pgx.BeginTxFunc(ctx, x.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('app.role', 'eventing', true)`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			DELETE FROM processed_events WHERE (consumer, source, id) IN (
				SELECT consumer, source, id FROM processed_events WHERE at < now() - $1::interval ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
			x.config.Retention, prunedAtOne)
		return err
	})
	if err != nil {
		slog.WarnContext(ctx, "old events were not pruned", "error", err)
	}
}
