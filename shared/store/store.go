// Package store keeps conversations in PostgreSQL. It alone speaks SQL for them,
// and it binds every transaction to the principal of its context: row security
// shows nobody another's rows, and what is not shown is not found.
//
// A call loads, decides what to change, and saves: Update. Nothing is locked in
// between: a change is stored by compare-and-set on the conversation's revision,
// with its events and with what the call returns, in one transaction. Where
// another call was quicker, nothing of it is stored and the call starts over.
//
// A round trip to the database costs more than a statement does. So statements go
// in batches, and a method's round trips do not grow with what it is given. How
// much it may be given is bounded by whoever reads the call.
package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// Store is safe for concurrent use. A method without a Tx has a transaction of
// its own.
type Store struct {
	pool    *pgxpool.Pool
	slots   slotCache
	counted *countedCache
	audits  bool // see Audited
}

// New returns the store of a database. It owns the pool.
func New(pool *pgxpool.Pool) *Store {
	return &Store{pool: pool, slots: newSlotCache(), counted: &countedCache{}}
}

// Ping reports whether the database answers. It opens the first connection.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Close waits for the transactions that run and releases the connections.
func (s *Store) Close() { s.pool.Close() }

// maxAttempts bounds how often a transaction starts over when the conversation
// was changed meanwhile or the database asked for it.
const maxAttempts = 3

// Write runs a transaction that changes something, and commits it unless run
// returns an error. It runs it again, at most twice, where it lost a race, which
// run reports by ErrConflict: run has to start from nothing each time. Where the
// connection breaks during the commit, the error leaves open whether anything was
// stored; the same call again finds out by its fingerprint.
func (s *Store) Write(ctx context.Context, run func(*Tx) error) error {
	return s.inTx(ctx, `BEGIN`, run)
}

// Read runs a transaction that sees the database as of one moment. It waits for
// nobody and changes nothing.
func (s *Store) Read(ctx context.Context, run func(*Tx) error) error {
	return s.inTx(ctx, beginReading, run)
}

// beginReading begins a transaction that sees the database as of one moment, that of its
// first statement. Without it, each statement sees a moment of its own, also in a batch.
const beginReading = `BEGIN READ ONLY, ISOLATION LEVEL REPEATABLE READ`

func (s *Store) inTx(ctx context.Context, begin string, run func(*Tx) error) error {
	var err error
	for range maxAttempts {
		err = s.transact(ctx, begin, run)
		if !errors.Is(err, ErrConflict) && !postgres.Contended(err) {
			break
		}
	}
	return err
}

// transact runs a transaction once. Its beginning goes with its first batch. A connection
// that is released within a transaction is closed, which ends that: after a panic, or
// where the rollback fails.
func (s *Store) transact(ctx context.Context, begin string, run func(*Tx) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	t := &Tx{on: conn, begin: begin, slots: s.slots, counted: s.counted, audits: s.audits}
	if err := run(t); err != nil {
		if conn.Conn().PgConn().TxStatus() != 'I' {
			_, _ = conn.Exec(ctx, `ROLLBACK`)
		}
		return err
	}
	if !t.bound {
		return nil // nothing was sent
	}
	tag, err := conn.Exec(ctx, `COMMIT`)
	if err == nil && tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	if err == nil {
		s.counted.keep(t.contributed)
	}
	return err
}

// direct returns what runs each batch as a separate transaction, in one round trip:
// PostgreSQL runs what comes up to a Sync as one. The statements of a batch do not
// see the database as of one moment.
func (s *Store) direct() *Tx {
	return &Tx{on: s.pool, slots: s.slots, counted: s.counted, audits: s.audits}
}

// saveTimeout bounds how long a change is saved that nobody waits for any more.
const saveTimeout = 10 * time.Second

// decided returns the context to save in what a call decided. It outlives the
// caller: the call may have waited for a model, and the answers of a caller less
// patient than that would never be recorded.
func decided(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
}

// Tx is a transaction of Write or Read, bound to the principal of its context.
// That of Update's first attempt is none: each of its methods has a transaction of
// its own. It is not safe for concurrent use.
type Tx struct {
	on interface { // a connection, or the pool
		SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
	}
	begin   string // a transaction; empty outside of one
	bound   bool   // and begun
	slots   slotCache
	counted *countedCache
	audits  bool

	contributed map[string]countedDocument // by it, to be kept once it is committed
}

// batch returns a batch for send. A transaction's first one binds it, which
// spares a round trip.
func (t *Tx) batch(ctx context.Context) *pgx.Batch {
	batch := &pgx.Batch{}
	if !t.bound {
		postgres.BindPrincipal(batch, principal.From(ctx))
	}
	return batch
}

// send runs a batch and what its statements' results are given to. After an error
// the transaction is of no use any more.
func (t *Tx) send(ctx context.Context, batch *pgx.Batch) error {
	if t.begin != "" && !t.bound {
		beginning := &pgx.Batch{}
		beginning.Queue(t.begin)
		batch.QueuedQueries = slices.Concat(beginning.QueuedQueries, batch.QueuedQueries)
	}
	err := t.on.SendBatch(ctx, batch).Close()
	t.bound = t.begin != "" && (t.bound || err == nil)
	return err
}

// fetch runs one statement in the transaction and returns what it returns.
func fetch[P, R any](ctx context.Context, t *Tx, statement func(*queries.Queries, context.Context, P) (R, error), parameters P) (R, error) {
	var result R
	batch := t.batch(ctx)
	query(batch, statement, parameters, func(r R) error {
		result = r
		return nil
	})
	err := t.send(ctx, batch)
	return result, err
}
