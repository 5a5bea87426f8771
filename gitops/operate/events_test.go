package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// applied is the world as a functions' own settings show it.
func (w *world) applied(e string) *world { return w.with("DATABASE_URL", w.functions(e)) }

// outbox is that of the environment, as the relay has it.
func (w *world) outbox(e string) *event.Outbox {
	w.t.Helper()
	pool, err := postgres.Open(w.t.Context(), postgres.Config{URL: w.functions(e), MaxConns: 2})
	require.NoError(w.t, err)
	w.t.Cleanup(pool.Close)
	return event.NewOutbox(pool)
}

// deadLetter makes dead letters of the waiting events, as the relay does.
func (w *world) deadLetter(e, problem string) []event.Entry {
	w.t.Helper()
	outbox := w.outbox(e)
	claimed, err := outbox.Claim(w.t.Context(), 100, time.Minute)
	require.NoError(w.t, err)
	require.NotEmpty(w.t, claimed)
	s := event.Settlement{Backoff: time.Second, MaxBackoff: time.Minute}
	for _, one := range claimed {
		s.Failed = append(s.Failed, event.Failure{Entry: one, Problem: problem, Counts: true, DeadLettered: true})
	}
	require.NoError(w.t, outbox.Settle(w.t.Context(), s))
	return claimed
}

func TestDeadLettersAreListedWithTheirProblem(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod").applied("prod")
	assert.Contains(t, w.must("events", "list", "prod"), "There are no dead letters.")
	open(t, t.Context(), w.service("prod"), "A secret goal")
	claimed := w.deadLetter("prod", "the broker answered 413")
	out := w.must("events", "list", "prod")
	assert.Contains(t, out, claimed[0].ID.String())
	assert.Contains(t, out, "the broker answered 413")
	assert.NotContains(t, out+w.must("events", "list", "prod", "--json"), "secret goal", "what people say is not shown")
	assert.Contains(t, w.must("events", "list", "prod", "--limit", "1"), "more are not shown")
}

func TestReplayedEventsAreRequeued(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod").applied("prod")
	open(t, t.Context(), w.service("prod"), "Book a trip")
	given := w.deadLetter("prod", "the broker answered 413")
	assert.Contains(t, w.must("events", "replay", "prod", "--dry-run"), "would be requeued")
	var still []event.DeadLetter
	require.NoError(t, json.Unmarshal([]byte(w.must("events", "list", "prod", "--json")), &still))
	require.Len(t, still, len(given))

	assert.Contains(t, w.must("events", "replay", "prod", given[0].ID.String()), "1 events requeued")
	claimed, err := w.outbox("prod").Claim(t.Context(), 100, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	assert.Equal(t, given[0].ID, claimed[0].ID)
	assert.Zero(t, claimed[0].Attempts)

	w.must("events", "replay", "prod")
	assert.Contains(t, w.must("events", "list", "prod"), "There are no dead letters.")
	assert.Contains(t, w.must("events", "replay", "prod"), "0 events")
}

func TestOnlyDeadLettersAreReplayed(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod", "dev").applied("prod")
	w.refused("is not a dead letter", "events", "replay", "prod", "0198c0de-0000-7000-8000-000000000000")
	w.refused("is no event's id", "events", "replay", "prod", "all")
	w.refused("database sq_prod belongs to environment prod, not dev", "events", "replay", "dev")
	w.refused("database sq_prod belongs to environment prod, not dev", "events", "list", "dev")
}
