package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, nil) }

func config(t *testing.T, url string) Config {
	t.Helper()
	config, err := env.ParseAsWithOptions[Config](env.Options{Environment: map[string]string{"DATABASE_URL": url}})
	require.NoError(t, err)
	return config
}

func TestDefaults(t *testing.T) {
	parsed, err := parse(config(t, "postgres://someone:word@db:5433/things"))
	require.NoError(t, err)
	assert.EqualValues(t, 4, parsed.MaxConns)
	assert.Zero(t, parsed.MinConns)
	assert.Equal(t, 5*time.Minute, parsed.MaxConnIdleTime)
	assert.Equal(t, 5*time.Second, parsed.ConnConfig.ConnectTimeout)
	assert.Equal(t, map[string]string{
		"statement_timeout": "5s",
		"lock_timeout":      "3s",
		"application_name":  "sequential-questioning",
	}, parsed.ConnConfig.RuntimeParams)
}

func TestURLWins(t *testing.T) {
	settings := config(t, "postgres://db/things?application_name=mine&lock_timeout=7&connect_timeout=2")
	settings.Parameters = map[string]string{"application_name": "theirs"}
	parsed, err := parse(settings)
	require.NoError(t, err)
	assert.Equal(t, 2*time.Second, parsed.ConnConfig.ConnectTimeout)
	assert.Equal(t, "mine", parsed.ConnConfig.RuntimeParams["application_name"])
	assert.Equal(t, "7", parsed.ConnConfig.RuntimeParams["lock_timeout"])
	assert.Equal(t, "5s", parsed.ConnConfig.RuntimeParams["statement_timeout"])
}

// The address may change between two connections, as when a server is started again.
func TestAServerCanBeLocatedWhenItIsNeeded(t *testing.T) {
	settings := config(t, "")
	url, failure := "", errors.New("not there yet")
	settings.Locate = func(context.Context) (string, error) { return url, failure }
	pool, err := Open(t.Context(), settings)
	require.NoError(t, err)
	defer pool.Close()
	assert.ErrorContains(t, pool.Ping(t.Context()), "not there yet")
	url, failure = postgrestest.New(t), nil
	var statement string
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT current_setting('statement_timeout')`).Scan(&statement))
	assert.Equal(t, "5s", statement)
	pool.Reset()
	url = "postgres://someone:secret@db:nowhere/things"
	err = pool.Ping(t.Context())
	assert.ErrorContains(t, err, "DATABASE_URL is malformed")
	assert.NotContains(t, err.Error(), "secret")
}

func TestAProgramHasParametersOfItsOwn(t *testing.T) {
	settings := config(t, postgrestest.New(t))
	settings.Parameters = map[string]string{"statement_timeout": "0", "work_mem": "8MB"}
	pool, err := Open(t.Context(), settings)
	require.NoError(t, err)
	defer pool.Close()
	var statement, lock, memory string
	require.NoError(t, pool.QueryRow(t.Context(), `
		SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('work_mem')`).
		Scan(&statement, &lock, &memory))
	assert.Equal(t, []string{"0", "3s", "8MB"}, []string{statement, lock, memory})
}

func TestMalformedURLKeepsThePassword(t *testing.T) {
	for _, url := range []string{
		"postgres://someone:hunter2@db:port/things",
		"postgres://someone:hunter2/x@db:5432/things",
		"postgres://someone:hunter2%zz@db/things",
		"postgres://someone:hunter2@db/things?sslmode=perhaps",
		"postgres:/someone:hunter2@db",
		"host=db password=hunter2 port=x",
		"hunter2",
		"postgres://someone:hunter2@db/things?pool_max_conns=x",
		"postgres://someone:hunter2@db/things?sslmode=verify-full&sslrootcert=/does/not/exist",
	} {
		_, err := Open(t.Context(), config(t, url))
		require.Error(t, err, url)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.Contains(t, err.Error(), "DATABASE_URL")
	}
}

func TestMissingURL(t *testing.T) {
	_, err := Open(t.Context(), config(t, ""))
	assert.EqualError(t, err, "DATABASE_URL is not set")
}

func TestTooFewConnections(t *testing.T) {
	_, err := Open(t.Context(), Config{URL: "postgres://db/things"})
	assert.EqualError(t, err, "DATABASE_MAX_CONNS is 0, want at least 1")
}

func TestOpenSucceedsWithoutADatabase(t *testing.T) {
	pool, err := Open(t.Context(), config(t, "postgres://someone@127.0.0.1:1/things"))
	require.NoError(t, err)
	defer pool.Close()
	assert.True(t, Retryable(pool.Ping(t.Context())))
}

func TestSettingsReachTheServer(t *testing.T) {
	pool, err := Open(t.Context(), config(t, postgrestest.New(t)))
	require.NoError(t, err)
	defer pool.Close()
	var statement, lock, name string
	require.NoError(t, pool.QueryRow(t.Context(), `
		SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('application_name')`).
		Scan(&statement, &lock, &name))
	assert.Equal(t, []string{"5s", "3s", "sequential-questioning"}, []string{statement, lock, name})
}

func TestAURLCannotDoWithoutPreparedStatements(t *testing.T) {
	for _, mode := range []string{"exec", "simple_protocol"} {
		_, err := parse(config(t, "postgres://db/things?default_query_exec_mode="+mode))
		assert.ErrorContains(t, err, "default_query_exec_mode", mode)
	}
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec"} {
		_, err := parse(config(t, "postgres://db/things?default_query_exec_mode="+mode))
		assert.NoError(t, err, mode)
	}
}
