package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func TestAnEventIsProcessedOnceByEachConsumer(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t)
	runs := 0
	process := func(consumer string, err error) (first bool, _ error) {
		failed := s.Process(t.Context(), consumer, "source", "id", func(*store.Tx) error {
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

func TestEventsOfTheOutboxAreConsumedOnceAndWhatFailsWaits(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	id := storetest.Open(t, s, "ann", "")
	ids := strings.Split(postgrestest.Value[string](t, url, `SELECT string_agg(id::text, ',' ORDER BY position) FROM outbox`), ",")
	require.Len(t, ids, 5, "the questions")
	ctx := principal.With(t.Context(), "ann")
	consume := func(err error, ids ...string) (first []string, _ error) {
		failed := s.Consume(ctx, []string{id, id}, ids, func(_ *store.Tx, all []string) error {
			first = all
			return err
		})
		return first, failed
	}
	failure := errors.New("failure")
	_, err := consume(failure, ids...)
	require.ErrorIs(t, err, failure)
	assert.Equal(t, 5, storetest.Count(t, url, `SELECT count(*) FROM outbox`))

	storetest.Exec(t, url, `UPDATE outbox SET next_at = now() + interval '1 minute' WHERE id = $1`, ids[4])
	for _, c := range []struct{ of, first []string }{{ids[:2], ids[:2]}, {ids, ids[2:4]}, {ids, nil}} {
		first, err := consume(nil, c.of...)
		require.NoError(t, err)
		assert.ElementsMatch(t, c.first, first, "none that was consumed, or that a relay has claimed")
	}
	assert.Equal(t, 1, storetest.Count(t, url, `SELECT count(*) FROM outbox`))
	assert.Zero(t, storetest.Count(t, url, `SELECT count(*) FROM processed_events`))
}

func TestWhatOneConsumesNobodyElseWaitsFor(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	id := storetest.Open(t, s, "ann", "")
	ids := strings.Split(postgrestest.Value[string](t, url, `SELECT string_agg(id::text, ',') FROM outbox`), ",")
	ctx := principal.With(t.Context(), "ann")
	require.NoError(t, s.Consume(ctx, []string{id}, ids[1:], func(*store.Tx, []string) error {
		return s.Consume(ctx, []string{id}, ids, func(_ *store.Tx, first []string) error {
			assert.Equal(t, ids[:1], first)
			return nil
		})
	}))
	assert.Zero(t, storetest.Count(t, url, `SELECT count(*) FROM outbox`))
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
		err := s.Process(ctx, "test", "source", uuid.NewString(), func(tx *store.Tx) (err error) {
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
