package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// An update that touches no indexed column, on a page with room, changes no index: what
// an answer writes stays small, and its dead rows go without a vacuum.
func TestAnAnswerUpdatesNoIndexOfConversationsAndSlots(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	url := d.pool.Config().ConnString()
	const answers = 100
	for range answers {
		id := storetest.Open(t, d.Store, "ann", "ada")
		storetest.Answer(t, d.Store, "ann", id, map[string]any{"budget": 500.0})
		storetest.Revise(t, d.Store, "ann", id, "budget", 700.0)
	}
	blocks(t, d) // has the server count
	for _, table := range []string{"conversations", "slots"} {
		updated := storetest.Count(t, url, `SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = $1`, table)
		hot := storetest.Count(t, url, `SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1`, table)
		t.Logf("%s: %d of %d updates", table, hot, updated)
		assert.GreaterOrEqual(t, updated, 2*answers, table)
		assert.Greater(t, hot, updated*9/10, table)
	}
}
