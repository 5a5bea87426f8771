package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// A relay that comes back to a long backlog has to claim its first events within
// the statement timeout: statistics that are out of date are what it finds there.
func TestAClaimReadsNoMoreOfALongOutboxThanItTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const queue = `INSERT INTO outbox (principal, id, conversation_id, type, data)
		SELECT 'local', gen_random_uuid(), md5((i / 10)::text)::uuid, 'none', '{}' FROM generate_series($1::int, $2::int) i`
	postgrestest.Exec(t, w.url, `ALTER TABLE outbox SET (autovacuum_enabled = false)`)
	postgrestest.Exec(t, w.url, queue, 1, 40_000)
	postgrestest.Exec(t, w.url, `DELETE FROM outbox WHERE position % 400 > 0`)
	postgrestest.Exec(t, w.url, `ANALYZE outbox`) // after a quiet hour: next to nothing waits
	postgrestest.Exec(t, w.url, queue, 40_001, 80_000)
	const read = `SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'outbox'`
	time.Sleep(1200 * time.Millisecond) // the server tells its counts a second later
	before := count(t, w.url, read)
	const claims, batch = 5, 100
	for range claims {
		claimed, err := w.outbox.Claim(t.Context(), batch, time.Minute)
		require.NoError(t, err)
		require.Len(t, claimed, batch)
	}
	w.pool.Reset()
	time.Sleep(1200 * time.Millisecond)
	assert.Less(t, count(t, w.url, read)-before, 30_000, "rows read by %d claims of %d, of some 40,000", claims, batch)
}
