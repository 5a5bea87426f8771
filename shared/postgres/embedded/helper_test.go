package embedded

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// The test binary, started again with helperRole set, plays a process that
// gets killed.
const helperRole = "EMBEDDED_TEST_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(helperRole) {
	case "server":
		helpServer(os.Getenv("EMBEDDED_TEST_DIR"))
	case "watch":
		helpWatch()
	case "keeper":
		exitOn(helpKeep(os.Getenv("EMBEDDED_TEST_DIR")))
	case "join":
		exitOn(helpJoin(os.Getenv("EMBEDDED_TEST_DIR")))
	default:
		if _, err := Find(); err != nil {
			if err := Install(context.Background(), os.Stderr); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		os.Exit(m.Run())
	}
}

// exitOn ends a helper.
func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func helpServer(dir string) {
	server, err := Start(context.Background(), Options{Dir: dir, Fast: true})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println(server.Pid())
	select {}
}

func helpWatch() {
	cmd := exec.Command("sleep", "300")
	if err := cmd.Start(); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	if _, err := watch(cmd.Process.Pid); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println(cmd.Process.Pid)
	select {}
}

// help starts a helper and returns it with the pid that it prints.
func help(t *testing.T, role, dir string) (*exec.Cmd, int) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperRole+"="+role, "EMBEDDED_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err, line)
	return cmd, pid
}

// gone tells whether the process has ended, reaped or not.
func gone(pid int) bool {
	if !alive(pid) {
		return true
	}
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err != nil || strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

// folder returns the name of a data folder in a place that every user can
// enter, which t.TempDir is not.
func folder(t *testing.T) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "embedded-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(parent, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(parent)) })
	return filepath.Join(parent, "postgres")
}

func start(t *testing.T, options Options) *Server {
	t.Helper()
	began := time.Now()
	server, err := Start(t.Context(), options)
	require.NoError(t, err)
	t.Logf("started in %s", time.Since(began))
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t *testing.T, server *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.NoError(t, server.Stop(ctx))
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func write(t *testing.T, server *Server) {
	t.Helper()
	_, err := connect(t, server.URL()).Exec(t.Context(), "CREATE TABLE note AS SELECT 'kept' AS text")
	require.NoError(t, err)
}

func requireKept(t *testing.T, server *Server) {
	t.Helper()
	var text string
	require.NoError(t, connect(t, server.URL()).QueryRow(t.Context(), "SELECT text FROM note").Scan(&text))
	require.Equal(t, "kept", text)
}
