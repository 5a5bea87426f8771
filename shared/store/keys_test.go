package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// A connection keeps its plans, also those by which it checks foreign keys. It may be as old
// as the database, whose tables were never analyzed then.
func TestAYoungDatabaseReadsNoMoreThanTheConversation(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	url := d.pool.Config().ConnString()
	for range 50 {
		id := storetest.Open(t, d.Store, "ann", "ada")
		storetest.Answer(t, d.Store, "ann", id, map[string]any{"budget": 500.0})
	}
	blocks(t, d) // has the server count
	for _, table := range []string{"sessions", "conversations", "slots"} {
		scans := storetest.Count(t, url, `SELECT sum(idx_scan)::int FROM pg_stat_user_indexes WHERE relname = $1`, table)
		read := storetest.Count(t, url, `SELECT sum(idx_tup_read)::int FROM pg_stat_user_indexes WHERE relname = $1`, table)
		t.Logf("%s: %d rows in %d scans", table, read, scans)
		assert.Greater(t, scans, 50, table)
		assert.LessOrEqual(t, read, 4*scans, table) // all slots of a conversation are read at once
	}
}
