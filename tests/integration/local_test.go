package integration

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

// start runs the program in this process's environment and more.
func start(t *testing.T, more []string, args ...string) *program.Instance {
	t.Helper()
	return program.Start(t, append(os.Environ(), more...), args...)
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
	first := start(t, nil, "--data", data)
	turn := callTool(t, connect(t, first.URL), "sequential_questioning", map[string]any{"context": "x", "information_needed": []string{"a", "b"}})
	conversation := turn["conversation_id"]
	callTool(t, connect(t, first.URL), "sequential_questioning_follow_up", map[string]any{"conversation_id": conversation,
		"answers": []map[string]any{{"slot": "a", "text": "first"}}})
	first.Interrupt(t)

	began := time.Now()
	second := start(t, nil, "--data", data)
	assert.Less(t, time.Since(began), 10*time.Second)
	c := connect(t, second.URL)
	turn = callTool(t, c, "sequential_questioning_follow_up", map[string]any{"conversation_id": conversation,
		"answers": []map[string]any{{"slot": "b", "text": "second"}}})
	assert.Equal(t, true, turn["metadata"].(map[string]any)["complete"])

	// Killed without a chance to say goodbye, database and all.
	second.Kill()
	third := start(t, nil, "--data", data)
	report := callTool(t, connect(t, third.URL), "sequential_questioning_report", map[string]any{"conversation_id": conversation})
	assert.Equal(t, map[string]any{"a": "first", "b": "second"}, report["values"])
	third.Interrupt(t)
}

func TestADatabaseThatEndsByItselfIsStartedAgain(t *testing.T) {
	t.Parallel()
	data := filepath.Join(postgrestest.Folder(t), "data")
	p := start(t, nil, "--data", data)
	c := connect(t, p.URL)
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
	p.Interrupt(t)
	assert.Contains(t, p.Output(), "starting it again")
}

func TestTheProgramServesAnExistingDatabase(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	p := start(t, []string{"DATABASE_URL=" + url})
	callTool(t, connect(t, p.URL), "sequential_questioning", map[string]any{"context": "x"})
	p.Interrupt(t)
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM conversations`))
}

func TestMistakesInStartingAreToldInOneLine(t *testing.T) {
	t.Parallel()
	path := program.Path(t)
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
