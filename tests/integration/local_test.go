package integration

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// buildLocal builds the program once.
var buildLocal = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sequential-questioning-local-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "local")
	build := exec.Command("go", "build", "-o", path, "./functions/local/cmd/local")
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, output)
	}
	return path, nil
})

// program is the local server as a person runs it.
type program struct {
	*exec.Cmd
	url    string
	stderr *bytes.Buffer
}

func startLocal(t *testing.T, args ...string) *program {
	t.Helper()
	return startWith(t, nil, args...)
}

func startWith(t *testing.T, environment []string, args ...string) *program {
	t.Helper()
	path, err := buildLocal()
	require.NoError(t, err)
	p := &program{Cmd: exec.Command(path, args...), stderr: &bytes.Buffer{}}
	p.Env, p.Stderr = append(os.Environ(), environment...), p.stderr
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() { p.Process.Kill() })
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if found := regexp.MustCompile(`ready at (\S+)`).FindStringSubmatch(lines.Text()); found != nil {
				ready <- found[1]
			}
		}
		close(ready)
	}()
	select {
	case p.url = <-ready:
		require.NotEmpty(t, p.url, "ended instead of starting: %s", p.stderr)
	case <-time.After(time.Minute):
		t.Fatal("not ready after a minute")
	}
	return p
}

// interrupt is Ctrl-C; it returns how the program ended.
func (p *program) interrupt(t *testing.T) error {
	t.Helper()
	require.NoError(t, p.Process.Signal(os.Interrupt))
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("still running after 30 s")
		return nil
	}
}

func connect(t *testing.T, url string, options ...transport.StreamableHTTPCOption) *client.Client {
	t.Helper()
	c, err := client.NewStreamableHttpClient(url, options...)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.Start(t.Context()))
	var init mcp.InitializeRequest
	init.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	init.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	_, err = c.Initialize(t.Context(), init)
	require.NoError(t, err)
	return c
}

func callTool(t *testing.T, c *client.Client, name string, arguments map[string]any) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var request mcp.CallToolRequest
	request.Params.Name, request.Params.Arguments = name, arguments
	result, err := c.CallTool(ctx, request)
	require.NoError(t, err)
	require.False(t, result.IsError, "%v", result.Content)
	return result.StructuredContent.(map[string]any)
}

func TestConversationsOutliveTheProgram(t *testing.T) {
	t.Parallel()
	data := filepath.Join(postgrestest.Folder(t), "data")
	first := startLocal(t, "--port", "0", "--data", data)
	turn := callTool(t, connect(t, first.url), "sequential_questioning", map[string]any{"context": "x", "information_needed": []string{"a", "b"}})
	conversation := turn["conversation_id"]
	callTool(t, connect(t, first.url), "sequential_questioning_follow_up", map[string]any{"conversation_id": conversation,
		"answers": []map[string]any{{"slot": "a", "text": "first"}}})
	require.NoError(t, first.interrupt(t), "stops cleanly: %s", first.stderr)

	began := time.Now()
	second := startLocal(t, "--port", "0", "--data", data)
	assert.Less(t, time.Since(began), 10*time.Second)
	c := connect(t, second.url)
	turn = callTool(t, c, "sequential_questioning_follow_up", map[string]any{"conversation_id": conversation,
		"answers": []map[string]any{{"slot": "b", "text": "second"}}})
	assert.Equal(t, true, turn["metadata"].(map[string]any)["complete"])

	// Killed without a chance to say goodbye, database and all.
	require.NoError(t, second.Process.Signal(syscall.SIGKILL))
	_ = second.Wait()
	third := startLocal(t, "--port", "0", "--data", data)
	report := callTool(t, connect(t, third.url), "sequential_questioning_report", map[string]any{"conversation_id": conversation})
	assert.Equal(t, map[string]any{"a": "first", "b": "second"}, report["values"])
	require.NoError(t, third.interrupt(t))
}

func TestADatabaseThatEndsByItselfIsStartedAgain(t *testing.T) {
	t.Parallel()
	data := filepath.Join(postgrestest.Folder(t), "data")
	p := startLocal(t, "--port", "0", "--data", data)
	c := connect(t, p.url)
	turn := callTool(t, c, "sequential_questioning", map[string]any{"context": "x", "information_needed": []string{"a"}})
	file, err := os.ReadFile(filepath.Join(data, "postgres", "data", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(file), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	assert.EventuallyWithT(t, func(collect *assert.CollectT) {
		assert.NoError(collect, tryTool(t, c, "sequential_questioning_follow_up", map[string]any{"conversation_id": turn["conversation_id"],
			"answers": []map[string]any{{"slot": "a", "text": "kept"}}}))
	}, 30*time.Second, 200*time.Millisecond)
	report := callTool(t, c, "sequential_questioning_report", map[string]any{"conversation_id": turn["conversation_id"]})
	assert.Equal(t, map[string]any{"a": "kept"}, report["values"])
	require.NoError(t, p.interrupt(t))
	assert.Contains(t, p.stderr.String(), "starting it again")
}

func TestTheProgramServesAnExistingDatabase(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	p := startWith(t, []string{"DATABASE_URL=" + url}, "--port", "0")
	callTool(t, connect(t, p.url), "sequential_questioning", map[string]any{"context": "x"})
	require.NoError(t, p.interrupt(t))
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM conversations`))
}

func TestMistakesInStartingAreToldInOneLine(t *testing.T) {
	t.Parallel()
	path, err := buildLocal()
	require.NoError(t, err)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := fmt.Sprint(taken.Addr().(*net.TCPAddr).Port)
	for says, args := range map[string][]string{
		"--port":  {"--port", port, "--data", filepath.Join(t.TempDir(), "none")},
		"unknown": {"serve"},
		"-bogus":  {"--bogus"},
	} {
		output, err := exec.Command(path, args...).CombinedOutput()
		assert.Error(t, err)
		assert.Contains(t, string(output), says)
		assert.NotContains(t, string(output), "goroutine")
	}
	output, err := exec.Command(path, "--help").CombinedOutput()
	assert.NoError(t, err)
	for _, says := range []string{"--port", "--data", "DATABASE_URL"} {
		assert.Contains(t, strings.ReplaceAll(string(output), "  -", "  --"), says)
	}
}
