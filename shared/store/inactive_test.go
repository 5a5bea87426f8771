package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

const month = 30 * 24 * time.Hour

// aged opens a conversation so long ago that has not changed for so long.
func (d *database) aged(t *testing.T, as string, opened, changed time.Duration) string {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	at := time.Now().Add(-opened).UnixMilli()
	for i := range 6 {
		id[i] = byte(at >> (8 * (5 - i)))
	}
	o := opening()
	o.ID, o.SessionID = id.String(), "of "+id.String()
	_, err := d.Open(principal.With(t.Context(), as), o)
	require.NoError(t, err)
	require.Len(t, selected[string](t, d, as, `UPDATE conversations SET updated_at = now() - $2::interval WHERE id = $1 RETURNING id::text`, o.ID, changed), 1)
	return o.ID
}

func (d *database) remaining(t *testing.T, as string) []string {
	t.Helper()
	return selected[string](t, d, as, `SELECT id::text FROM conversations ORDER BY id`)
}

func TestInactiveConversationsAreErasedOfAllPrincipals(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	changed := d.aged(t, "ann", 2*month, month-time.Hour)
	young := d.aged(t, "ann", time.Hour, time.Hour)
	for _, as := range []string{"ann", "bob", principal.Local} {
		d.aged(t, as, 2*month, month+time.Hour)
	}
	erased, err := d.EraseInactive(t.Context(), month, 100)
	require.NoError(t, err)
	assert.Equal(t, 3, erased)
	assert.Equal(t, []string{changed, young}, d.remaining(t, "ann"))
	assert.Empty(t, d.remaining(t, "bob"))
	assert.Len(t, selected[string](t, d, "bob", `SELECT conversation_id::text FROM erasures`), 1, "memory is told")
	assert.Equal(t, []int{1}, selected[int](t, d, "bob", `SELECT count(*) FROM outbox`), "of its events only that of the erasure is left")

	again, err := d.EraseInactive(t.Context(), month, 100)
	require.NoError(t, err)
	assert.Zero(t, again)
}

func TestInactiveConversationsAreErasedInBatchesOldestFirst(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	younger := d.aged(t, "ann", 2*month, 2*month)
	for range 2 {
		d.aged(t, "ann", 3*month, 2*month)
	}
	erased, err := d.EraseInactive(t.Context(), month, 2)
	require.NoError(t, err)
	assert.Equal(t, 2, erased)
	assert.Equal(t, []string{younger}, d.remaining(t, "ann"))
}
