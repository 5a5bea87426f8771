package embedded

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keeper is the command of a keeper: this test binary.
func keeper(t *testing.T, dir string) []string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return []string{"/usr/bin/env", helperRole + "=keeper", "EMBEDDED_TEST_DIR=" + dir, self}
}

func helpKeep(dir string) error {
	port := 0
	for i, arg := range os.Args {
		if arg == "--port" {
			port, _ = strconv.Atoi(os.Args[i+1])
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return Keep(ctx, dir, port, os.Stderr)
}

// helpJoin prints the server's URL, and leaves when a line comes.
func helpJoin(dir string) error {
	joined, err := Join(context.Background(), dir, strings.Split(os.Getenv("EMBEDDED_TEST_KEEPER"), "\n"), os.Stderr)
	if err != nil {
		return err
	}
	os.Stdout.WriteString(joined.URL() + "\n")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	return joined.Leave(context.Background())
}

func join(t *testing.T, dir string) *Joined {
	t.Helper()
	joined, err := Join(t.Context(), dir, keeper(t, dir), os.Stderr)
	require.NoError(t, err)
	t.Cleanup(func() { leave(t, joined) })
	return joined
}

func leave(t *testing.T, joined *Joined) {
	t.Helper()
	if joined.users != nil {
		require.NoError(t, joined.Leave(context.Background()))
		joined.users = nil
	}
}

// keeperPid is zero while a keeper starts.
func keeperPid(dir string) int {
	content, _ := os.ReadFile(keeperFile(dir))
	pid, _ := strconv.Atoi(string(bytes.TrimSpace(content)))
	return pid
}

func serverPid(t *testing.T, dir string) int {
	t.Helper()
	resolved, err := filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	return readPidFile(filepath.Join(resolved, dataName)).pid
}

// otherProcess joins from a process of its own, which the returned function ends.
func otherProcess(t *testing.T, dir string) (url string, leaves, dies func()) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperRole+"=join", "EMBEDDED_TEST_DIR="+dir, "EMBEDDED_TEST_KEEPER="+strings.Join(keeper(t, dir), "\n"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var once sync.Once
	dies = func() { once.Do(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) }
	t.Cleanup(dies)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line), func() {
		once.Do(func() {
			_, _ = in.Write([]byte("\n"))
			require.NoError(t, cmd.Wait())
		})
	}, dies
}

func TestProcessesShareAServerUntilTheLastLeaves(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	url, leaves, _ := otherProcess(t, dir)
	joined := join(t, dir)
	assert.Equal(t, url, joined.URL())
	_, err := connect(t, url).Exec(t.Context(), "CREATE TABLE note AS SELECT 'kept' AS text")
	require.NoError(t, err)
	server := serverPid(t, dir)

	leaves() // it had started the server
	var text string
	require.NoError(t, connect(t, joined.URL()).QueryRow(t.Context(), "SELECT text FROM note").Scan(&text))
	assert.Equal(t, server, serverPid(t, dir), "the same server serves")
	leave(t, joined)
	assert.True(t, gone(server), "nothing is left behind")

	again := join(t, dir)
	require.NoError(t, connect(t, again.URL()).QueryRow(t.Context(), "SELECT text FROM note").Scan(&text))
}

func TestProcessesThatStartAtOnceShareAServer(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	urls := make([]string, 5)
	var joins sync.WaitGroup
	for i := range urls {
		joins.Go(func() {
			joined, err := Join(t.Context(), dir, keeper(t, dir), os.Stderr)
			if assert.NoError(t, err) {
				urls[i] = joined.URL()
				defer func() { assert.NoError(t, joined.Leave(context.Background())) }()
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
	joins.Wait()
	for _, url := range urls {
		assert.NotEmpty(t, url)
	}
	kept, err := (&Joined{dir: dir}).kept()
	require.NoError(t, err)
	assert.False(t, kept, "nothing is left behind")
}

func TestTheServerOfAKilledProcessEndsOnceNobodyUsesIt(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	_, _, dies := otherProcess(t, dir)
	server := serverPid(t, dir)
	dies()
	assert.Eventually(t, func() bool { return gone(server) }, 20*time.Second, 20*time.Millisecond)
}

func TestAKilledKeeperIsStartedAgainWithTheSameAddress(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	joined := join(t, dir)
	killed := keeperPid(dir)
	before := joined.URL()
	require.NoError(t, syscall.Kill(killed, syscall.SIGKILL))
	assert.Eventually(t, func() bool {
		kept, err := joined.kept()
		return err == nil && kept && keeperPid(dir) != killed && joined.answers(t.Context())
	}, 30*time.Second, 20*time.Millisecond)
	assert.Equal(t, before, joined.URL())
}

func TestAKilledSharedServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	joined := join(t, dir)
	killed := serverPid(t, dir)
	require.NoError(t, syscall.Kill(killed, syscall.SIGKILL))
	assert.Eventually(t, func() bool { return serverPid(t, dir) != killed && joined.answers(t.Context()) }, 30*time.Second, 20*time.Millisecond)
}

func TestAStartThatIsGivenUpLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	ctx, giveUp := context.WithCancelCause(t.Context())
	go func() {
		for keeperPid(dir) == 0 {
			time.Sleep(time.Millisecond)
		}
		giveUp(errors.New("nobody waits"))
	}()
	_, err := Join(ctx, dir, keeper(t, dir), os.Stderr)
	require.ErrorContains(t, err, "nobody waits")
	assert.True(t, gone(keeperPid(dir)))
	join(t, dir) // nor in the way
}

func TestWhyTheServerDoesNotStartIsSaid(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	joined := join(t, dir)
	leave(t, joined)
	resolved, err := filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(resolved, dataName, "PG_VERSION"), []byte("9\n"), 0o600))
	_, err = Join(t.Context(), dir, keeper(t, dir), os.Stderr)
	assert.ErrorContains(t, err, "was made by PostgreSQL 9")
}
