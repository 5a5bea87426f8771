package store_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// tables hold what principals keep from each other.
var tables = []string{"sessions", "conversations", "slots", "questions", "answers", "messages", "results", "outbox"}

// kept is a conversation with a row in each of the tables.
func (d *database) kept(t *testing.T) string {
	o := opening()
	o.Messages = []store.Message{{Role: "user", Content: "Hello"}}
	id := d.open(t, o)
	d.answered(t, id, "destination", "Lisbon", "to Lisbon")
	return id
}

func TestRowSecurityKeepsPrincipalsApartWithoutAWhere(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.kept(t)
	for _, table := range tables {
		own := selected[int](t, d, principal.Local, `SELECT count(*) FROM `+table)[0]
		assert.NotZero(t, own, table)
		assert.Zero(t, selected[int](t, d, "eve", `SELECT count(*) FROM `+table)[0], table)
		var unbound int
		require.NoError(t, d.pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&unbound))
		assert.Zero(t, unbound, "%s: the binding ends with its transaction", table)
	}
}

func TestRowSecurityKeepsAPrincipalFromChangingAnothersRows(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.kept(t)
	for _, table := range tables {
		for _, statement := range []string{`UPDATE ` + table + ` SET principal = 'eve'`, `DELETE FROM ` + table} {
			batch := &pgx.Batch{}
			postgres.BindPrincipal(batch, "eve")
			batch.Queue(statement).Exec(func(tag pgconn.CommandTag) error {
				assert.Zero(t, tag.RowsAffected(), statement)
				return nil
			})
			require.NoError(t, d.pool.SendBatch(t.Context(), batch).Close())
		}
	}
	batch := &pgx.Batch{}
	postgres.BindPrincipal(batch, "eve")
	batch.Queue(`INSERT INTO sessions (principal, id) VALUES ($1, 'smuggled')`, principal.Local)
	assert.ErrorContains(t, d.pool.SendBatch(t.Context(), batch).Close(), "row-level security")
}

func TestNoCallReachesAnotherPrincipalsConversation(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.kept(t)
	mine := d.load(t, id, "later")
	eve := principal.With(t.Context(), "eve")
	_, _, err := d.Load(eve, id, digest("open"))
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = d.Report(eve, id, "", true)
	require.ErrorIs(t, err, store.ErrNotFound)
	unused := func(*store.Tx, *store.Loaded) (*store.Change, error) { panic("nothing was loaded") }
	require.ErrorIs(t, d.Update(eve, id, store.Named{Questions: []int{1}, Answer: 1, Messages: true}, unused), store.ErrNotFound)
	still, err := d.StillHold(eve, []store.SlotAnswer{{ConversationID: id, Slot: "destination", Number: 1}})
	require.NoError(t, err)
	assert.Equal(t, []bool{false}, still)

	theirs := d.load(t, id, "theirs")
	require.ErrorIs(t, d.Save(eve, theirs, change(theirs, "theirs")), store.ErrConflict)
	assert.Equal(t, mine, d.load(t, id, "later"))
}

func TestStatisticsOfNobodyAreNone(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	none, err := d.Statistics(t.Context(), "travel", "ada")
	require.NoError(t, err)
	assert.Zero(t, none.Conversations)
	assert.Empty(t, none.Slots)
}
