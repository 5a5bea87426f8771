package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// applied returns the fixture with the functions' DATABASE_URL.
func (f *fixture) applied(e string) *fixture { return f.with("DATABASE_URL", f.functions(e)) }

// outbox returns the environment's outbox, as the relay opens it.
func (f *fixture) outbox(e string) *delivery.Outbox {
	f.t.Helper()
	pool, err := postgres.Open(f.t.Context(), postgres.Config{URL: f.functions(e), MaxConns: 2})
	require.NoError(f.t, err)
	f.t.Cleanup(pool.Close)
	return delivery.NewOutbox(pool)
}

// deadLetter dead-letters the waiting events, as the relay does.
func (f *fixture) deadLetter(e, problem string) []delivery.Entry {
	f.t.Helper()
	outbox := f.outbox(e)
	claimed, err := outbox.Claim(f.t.Context(), 100, time.Minute)
	require.NoError(f.t, err)
	require.NotEmpty(f.t, claimed)
	s := delivery.Settlement{Backoff: time.Second, MaxBackoff: time.Minute}
	for _, one := range claimed {
		s.Failed = append(s.Failed, delivery.Failure{Entry: one, Problem: problem, Counts: true, DeadLettered: true})
	}
	require.NoError(f.t, outbox.Settle(f.t.Context(), s))
	return claimed
}

func TestDeadLettersAreListedWithTheirErrors(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod").applied("prod")
	assert.Equal(t, 1, strings.Count(f.must("events", "list", "prod"), "\n"), "only the header")
	open(t, t.Context(), f.service("prod"), "A secret goal")
	claimed := f.deadLetter("prod", "the broker answered 413")
	out := f.must("events", "list", "prod")
	assert.Contains(t, out, claimed[0].ID.String())
	assert.Contains(t, out, "the broker answered 413")
	assert.NotContains(t, out+f.must("events", "list", "prod", "--json"), "secret goal", "people's words are not shown")
	_, progress, err := f.run("events", "list", "prod", "--limit", "1")
	require.NoError(t, err)
	assert.Contains(t, progress, "more are not shown")
}

func TestReplayedEventsAreRequeued(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod").applied("prod")
	open(t, t.Context(), f.service("prod"), "Book a trip")
	given := f.deadLetter("prod", "the broker answered 413")
	assert.Contains(t, f.must("events", "replay", "prod", "--dry-run"), "would be requeued")
	var still []delivery.DeadLetter
	require.NoError(t, json.Unmarshal([]byte(f.must("events", "list", "prod", "--json")), &still))
	require.Len(t, still, len(given))

	assert.Contains(t, f.must("events", "replay", "prod", given[0].ID.String()), "1 events requeued")
	claimed, err := f.outbox("prod").Claim(t.Context(), 100, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	assert.Equal(t, given[0].ID, claimed[0].ID)
	assert.Zero(t, claimed[0].Attempts)

	f.must("events", "replay", "prod")
	assert.JSONEq(t, `[]`, f.must("events", "list", "prod", "--json"))
	assert.Contains(t, f.must("events", "replay", "prod"), "0 events")
}

func TestOnlyDeadLettersAreReplayed(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod", "dev").applied("prod")
	f.refused("is not a dead letter", "events", "replay", "prod", "0198c0de-0000-7000-8000-000000000000")
	f.refused("is not an event id", "events", "replay", "prod", "all")
	f.refused("database sq_prod belongs to environment prod, not dev", "events", "replay", "dev")
	f.refused("database sq_prod belongs to environment prod, not dev", "events", "list", "dev")
}
