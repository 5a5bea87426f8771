package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// A generated method sends its statement and reads the result at once. A batch
// sends many statements in one round trip and reads their results afterwards. So
// a method runs twice: first on queued, which puts its statement into the batch
// and ends it there, then on received, which has the result.

// query queues a statement in the batch and passes its result to take. take runs when the
// batch is sent; the first error ends the batch.
func query[P, R any](batch *pgx.Batch, statement func(*queries.Queries, context.Context, P) (R, error), parameters P, take func(R) error) {
	queue(batch, func(db queries.DBTX) error {
		result, err := statement(queries.New(db), context.Background(), parameters) // the batch has the context
		if err != nil {
			return err
		}
		return take(result)
	})
}

// each is query for a statement with many rows: take reads them as they come. What a
// generated method returns is copied several times while it grows.
func each[P, R any](batch *pgx.Batch, statement func(*queries.Queries, context.Context, P) ([]R, error), parameters P, take func(pgx.Rows) error) {
	_, err := statement(queries.New(streamed{queued{batch: batch}, take}), context.Background(), parameters)
	mustBeQueued(err)
}

// exec is query for a statement that returns nothing.
func exec[P any](batch *pgx.Batch, statement func(*queries.Queries, context.Context, P) error, parameters P) {
	queue(batch, func(db queries.DBTX) error { return statement(queries.New(db), context.Background(), parameters) })
}

// queue runs a method for the first time. It has to use db once.
func queue(batch *pgx.Batch, method func(queries.DBTX) error) {
	mustBeQueued(method(queued{batch, method}))
}

// mustBeQueued holds a method's first run to its end.
func mustBeQueued(err error) {
	if !errors.Is(err, errQueued) {
		panic("store: a method ran no statement")
	}
}

// errQueued ends a method's first run.
var errQueued = errors.New("the statement is queued")

// queued queues the statement of a method.
type queued struct {
	batch  *pgx.Batch
	method func(queries.DBTX) error
}

func (q queued) Exec(_ context.Context, sql string, arguments ...any) (pgconn.CommandTag, error) {
	q.batch.Queue(sql, arguments...).Exec(func(tag pgconn.CommandTag) error { return q.method(received{tag: tag}) })
	return pgconn.CommandTag{}, errQueued
}

func (q queued) Query(_ context.Context, sql string, arguments ...any) (pgx.Rows, error) {
	q.batch.Queue(sql, arguments...).Query(func(rows pgx.Rows) error { return q.method(received{rows: rows}) })
	return nil, errQueued
}

func (q queued) QueryRow(_ context.Context, sql string, arguments ...any) pgx.Row {
	q.batch.Queue(sql, arguments...).QueryRow(func(row pgx.Row) error { return q.method(received{row: row}) })
	return noRow{}
}

// streamed queues the statement of a method whose rows somebody else reads.
type streamed struct {
	queued
	take func(pgx.Rows) error
}

func (s streamed) Query(_ context.Context, sql string, arguments ...any) (pgx.Rows, error) {
	s.batch.Queue(sql, arguments...).Query(s.take)
	return nil, errQueued
}

// noRow is the row of a statement that is queued.
type noRow struct{}

func (noRow) Scan(...any) error { return errQueued }

// received has the result of the method's statement, of the one kind that it
// asked for.
type received struct {
	tag  pgconn.CommandTag
	rows pgx.Rows
	row  pgx.Row
}

func (r received) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) { return r.tag, nil }
func (r received) Query(context.Context, string, ...any) (pgx.Rows, error)         { return r.rows, nil }
func (r received) QueryRow(context.Context, string, ...any) pgx.Row                { return r.row }
