package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

func TestABatchIsOneRoundTripInItsOrderAndEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: postgrestest.New(t), MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	id := uuid.NewString()
	refused := errors.New("refused")
	var taken []string
	batch := &pgx.Batch{}
	postgres.BindPrincipal(batch, "ada")
	exec(batch, (*queries.Queries).InsertSession, queries.InsertSessionParams{ID: "one", UserID: "ada"}) // executes
	foreign := queries.SessionIsForeignParams{ID: "one", UserID: "bob"}
	query(batch, (*queries.Queries).SessionIsForeign, foreign, func(is bool) error { // one row
		taken = append(taken, fmt.Sprint("foreign ", is))
		return nil
	})
	query(batch, (*queries.Queries).Messages, id, func(rows []queries.MessagesRow) error { // any number of rows
		taken = append(taken, "messages")
		assert.Empty(t, rows)
		return refused
	})
	query(batch, (*queries.Queries).SessionIsForeign, foreign, func(bool) error {
		taken = append(taken, "too late")
		return nil
	})
	assert.Equal(t, 5, batch.Len(), "nothing was sent before")
	require.ErrorIs(t, pool.SendBatch(t.Context(), batch).Close(), refused)
	assert.Equal(t, []string{"foreign true", "messages"}, taken)
}

func TestAMethodThatRunsNoStatementIsAMistake(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() {
		exec(&pgx.Batch{}, func(*queries.Queries, context.Context, string) error { return nil }, "")
	})
}
