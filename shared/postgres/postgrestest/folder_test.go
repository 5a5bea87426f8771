package postgrestest

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
)

func TestCacheMadeByManyAtOnce(t *testing.T) {
	caches := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", caches)
	t.Setenv("HOME", caches)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			server, err := startFast(t.Context())
			if assert.NoError(t, err) {
				assert.NoError(t, server.discard())
			}
		})
	}
	wg.Wait()
	base, err := os.UserCacheDir()
	require.NoError(t, err)
	made, err := os.ReadDir(filepath.Join(base, "sequential-questioning"))
	require.NoError(t, err)
	require.Len(t, made, 1)
	assert.Regexp(t, "^pg-", made[0].Name())
}

func TestDamagedCacheIsMadeAnew(t *testing.T) {
	caches := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", caches)
	t.Setenv("HOME", caches)
	installation, err := embedded.Find()
	require.NoError(t, err)
	cache, err := cached(t.Context(), installation)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(filepath.Join(cache, "data", "global", "pg_control"), 0))

	server, err := startFast(t.Context())
	require.NoError(t, err)
	require.NoError(t, server.discard())
	assert.NoDirExists(t, cache)
}

func TestSweepSparesWhatIsHeld(t *testing.T) {
	temp := t.TempDir()
	for _, name := range []string{"held", "left", "empty"} {
		require.NoError(t, os.Mkdir(filepath.Join(temp, name), 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(temp, "left", "lock"), nil, 0o600))
	held, err := os.Create(filepath.Join(temp, "held", "lock"))
	require.NoError(t, err)
	defer held.Close()
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_EX))

	sweep(filepath.Join(temp, "*"), abandoned)
	assert.DirExists(t, filepath.Join(temp, "left"))
	sweep(filepath.Join(temp, "*"), 0)
	assert.DirExists(t, filepath.Join(temp, "held"))
	assert.NoDirExists(t, filepath.Join(temp, "left"))
	assert.NoDirExists(t, filepath.Join(temp, "empty"))
}
