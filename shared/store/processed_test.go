package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func TestAnEventIsProcessedOnceByEachConsumer(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t)
	runs := 0
	process := func(consumer string, err error) (first bool, _ error) {
		failed := s.Process(t.Context(), consumer, "source", []string{"id"}, func(*store.Tx, []string) error {
			runs++
			first = true
			return err
		})
		return first, failed
	}
	failure := errors.New("failure")
	_, err := process("one", failure)
	require.ErrorIs(t, err, failure)
	for _, c := range []struct {
		consumer string
		first    bool
	}{{"one", true}, {"one", false}, {"another", true}} {
		first, err := process(c.consumer, nil)
		require.NoError(t, err)
		assert.Equal(t, c.first, first, c.consumer)
	}
	assert.Equal(t, 3, runs, "what failed is processed again")
}

func TestOfSeveralEventsThoseAreProcessedThatWereNot(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t)
	process := func(ids ...string) (first []string) {
		require.NoError(t, s.Process(t.Context(), "test", "source", ids, func(_ *store.Tx, added []string) error {
			first = added
			return nil
		}))
		return first
	}
	assert.ElementsMatch(t, []string{"a", "b"}, process("b", "a", "b"), "each once")
	assert.Equal(t, []string{"c"}, process("a", "c", "b"))
	assert.Empty(t, process("c", "a"))
}

func TestProcessedEventsAreDeletedByAge(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	storetest.Exec(t, url, `INSERT INTO processed_events (consumer, source, id, at) VALUES
		('test', 's', 'old', now() - interval '2 hours'), ('test', 's', 'new', now())`)
	deleted, err := s.DeleteProcessed(t.Context(), time.Hour, 10)
	require.NoError(t, err)
	assert.Equal(t, 1, deleted)
	assert.Equal(t, 1, storetest.Count(t, url, `SELECT count(*) FROM processed_events WHERE id = 'new'`))
	assert.Equal(t, 1, storetest.Count(t, url, `SELECT count(*) FROM processed_events`))
}

func TestOnlyThePrincipalConfirmsAnErasure(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	id := storetest.Answered(t, s, "ann", "", map[string]any{"class": "first"})
	confirm := func(as string) (exists bool) {
		ctx := principal.With(t.Context(), as)
		err := s.Process(ctx, "test", "source", []string{uuid.NewString()}, func(tx *store.Tx, _ []string) (err error) {
			if exists, err = tx.Exists(ctx, id); err != nil {
				return err
			}
			return tx.ConfirmErasure(ctx, id)
		})
		require.NoError(t, err)
		return exists
	}
	assert.True(t, confirm("mallory"), "it exists, whoever asks")
	storetest.Erase(t, s, "ann", id)
	storetest.Exec(t, url, `UPDATE erasures SET at = now() - interval '2 hours'`)
	assert.False(t, confirm("mallory"))
	all, late, err := s.UnconfirmedErasures(t.Context(), time.Hour)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1}, []int{all, late})
	_, late, err = s.UnconfirmedErasures(t.Context(), 3*time.Hour)
	require.NoError(t, err)
	assert.Zero(t, late)
	confirm("ann")
	all, _, err = s.UnconfirmedErasures(t.Context(), 0)
	require.NoError(t, err)
	assert.Zero(t, all)
}
