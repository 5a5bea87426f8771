package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// unexported hold nothing of a person that is in no other table.
var unexported = []string{
	"audit",             // who did what, which operate audit lists
	"erasures",          // of what is no longer held
	"goose_db_version",  // the schema's
	"processed_events",  // ids of events
	"shared_statistics", // counts that name nobody
	"statistics",        // unused
}

func TestAnExportHasEveryRowOfEveryTableOfAUserAndNobodyElses(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	fill := func(as, user string) string {
		ctx := principal.With(t.Context(), as)
		o := opening()
		o.UserID = user
		o.Messages = []store.Message{{Role: "user", Content: "Hello from " + user}}
		_, err := d.Open(ctx, o)
		require.NoError(t, err)
		c, _, err := d.Load(ctx, o.ID, digest("an answer"))
		require.NoError(t, err)
		require.NoError(t, d.Save(ctx, c, answer(t, c, "an answer", "destination", "Lisbon", user+" said Lisbon")))
		require.Len(t, selected[int](t, d, as, `INSERT INTO counted_conversations (conversation_id, form, user_id) VALUES ($1, 'travel', $2) RETURNING 1`, o.ID, user), 1)
		require.Len(t, selected[int](t, d, as, `INSERT INTO elicitations (id, conversation_id, expires_at) VALUES ($1, $2, now() + interval '1 day') RETURNING 1`,
			"elicitation of "+o.ID[:8], o.ID), 1)
		require.Len(t, selected[int](t, d, as, `INSERT INTO calls (conversation_id, fingerprint, revision, result) VALUES ($1, $2, 1, '{}') RETURNING 1`, o.ID, digest("earlier")), 1)
		return o.ID
	}
	id, others := fill("ann", "ada"), []string{fill("ann", "bob"), fill("eve", "ada")}

	held := map[string][]string{} // rows by table
	require.NoError(t, d.Export(principal.With(t.Context(), "ann"), "ada", func(table string, row json.RawMessage) error {
		assert.True(t, json.Valid(row))
		held[table] = append(held[table], string(row))
		return nil
	}))
	for table, rows := range held {
		for _, row := range rows {
			assert.Contains(t, row, id, table)
			for _, other := range others {
				assert.NotContains(t, row, other, table)
			}
		}
	}
	assert.Contains(t, held["answers"][0], "ada said Lisbon")
	assert.Contains(t, held["messages"][0], "Hello from ada")
	assert.Contains(t, held["results"][0], `"result":{"turn":1}`, "as it was returned")

	tables := selected[string](t, d, "ann", `SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
	require.NotEmpty(t, tables)
	for _, table := range tables {
		if _, ok := held[table]; !ok {
			assert.Contains(t, unexported, table, "a table that is not exported: add it to exported, or say here why it holds nothing of a person")
			continue
		}
		all := selected[int](t, d, "ann", `SELECT count(*) FROM `+table+` t WHERE t::text LIKE '%' || $1 || '%'`, id)
		assert.Equal(t, []int{len(held[table])}, all, "rows of %s that name the conversation", table)
	}
}

func TestAnExportEndsWhereItCannotBeWritten(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.open(t, opening())
	full := assert.AnError
	require.ErrorIs(t, d.Export(t.Context(), "ada", func(string, json.RawMessage) error { return full }), full)
	_, err := d.Erase(t.Context(), "", "ada", time.Now())
	require.NoError(t, err, "the connection is free again")
}
