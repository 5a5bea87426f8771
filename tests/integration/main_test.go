// Package integration tests conversations against a real PostgreSQL.
package integration

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/conversationtest"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

func TestMain(m *testing.M) { postgrestest.Main(program.Runner{M: m}, migrations.Up) }

// What a trip is, and how it is opened and answered.
var (
	defaults         = conversationtest.Defaults
	newService       = conversationtest.New
	serviceOn        = conversationtest.On
	trip, tripValues = conversationtest.Trip, conversationtest.TripValues
	openTrip         = conversationtest.OpenTrip
	answerAll        = conversationtest.AnswerAll
	answerSlots      = conversationtest.AnswerSlots
)

// These read the database as its administrator, all principals included.
var count, stored, conversationOf = storetest.Count, storetest.Rows, storetest.OnlyConversation

// try runs one statement as the superuser but with a principal, in a
// transaction that is undone.
func try(t testing.TB, url, statement string, args ...any) error {
	t.Helper()
	return asOwner(t, postgrestest.AdminURL(t, url), statement, args...)
}

// asOwner is try in the role of the URL, the functions' own, which row security binds.
func asOwner(t testing.TB, url, statement string, args ...any) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), `SELECT set_config('app.principal', 'local', true)`)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), statement, args...)
	return err
}
