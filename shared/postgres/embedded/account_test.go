package embedded

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func requireRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root gives up root")
	}
}

func owner(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Sys().(*syscall.Stat_t).Uid
}

func TestRootRunsTheServerAsPostgres(t *testing.T) {
	requireRoot(t)
	server := start(t, Options{Dir: folder(t), Fast: true})
	want, err := account("")
	require.NoError(t, err)
	assert.NotZero(t, want.Uid)
	assert.Equal(t, want.Uid, owner(t, server.data))
	assert.Equal(t, want.Uid, owner(t, filepath.Join(server.data, "postmaster.pid")))
	assert.Zero(t, owner(t, filepath.Join(server.Dir(), passwordName)))
}

func TestRootRunsTheServerAsTheOwnerOfItsData(t *testing.T) {
	requireRoot(t)
	const somebody = 12345
	dir := folder(t)
	server := start(t, Options{Dir: dir, Fast: true})
	stop(t, server)
	require.NoError(t, give(server.data, &syscall.Credential{Uid: somebody, Gid: somebody}))
	require.NoError(t, os.Remove(filepath.Join(server.data, "postmaster.opts")))
	start(t, Options{Dir: dir, Fast: true})
	assert.EqualValues(t, somebody, owner(t, filepath.Join(server.data, "postmaster.opts")))
}

func TestRootTakesOverACopyThatBelongsToRoot(t *testing.T) {
	requireRoot(t)
	dir := folder(t)
	server := start(t, Options{Dir: dir, Fast: true})
	write(t, server)
	stop(t, server)
	require.NoError(t, give(server.data, &syscall.Credential{}))
	requireKept(t, start(t, Options{Dir: dir, Fast: true}))
}

func TestFolderBelowAClosedHomeBecomesALink(t *testing.T) {
	requireRoot(t)
	defer func(before string) { elsewhere = before }(elsewhere)
	elsewhere = filepath.Join(filepath.Dir(folder(t)), "elsewhere")
	home := t.TempDir()
	require.NoError(t, os.Chmod(home, 0o700))
	dir := filepath.Join(home, "share", "postgres")

	first := start(t, Options{Dir: dir, Fast: true})
	write(t, first)
	assert.Equal(t, elsewhere, filepath.Dir(first.Dir()))
	stop(t, first)
	second := start(t, Options{Dir: dir, Fast: true})
	requireKept(t, second)
	assert.Equal(t, first.Dir(), second.Dir())
	stop(t, second)

	require.NoError(t, Remove(dir))
	assert.NoDirExists(t, first.Dir())
	assert.NoFileExists(t, dir)
}

func TestUnreachableFolderInUseIsNamed(t *testing.T) {
	requireRoot(t)
	home := t.TempDir()
	require.NoError(t, os.Chmod(home, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, "precious"), nil, 0o600))
	_, err := Start(t.Context(), Options{Dir: home, Fast: true})
	require.ErrorContains(t, err, "cannot enter data folder "+home)
	assert.FileExists(t, filepath.Join(home, "precious"))
}
