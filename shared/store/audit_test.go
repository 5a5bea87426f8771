package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// acts are what the audit trail has, the earliest first.
func acts(t *testing.T, s *store.Store, of store.AuditFilter) (actions []string) {
	t.Helper()
	trail, err := s.AuditTrail(t.Context(), of, 100)
	require.NoError(t, err)
	for _, act := range trail {
		assert.WithinDuration(t, time.Now(), act.At, time.Minute)
		actions = append([]string{act.Principal + " " + act.Action + " " + act.UserID + " " + act.ConversationID[:8]}, actions...)
	}
	return actions
}

func TestTheAuditTrailSaysWhoDidWhatAndOutlivesTheConversation(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	s := d.Audited()
	as := principal.With(t.Context(), "ann")
	o := opening()
	_, err := s.Open(as, o)
	require.NoError(t, err)
	_, err = s.Report(as, o.ID, "ada", false)
	require.NoError(t, err)
	_, err = s.Report(as, o.ID, "bob", false)
	require.NoError(t, err, "for the caller to refuse")
	_, err = s.Report(principal.With(t.Context(), "eve"), o.ID, "ada", false)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, d.Export(as, "ada", func(string, json.RawMessage) error { return nil }))
	_, err = s.Erase(as, o.ID, "", time.Now())
	require.NoError(t, err)
	id := " ada " + o.ID[:8]
	// Who reads nothing leaves no record.
	all := []string{"ann opened" + id, "ann read" + id, "ann exported" + id, "ann erased" + id}
	assert.Equal(t, all, acts(t, s, store.AuditFilter{}))
	assert.Equal(t, all, acts(t, s, store.AuditFilter{Principal: "ann", User: "ada", ConversationID: o.ID, Since: time.Now().Add(-time.Hour)}))
	for _, other := range []store.AuditFilter{{Principal: "eve"}, {User: "bob"}, {ConversationID: uuid.NewString()}, {Since: time.Now().Add(time.Hour)}} {
		assert.Empty(t, acts(t, s, other))
	}
	assert.NotContains(t, selectedAsAdmin(t, d, `SELECT string_agg(a::text, ' ') FROM audit a`), "trip", "no words")
}

func TestWhatExpiresIsRecordedAndWhatFailsIsNot(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	s := d.Audited()
	id := d.aged(t, "ann", 2*month, 2*month) // not audited
	erased, err := s.EraseInactive(t.Context(), month, 10)
	require.NoError(t, err)
	require.Equal(t, 1, erased)
	assert.Equal(t, []string{"ann expired ada " + id[:8]}, acts(t, s, store.AuditFilter{}))
	foreign := opening()
	foreign.SessionID = "taken"
	d.open(t, foreign)
	again := opening()
	again.SessionID, again.UserID = "taken", "bob"
	_, err = s.Open(t.Context(), again)
	require.ErrorIs(t, err, store.ErrForeignSession)
	assert.Len(t, acts(t, s, store.AuditFilter{}), 1)
}

// Whoever may act may not cover it up.
func TestWhoActsOnlyAddsToTheAuditTrail(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	o := opening()
	_, err := d.Audited().Open(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, []int{0}, selected[int](t, d, principal.Local, `SELECT count(*) FROM audit`))
	for _, bind := range []func(*pgx.Batch, string){postgres.BindPrincipal, postgres.BindEventing} {
		for _, statement := range []string{`UPDATE audit SET action = 'read'`, `DELETE FROM audit`} {
			batch := &pgx.Batch{}
			bind(batch, principal.Local)
			batch.Queue(statement).Exec(func(tag pgconn.CommandTag) error {
				assert.Zero(t, tag.RowsAffected(), statement)
				return nil
			})
			require.NoError(t, d.pool.SendBatch(t.Context(), batch).Close())
		}
	}
	batch := &pgx.Batch{}
	postgres.BindPrincipal(batch, "eve")
	batch.Queue(`INSERT INTO audit (principal, conversation_id, action) VALUES ('local', $1, 'read')`, o.ID)
	assert.ErrorContains(t, d.pool.SendBatch(t.Context(), batch).Close(), "row-level security")
}

func TestTheAuditTrailIsSweptByItsAge(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	s := d.Audited()
	for range 3 {
		_, err := s.Open(t.Context(), opening())
		require.NoError(t, err)
	}
	postgrestest.Exec(t, d.pool.Config().ConnString(), `UPDATE audit SET at = at - interval '40 days' WHERE conversation_id <> (SELECT conversation_id FROM audit ORDER BY at DESC LIMIT 1)`)
	for _, want := range []int{1, 1, 0} {
		swept, err := s.SweepAudit(t.Context(), month, 1)
		require.NoError(t, err)
		assert.Equal(t, want, swept)
	}
	assert.Len(t, acts(t, s, store.AuditFilter{}), 1)
}

func TestAWrongAgeOfTheAuditTrailIsReported(t *testing.T) {
	t.Parallel()
	_, err := store.AuditConfig{Days: -1}.Age()
	assert.ErrorContains(t, err, "AUDIT_DAYS is -1")
	age, err := store.AuditConfig{Days: 30}.Age()
	require.NoError(t, err)
	assert.Equal(t, month, age)
}

func selectedAsAdmin(t *testing.T, d *database, query string) string {
	t.Helper()
	return postgrestest.Value[string](t, d.pool.Config().ConnString(), query)
}
