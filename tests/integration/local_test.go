package integration

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	kept, err := os.ReadFile(filepath.Join(data, "postgres.log")) // of the process that keeps the database for all
	require.NoError(t, err)
	assert.Contains(t, string(kept), "starting it again")
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

// On a laptop nothing but the gateway can be reached: what else there is trusts its
// callers.
func TestNothingButTheGatewayListens(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "--data", filepath.Join(postgrestest.Folder(t), "data"))
	c := connect(t, p.URL)
	turn := callTool(t, c, "sequential_questioning", map[string]any{"context": "Plan a dinner", "user_id": "ann", "information_needed": []string{"food"}})
	callTool(t, c, "sequential_questioning_follow_up", map[string]any{"conversation_id": turn["conversation_id"], "user_id": "ann",
		"answers": []map[string]any{{"slot": "food", "text": "noodles"}}})
	require.Eventually(t, func() bool {
		found := callTool(t, c, "sequential_questioning_recall", map[string]any{"query": "food", "user_id": "ann"})
		return strings.Contains(fmt.Sprint(found), "noodles")
	}, 10*time.Second, 50*time.Millisecond, "relay, indexer and memory are at work")

	gateway, err := url.Parse(p.URL)
	require.NoError(t, err)
	assert.Equal(t, []string{gateway.Host}, listening(t, p.Pid()))
}

// listening are the addresses at which a process takes connections, from any machine
// or this one.
func listening(t *testing.T, pid int) []string {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d/", pid)
	descriptors, err := os.ReadDir(folder + "fd")
	require.NoError(t, err)
	own := map[string]bool{}
	for _, d := range descriptors {
		if target, err := os.Readlink(folder + "fd/" + d.Name()); err == nil && strings.HasPrefix(target, "socket:[") {
			own[strings.Trim(target, "socket:[]")] = true
		}
	}
	var found []string
	for _, table := range []string{"tcp", "tcp6"} {
		lines, err := os.ReadFile(folder + "net/" + table)
		require.NoError(t, err)
		for line := range strings.Lines(string(lines)) {
			const address, state, inode, listen = 1, 3, 9, "0A"
			fields := strings.Fields(line)
			if len(fields) > inode && fields[state] == listen && own[fields[inode]] {
				found = append(found, readable(t, fields[address]))
			}
		}
	}
	lines, err := os.ReadFile(folder + "net/unix")
	require.NoError(t, err)
	for line := range strings.Lines(string(lines)) {
		const flags, inode, accepts = 3, 6, "00010000"
		if fields := strings.Fields(line); len(fields) > inode && fields[flags] == accepts && own[fields[inode]] {
			found = append(found, "unix "+strings.Join(fields[inode+1:], " "))
		}
	}
	return found
}

// readable is an address of /proc/net/tcp, such as 0100007F:1F90, as host and port.
func readable(t *testing.T, address string) string {
	t.Helper()
	host, port, _ := strings.Cut(address, ":")
	bytes, err := hex.DecodeString(host)
	require.NoError(t, err)
	for word := range slices.Chunk(bytes, 4) { // each in the machine's order
		slices.Reverse(word)
	}
	number, err := strconv.ParseUint(port, 16, 16)
	require.NoError(t, err)
	return net.JoinHostPort(net.IP(bytes).String(), strconv.FormatUint(number, 10))
}
