package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

// database is a store with a database of its own.
type database struct {
	*store.Store
	pool *pgxpool.Pool
}

// newDatabase returns a store on one connection: whatever leaves it in a
// transaction shows.
func newDatabase(t *testing.T) *database { return newDatabaseOf(t, 1) }

func newDatabaseOf(t *testing.T, connections int32) *database {
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: postgrestest.New(t), MaxConns: connections})
	require.NoError(t, err)
	s := store.New(pool)
	t.Cleanup(s.Close)
	return &database{s, pool}
}

// selected returns the one column of a query that is bound to a principal.
func selected[T any](t *testing.T, d *database, by, query string, arguments ...any) (all []T) {
	t.Helper()
	batch := &pgx.Batch{}
	postgres.BindPrincipal(batch, by)
	batch.Queue(query, arguments...).Query(func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, pgx.RowTo[T])
		return err
	})
	require.NoError(t, d.pool.SendBatch(t.Context(), batch).Close())
	return all
}

// events are the types that wait in the outbox, in their order.
func (d *database) events(t *testing.T, id string) []string {
	t.Helper()
	return selected[string](t, d, principal.Local, `
		SELECT split_part(type, '.', 3) || ' ' || split_part(type, '.', 4) FROM outbox WHERE conversation_id = $1 ORDER BY position`, id)
}

// inTx runs a transaction that only reads.
func inTx[R any](t *testing.T, d *database, run func(context.Context, *store.Tx) (R, error)) R {
	t.Helper()
	var result R
	require.NoError(t, d.Read(t.Context(), func(tx *store.Tx) (err error) {
		result, err = run(t.Context(), tx)
		return err
	}))
	return result
}

// reported is a conversation with what a report cites of it.
func (d *database) reported(t *testing.T, id string) *store.Reported {
	t.Helper()
	reported, err := d.Report(t.Context(), id, "", true)
	require.NoError(t, err)
	return reported
}

// opening is ada's new conversation, with a question for its first slot. The last
// slot applies in Lisbon alone.
func opening() *store.Opening {
	state := questioning.New("Book a trip", []questioning.Slot{
		{Key: "destination", Title: "Destination", Type: questioning.Text, Required: true},
		{Key: "insurance", Title: "Insurance", Type: questioning.Boolean, Required: true},
		{Key: "tram", Title: "Tram", Type: questioning.Boolean, When: &questioning.Condition{Slot: "destination", In: []any{"Lisbon"}}},
	}, questioning.Limits{BatchSize: 1, MaxQuestions: 10})
	id := uuid.NewString()
	return &store.Opening{
		Conversation: store.Conversation{
			ID: id, SessionID: "of " + id, UserID: "ada", Goal: state.Goal, Playbook: "travel", SchemaKey: "travel", Revision: 1, State: state,
		},
		Change: store.Change{Batch: state.Next(), Fingerprint: digest("open"), Result: []byte(`{"turn": 1}`)},
	}
}

// digest is as long as a SHA-256.
func digest(of string) []byte { return append([]byte(of), make([]byte, 32-len(of))...) }

// open stores an opening and returns the conversation's id.
func (d *database) open(t *testing.T, o *store.Opening) string {
	t.Helper()
	earlier, err := d.Open(t.Context(), o)
	require.NoError(t, err)
	require.Nil(t, earlier)
	return o.ID
}

// load loads a conversation for a call that is new.
func (d *database) load(t *testing.T, id, call string) *store.Conversation {
	t.Helper()
	c, earlier, err := d.Load(t.Context(), id, digest(call))
	require.NoError(t, err)
	require.Nil(t, earlier)
	return c
}

// named loads a conversation with what a call names of it, and changes nothing.
func (d *database) named(t *testing.T, id string, named store.Named) (loaded *store.Loaded) {
	t.Helper()
	require.NoError(t, d.Update(t.Context(), id, named, func(_ *store.Tx, l *store.Loaded) (*store.Change, error) {
		loaded = l
		return nil, nil
	}))
	return loaded
}

// change begins a change of a loaded conversation.
func change(c *store.Conversation, call string) store.Change {
	before := *c.State
	before.SlotStates = slices.Clone(c.State.SlotStates)
	c.Revision++
	return store.Change{Before: &before, Fingerprint: digest(call), Result: []byte(`{"turn": 2}`)}
}

// answer is a change by an answer for a slot.
func answer(t *testing.T, c *store.Conversation, call, slot string, value any, words string) store.Change {
	t.Helper()
	made := change(c, call)
	recorded, err := c.State.Record(questioning.Answer{Slot: slot, Outcome: questioning.Answered, Value: value, Words: words})
	require.NoError(t, err)
	made.Answers = []store.Answer{{Answer: recorded, Digest: digest(words)}}
	made.Batch = c.State.Next()
	return made
}

// answered loads, answers and saves.
func (d *database) answered(t *testing.T, id, slot string, value any, words string) *store.Conversation {
	t.Helper()
	c := d.load(t, id, "say "+words)
	require.NoError(t, d.Save(t.Context(), c, answer(t, c, "say "+words, slot, value, words)))
	return c
}

// asLoaded has an empty list of answers where a state has none.
func asLoaded(c *store.Conversation) *store.Conversation {
	for i := range c.State.SlotStates {
		if c.State.SlotStates[i].Answers == nil {
			c.State.SlotStates[i].Answers = []int{}
		}
	}
	return c
}
