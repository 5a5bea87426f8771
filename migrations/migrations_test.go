package migrations

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, nil) }

func sets(statements ...string) set {
	names := []string{"00001_first.sql", "00002_second.sql", "00003_third.sql"}
	files := fstest.MapFS{}
	for i, statement := range statements {
		files[names[i]] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + statement + "\n")}
	}
	return set{files: files}
}

const (
	first  = "CREATE TABLE first (id int);"
	second = "CREATE TABLE second (id int);"
)

func exists(t *testing.T, url, table string) bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var found bool
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT to_regclass($1) IS NOT NULL", table).Scan(&found))
	return found
}

func TestTheSchemaApplies(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	require.NoError(t, Up(t.Context(), url))
	require.NoError(t, Up(t.Context(), url))
	version, err := Version(t.Context(), url)
	require.NoError(t, err)
	latest, err := Latest()
	require.NoError(t, err)
	assert.Equal(t, latest, version)
	all, err := Status(t.Context(), url)
	require.NoError(t, err)
	assert.False(t, slices.ContainsFunc(all, Migration.Pending))
}

func TestUpAppliesOnlyWhatIsPending(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	done, err := sets(first).apply(t.Context(), url)
	require.NoError(t, err)
	require.Len(t, done, 1)
	assert.Equal(t, "00001_first.sql", done[0].File)

	done, err = sets(first, second).apply(t.Context(), url)
	require.NoError(t, err)
	require.Len(t, done, 1)
	assert.EqualValues(t, 2, done[0].Version)

	done, err = sets(first, second).apply(t.Context(), url)
	require.NoError(t, err)
	assert.Empty(t, done)
}

func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	migrations := sets(first, second)
	version, err := migrations.version(t.Context(), url)
	require.NoError(t, err)
	assert.Zero(t, version)
	all, err := migrations.status(t.Context(), url)
	require.NoError(t, err)
	assert.True(t, all[0].Pending())
	assert.False(t, exists(t, url, "goose_db_version"))

	_, err = sets(first).apply(t.Context(), url)
	require.NoError(t, err)
	all, err = migrations.status(t.Context(), url)
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.False(t, all[0].Pending())
	assert.WithinDuration(t, time.Now(), all[0].AppliedAt, time.Minute)
	assert.True(t, all[1].Pending())
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	migrations := sets(first, second+" SELECT pg_sleep(0.2);")
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total int
	)
	for range 8 {
		wg.Go(func() {
			done, err := migrations.apply(t.Context(), url)
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			total += len(done)
		})
	}
	wg.Wait()
	assert.Equal(t, 2, total)
	version, err := migrations.version(t.Context(), url)
	require.NoError(t, err)
	assert.EqualValues(t, 2, version)
}

func TestAFailingMigrationChangesNothingAndIsNamed(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	broken := sets(first, second+"\nSELECT nonsense;")
	done, err := broken.apply(t.Context(), url)
	require.ErrorContains(t, err, "apply migration 00002_second.sql")
	assert.ErrorContains(t, err, `column "nonsense" does not exist`)
	assert.Len(t, done, 1)
	assert.True(t, exists(t, url, "first"))
	assert.False(t, exists(t, url, "second"))
	version, err := broken.version(t.Context(), url)
	require.NoError(t, err)
	assert.EqualValues(t, 1, version)

	_, err = sets(first, second).apply(t.Context(), url)
	require.NoError(t, err)
	assert.True(t, exists(t, url, "second"))
}

func TestWaitingForTheLockIsBounded(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "SELECT pg_advisory_lock(4097083626)")
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	_, err = sets(first).apply(ctx, url)
	require.ErrorContains(t, err, "apply migrations")
	assert.False(t, exists(t, url, "first"))
}

func TestNoMigrations(t *testing.T) {
	t.Parallel()
	_, err := sets().latest()
	assert.ErrorContains(t, err, "no migrations found")
}

func TestWaitForADatabaseThatComesUpLate(t *testing.T) {
	t.Parallel()
	server := postgrestest.Private(t, nil)
	require.NoError(t, server.Kill())
	waited := make(chan error, 1)
	go func() { waited <- Wait(t.Context(), server.URL()) }()
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, server.Restart(t.Context()))
	require.NoError(t, <-waited)
}

func TestWaitIsBounded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := Wait(ctx, "postgres://someone:hunter2@127.0.0.1:1/things")
	require.ErrorContains(t, err, "database not reachable within")
	assert.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestWaitDoesNotWaitOutAWrongPassword(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t) + "&password=wrong"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.ErrorContains(t, Wait(ctx, url), "connect to database: ")
	require.NoError(t, ctx.Err())
}
