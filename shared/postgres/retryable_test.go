package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestRetryableCodes(t *testing.T) {
	for code, want := range map[string]bool{
		"08000": true, "08006": true, "25006": true, "40001": true, "40P01": true,
		"53000": true, "53100": true, "53200": true, "53300": true, "53400": true, "55P03": true,
		"57014": true, "57P01": true, "57P02": true, "57P03": true, "57P05": true,
		"23505": false, "25001": false, "28P01": false, "3D000": false, "42501": false, "42P01": false, "57P04": false, "P0001": false, "XX000": false,
	} {
		assert.Equal(t, want, Retryable(fmt.Errorf("do it: %w", &pgconn.PgError{Code: code})), code)
	}
}

func TestRetryableOthers(t *testing.T) {
	assert.False(t, Retryable(nil))
	assert.False(t, Retryable(errors.New("something")))
	assert.False(t, Retryable(pgx.ErrNoRows))
	assert.False(t, Retryable(fs.ErrNotExist))
	assert.False(t, Retryable(syscall.ENOENT))
	assert.False(t, Retryable(fmt.Errorf("do it: %w", context.Canceled)))
	assert.True(t, Retryable(fmt.Errorf("do it: %w", context.DeadlineExceeded)))
	assert.True(t, Retryable(fmt.Errorf("do it: %w", syscall.ECONNREFUSED)))
}

// As a restore does, which replaces the database by another of the same name.
func TestAConnectionToADatabaseThatIsBeingRenamedIsRetryable(t *testing.T) {
	t.Parallel()
	admin := postgrestest.Private(t, nil).AdminURL()
	conn, err := pgx.Connect(t.Context(), admin)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for _, statement := range []string{"CREATE DATABASE serving", "CREATE DATABASE next", "BEGIN", "ALTER DATABASE serving RENAME TO before", "ALTER DATABASE next RENAME TO serving"} {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	config, err := pgx.ParseConfig(admin)
	require.NoError(t, err)
	config.Database = "serving"
	waited := make(chan error)
	go func() {
		other, err := pgx.ConnectConfig(t.Context(), config)
		if err == nil {
			err = other.Close(t.Context())
		}
		waited <- err
	}()
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted AND classid = 'pg_database'::regclass").Scan(&n))
		return n > 0
	}, 10*time.Second, 10*time.Millisecond)
	_, err = conn.Exec(t.Context(), "COMMIT")
	require.NoError(t, err)
	err = <-waited
	require.Error(t, err)
	assert.True(t, Retryable(err), "%v", err)

	config.Database = "missing"
	_, err = pgx.ConnectConfig(t.Context(), config)
	require.Error(t, err)
	assert.False(t, Retryable(err), "%v", err)
}

func TestRetryableInRealFaults(t *testing.T) {
	t.Parallel()
	server := postgrestest.Private(t, nil)
	settings := config(t, server.URL())
	settings.MaxConns = 1
	settings.Parameters = map[string]string{"statement_timeout": "50ms"}
	pool, err := Open(t.Context(), settings)
	require.NoError(t, err)
	defer pool.Close()

	_, err = pool.Exec(t.Context(), "SELECT pg_sleep(5)")
	assert.True(t, Retryable(err), "statement timeout: %v", err)
	_, err = pool.Exec(t.Context(), "SELECT 1 FROM missing")
	assert.False(t, Retryable(err), "missing table: %v", err)

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = pool.Exec(canceled, "SELECT 1")
	assert.False(t, Retryable(err), "canceled: %v", err)

	held, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	impatient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = pool.Exec(impatient, "SELECT 1")
	assert.True(t, Retryable(err), "no free connection: %v", err)

	require.NoError(t, server.Kill())
	_, err = held.Exec(t.Context(), "SELECT 1")
	assert.True(t, Retryable(err), "lost connection: %v", err)
	held.Release()
	_, err = pool.Exec(t.Context(), "SELECT 1")
	assert.True(t, Retryable(err), "server down: %v", err)

	require.NoError(t, server.Restart(t.Context()))
	_, err = pool.Exec(t.Context(), "SELECT 1")
	assert.NoError(t, err)

	wrong := config(t, server.URL())
	wrong.URL += "&user=nobody"
	stranger, err := Open(t.Context(), wrong)
	require.NoError(t, err)
	defer stranger.Close()
	assert.False(t, Retryable(stranger.Ping(t.Context())))
}
