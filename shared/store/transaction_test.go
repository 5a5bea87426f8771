package store_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// With one connection, a transaction that stayed open would keep the next call waiting.
func TestATransactionThatFailsLeavesNothingAndNoConnectionBehind(t *testing.T) {
	t.Parallel()
	d := newDatabaseOf(t, 1)
	process := func(run func(*store.Tx) error) (first bool, _ error) {
		err := d.Process(t.Context(), "test", "/source", "1", func(tx *store.Tx) error {
			first = true
			return run(tx)
		})
		return first, err
	}
	failed := errors.New("failed")
	_, err := process(func(*store.Tx) error { return failed })
	require.ErrorIs(t, err, failed)
	assert.Panics(t, func() { _, _ = process(func(*store.Tx) error { panic("a mistake") }) })
	_, err = process(func(tx *store.Tx) error {
		_ = tx.ConfirmErasure(t.Context(), "no uuid") // which ends the transaction, whatever is made of the error
		return nil
	})
	require.Error(t, err)
	for _, first := range []bool{true, false} {
		stored, err := process(func(*store.Tx) error { return nil })
		require.NoError(t, err)
		assert.Equal(t, first, stored)
	}
}
