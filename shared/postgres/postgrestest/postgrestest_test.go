package postgrestest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func migrate(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE note (text text NOT NULL)")
	return err
}

func TestMain(m *testing.M) { postgrestest.Main(m, migrate) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestEachTestHasItsOwnMigratedDatabase(t *testing.T) {
	for n := range 8 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			conn := connect(t, postgrestest.New(t))
			t.Logf("database made in %s", time.Since(start))
			_, err := conn.Exec(t.Context(), "INSERT INTO note VALUES ('mine')")
			require.NoError(t, err)
			var count int
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM note").Scan(&count))
			assert.Equal(t, 1, count)
		})
	}
}

func TestDatabaseBelongsToTheOrdinaryRole(t *testing.T) {
	conn := connect(t, postgrestest.New(t))
	var owner string
	var super, bypass bool
	require.NoError(t, conn.QueryRow(t.Context(), `
		SELECT current_user, rolsuper, rolbypassrls FROM pg_database
		JOIN pg_roles ON pg_roles.oid = datdba AND rolname = current_user
		WHERE datname = current_database()`).Scan(&owner, &super, &bypass))
	assert.Equal(t, embedded.Role, owner)
	assert.False(t, super)
	assert.False(t, bypass)
}

func TestAdminURLIsTheSameDatabase(t *testing.T) {
	url := postgrestest.New(t)
	_, err := connect(t, url).Exec(t.Context(), "INSERT INTO note VALUES ('seen')")
	require.NoError(t, err)
	var text string
	require.NoError(t, connect(t, postgrestest.AdminURL(t, url)).QueryRow(t.Context(), "SELECT text FROM note").Scan(&text))
	assert.Equal(t, "seen", text)
}

func TestPrivateServerSurvivesAKill(t *testing.T) {
	t.Parallel()
	server := postgrestest.Private(t, migrate)
	_, err := connect(t, server.URL()).Exec(t.Context(), "INSERT INTO note VALUES ('kept')")
	require.NoError(t, err)

	require.NoError(t, server.Kill())
	_, err = pgx.Connect(t.Context(), server.URL())
	require.Error(t, err)

	require.NoError(t, server.Restart(t.Context()))
	var text string
	require.NoError(t, connect(t, server.URL()).QueryRow(t.Context(), "SELECT text FROM note").Scan(&text))
	assert.Equal(t, "kept", text)
}
