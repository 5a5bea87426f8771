package store_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

// newStore returns a store of its own, on one connection: whatever leaves it in
// a transaction shows.
func newStore(t *testing.T) *store.Store {
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: postgrestest.New(t), MaxConns: 1})
	require.NoError(t, err)
	s := store.New(pool)
	t.Cleanup(s.Close)
	return s
}

// opening is a new conversation about two slots, with a question for the first.
func opening() *store.Opening {
	state := questioning.New("Book a trip", []questioning.Slot{
		{Key: "destination", Title: "Destination", Type: questioning.Text, Required: true},
		{Key: "budget", Title: "Budget", Type: questioning.Number, Required: true},
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

func open(t *testing.T, s *store.Store) string {
	t.Helper()
	o := opening()
	earlier, err := s.Open(t.Context(), o)
	require.NoError(t, err)
	require.Nil(t, earlier)
	return o.ID
}

// answered is a loaded conversation with an answer to its open question.
func answered(t *testing.T, s *store.Store, id, call, words string) (*store.Conversation, store.Change) {
	t.Helper()
	c, earlier, err := s.Load(t.Context(), id, digest(call))
	require.NoError(t, err)
	require.Nil(t, earlier)
	before := *c.State
	before.SlotStates = append([]questioning.SlotState{}, c.State.SlotStates...)
	recorded, err := c.State.Record(questioning.Answer{Slot: "destination", Outcome: questioning.Answered, Value: words, Words: words})
	require.NoError(t, err)
	change := store.Change{
		Before: &before, Answers: []store.Answer{{Answer: recorded, Digest: digest(words)}}, Fingerprint: digest(call), Result: []byte(`{"turn": 2}`),
	}
	change.Batch = c.State.Next()
	c.Revision++
	return c, change
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := open(t, s)
	saved, change := answered(t, s, id, "answer", "Lisbon")
	require.NoError(t, s.Save(t.Context(), saved, change))

	loaded, earlier, err := s.Load(t.Context(), id, digest("answer"))
	require.NoError(t, err)
	assert.Equal(t, saved, loaded)
	assert.Equal(t, 2, earlier.Revision)
	assert.JSONEq(t, `{"turn": 2}`, string(earlier.Result))
}

func TestOfTwoChangesToOneRevisionTheLaterIsRefusedWhole(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := open(t, s)
	first, one := answered(t, s, id, "one", "Lisbon")
	second, other := answered(t, s, id, "other", "Porto")
	require.NoError(t, s.Save(t.Context(), first, one))
	require.ErrorIs(t, s.Save(t.Context(), second, other), store.ErrConflict)

	loaded, earlier, err := s.Load(t.Context(), id, digest("other"))
	require.NoError(t, err)
	assert.Equal(t, first, loaded)
	assert.Nil(t, earlier)
}

func TestAConversationIsNotFoundByAnotherPrincipal(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := open(t, s)
	for _, ctx := range []context.Context{principal.With(t.Context(), "eve")} {
		_, _, err := s.Load(ctx, id, digest("open"))
		require.ErrorIs(t, err, store.ErrNotFound)
		require.ErrorIs(t, s.Read(ctx, func(tx *store.Tx) error {
			_, err := tx.Load(ctx, id)
			return err
		}), store.ErrNotFound)
	}
	_, _, err := s.Load(t.Context(), id, nil)
	assert.NoError(t, err, "the connection is still of use")
}
