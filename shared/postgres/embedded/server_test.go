package embedded

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLaterStartsAreQuickAndKeepData(t *testing.T) {
	dir := folder(t)
	first := start(t, Options{Dir: dir})
	write(t, first)
	stop(t, first)

	// The best of several, for the machine may be busy with other tests.
	best := time.Hour
	for range 3 {
		began := time.Now()
		again := start(t, Options{Dir: dir})
		best = min(best, time.Since(began))
		requireKept(t, again)
		stop(t, again)
	}
	assert.Less(t, best, time.Second)
}

func TestRoleIsOrdinary(t *testing.T) {
	t.Parallel()
	server := start(t, Options{Dir: folder(t), Fast: true})
	conn := connect(t, server.URL())
	var name, owner, encoding string
	var super, bypass, createRole, createDB bool
	require.NoError(t, conn.QueryRow(t.Context(), `
		SELECT current_user, pg_get_userbyid(datdba), pg_encoding_to_char(encoding),
		       rolsuper, rolbypassrls, rolcreaterole, rolcreatedb
		FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user`).
		Scan(&name, &owner, &encoding, &super, &bypass, &createRole, &createDB))
	assert.Equal(t, Role, name)
	assert.Equal(t, Role, owner)
	assert.Equal(t, "UTF8", encoding)
	assert.False(t, super || bypass || createRole || createDB)

	require.NoError(t, connect(t, server.AdminURL()).QueryRow(t.Context(),
		"SELECT rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&super))
	assert.True(t, super)
}

func TestOnlyThePasswordsLetIn(t *testing.T) {
	t.Parallel()
	server := start(t, Options{Dir: folder(t), Fast: true})
	role, admin := parse(t, server.URL()), parse(t, server.AdminURL())
	rolePassword, _ := role.User.Password()

	admin.User = url.UserPassword(admin.User.Username(), rolePassword)
	_, err := pgx.Connect(t.Context(), admin.String())
	assert.ErrorContains(t, err, "28P01")
	admin.User = url.User(admin.User.Username())
	_, err = pgx.Connect(t.Context(), admin.String())
	assert.Error(t, err)

	for _, name := range []string{passwordName, adminPasswordName} {
		info, err := os.Stat(filepath.Join(server.Dir(), name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(raw)
	require.NoError(t, err)
	return parsed
}

func TestServedFolderIsRefusedWithThePid(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	server := start(t, Options{Dir: dir, Fast: true})
	_, err := Start(t.Context(), Options{Dir: dir, Fast: true})
	require.ErrorContains(t, err, "already served by a running PostgreSQL with pid")
	assert.ErrorContains(t, err, dir)
	assert.Equal(t, readPidFile(server.data).pid, server.Pid())
}

func TestServerStartedByHandIsRefused(t *testing.T) {
	t.Parallel()
	server := start(t, Options{Dir: folder(t), Fast: true})
	assert.True(t, serves(server.Pid(), server.data))
	assert.ErrorContains(t, refuseForeign(server.dir, server.data), "already served")
}

func TestKilledServerComesBack(t *testing.T) {
	t.Parallel()
	server := start(t, Options{Dir: folder(t), Fast: true})
	write(t, server)
	before := server.URL()
	ended := server.Done()

	require.NoError(t, server.Kill())
	<-ended
	assert.Zero(t, server.Pid())
	assert.FileExists(t, filepath.Join(server.data, "postmaster.pid"))

	require.NoError(t, server.Restart(t.Context()))
	assert.Equal(t, before, server.URL())
	requireKept(t, server)
}

func TestStalePidOfADeadServer(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	server := start(t, Options{Dir: dir, Fast: true})
	write(t, server)
	require.NoError(t, server.Kill())
	stop(t, server)
	requireKept(t, start(t, Options{Dir: dir, Fast: true}))
}

func TestStalePidThatNowBelongsToAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	server := start(t, Options{Dir: dir, Fast: true})
	write(t, server)
	content, err := os.ReadFile(filepath.Join(server.data, "postmaster.pid"))
	require.NoError(t, err)
	_, rest, _ := bytes.Cut(content, []byte("\n"))
	stop(t, server)
	require.NoError(t, os.WriteFile(filepath.Join(server.data, "postmaster.pid"), append([]byte("1\n"), rest...), 0o600))
	requireKept(t, start(t, Options{Dir: dir, Fast: true}))
}

func TestStopWithoutPatienceLosesNothing(t *testing.T) {
	t.Parallel()
	server := start(t, Options{Dir: folder(t), Fast: true})
	write(t, server)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, server.Stop(ctx))
	require.NoError(t, server.Stop(ctx))
	require.NoError(t, server.Restart(t.Context()))
	requireKept(t, server)
}

func TestKilledParentLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	helper, pid := help(t, "server", dir)
	require.False(t, gone(pid))
	require.NoError(t, helper.Process.Kill())
	_ = helper.Wait()
	// At once: what the killed process left is waited for.
	server := start(t, Options{Dir: dir, Fast: true})
	assert.True(t, gone(pid))
	assert.NotEqual(t, pid, server.Pid())
}

func TestInterruptInTheTerminalDoesNotReachTheServer(t *testing.T) {
	t.Parallel()
	server := start(t, Options{Dir: folder(t), Fast: true})
	group, err := syscall.Getpgid(server.Pid())
	require.NoError(t, err)
	assert.Equal(t, server.Pid(), group)
}

func TestWatchEndsTheServerOfAKilledParent(t *testing.T) {
	t.Parallel()
	helper, pid := help(t, "watch", "")
	require.False(t, gone(pid))
	require.NoError(t, helper.Process.Kill())
	_ = helper.Wait()
	assert.Eventually(t, func() bool { return gone(pid) }, 20*time.Second, 10*time.Millisecond)
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	_, err = Start(t.Context(), Options{Dir: folder(t), Port: port, Fast: true})
	require.ErrorIs(t, err, errPortTaken)
	assert.ErrorContains(t, err, "could not bind")
}

func TestEarlyEndOfTheServerShowsItsLog(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	server := start(t, Options{Dir: dir, Fast: true})
	stop(t, server)
	settings := filepath.Join(server.data, "postgresql.conf")
	require.NoError(t, os.WriteFile(settings, []byte("nonsense = on\n"), 0o600))
	began := time.Now()
	_, err := Start(t.Context(), Options{Dir: dir, Fast: true})
	require.ErrorContains(t, err, `unrecognized configuration parameter "nonsense"`)
	assert.Less(t, time.Since(began), startLimit/2)
}

func TestLogGoesToTheWriter(t *testing.T) {
	t.Parallel()
	log := &tail{}
	start(t, Options{Dir: folder(t), Fast: true, Log: log})
	assert.Contains(t, log.String(), "ready to accept connections")
}
