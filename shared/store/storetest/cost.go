package storetest

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Cost is what something asks of the database. On a database that is a network
// away the round trips are its latency.
type Cost struct {
	Statements int64 // BEGIN and COMMIT are among them
	RoundTrips int64 // a batch is one
}

// Counter counts what a store asks. It counts for all connections of its store, so
// tests that use it do not run their calls in parallel.
type Counter struct {
	URL               string // of the database
	statements, trips atomic.Int64
}

// NewCounted returns a store on a new, migrated database, and a counter of what it asks.
func NewCounted(t testing.TB) (*store.Store, *Counter) {
	t.Helper()
	c := &Counter{URL: postgrestest.New(t)}
	config, err := pgxpool.ParseConfig(c.URL)
	require.NoError(t, err)
	config.ConnConfig.Tracer = c
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	s := store.New(pool)
	t.Cleanup(s.Close)
	return s, c
}

// Of counts what run asks.
func (c *Counter) Of(run func()) Cost {
	statements, trips := c.statements.Load(), c.trips.Load()
	run()
	return Cost{c.statements.Load() - statements, c.trips.Load() - trips}
}

// TraceQueryStart counts a statement by itself.
func (c *Counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.statements.Add(1)
	c.trips.Add(1)
	return ctx
}

// TraceQueryEnd does nothing.
func (c *Counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts the round trip of a batch.
func (c *Counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.trips.Add(1)
	return ctx
}

// TraceBatchQuery counts a statement of a batch.
func (c *Counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {
	c.statements.Add(1)
}

// TraceBatchEnd does nothing.
func (c *Counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
