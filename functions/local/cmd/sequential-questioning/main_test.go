package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

// The test binary, started again with this variable, is the program.
const playProgram = "SEQUENTIAL_QUESTIONING_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(playProgram) != "" {
		main()
		return
	}
	postgrestest.Main(m, migrations.Up)
}

func program(t *testing.T, environment []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{playProgram + "=1", "PATH=" + os.Getenv("PATH")}, environment...)
	return cmd
}

// host is a process of the program as a host starts it.
type host struct {
	*exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	log    bytes.Buffer
	called int
}

func started(t *testing.T, data string, environment ...string) *host {
	t.Helper()
	h := newHost(t, data, environment...)
	h.initialize(t, map[string]any{})
	return h
}

// newHost starts a process to which nothing was said yet.
func newHost(t *testing.T, data string, environment ...string) *host {
	t.Helper()
	h := &host{Cmd: program(t, environment, "--stdio", "--data", data)}
	var err error
	h.in, err = h.StdinPipe()
	require.NoError(t, err)
	out, err := h.StdoutPipe()
	require.NoError(t, err)
	h.out, h.Stderr = bufio.NewReader(out), &h.log
	require.NoError(t, h.Start())
	t.Cleanup(func() {
		_ = h.Process.Kill() // unless it has ended
		if t.Failed() {
			t.Log(h.log.String())
		}
	})
	return h
}

func (h *host) initialize(t *testing.T, capabilities map[string]any) {
	t.Helper()
	initialized := h.call(t, "initialize", map[string]any{"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": map[string]any{"name": "host", "version": "1"}})
	assert.Contains(t, string(initialized), `"name":"sequential-questioning"`)
}

func (h *host) call(t *testing.T, method string, params any) json.RawMessage {
	t.Helper()
	h.called++
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": h.called, "method": method, "params": params})
	require.NoError(t, err)
	_, err = h.in.Write(append(request, '\n'))
	require.NoError(t, err)
	line, err := h.out.ReadBytes('\n')
	require.NoError(t, err)
	var response struct {
		ID     int
		Result json.RawMessage
		Error  json.RawMessage
	}
	require.NoError(t, json.Unmarshal(line, &response), "%s", line)
	require.Nil(t, response.Error, "%s", response.Error)
	require.Equal(t, h.called, response.ID)
	return response.Result
}

// tool calls a tool for Ann, and reads its structured content into result.
func (h *host) tool(t *testing.T, name string, arguments map[string]any, result any) {
	t.Helper()
	arguments["user_id"] = "ann"
	var called struct {
		IsError           bool
		StructuredContent json.RawMessage
	}
	answer := h.call(t, "tools/call", map[string]any{"name": name, "arguments": arguments})
	require.NoError(t, json.Unmarshal(answer, &called))
	require.False(t, called.IsError, "%s", answer)
	require.NoError(t, json.Unmarshal(called.StructuredContent, result))
}

// begin opens a conversation.
func (h *host) begin(t *testing.T) (conversation string) {
	t.Helper()
	var opened struct {
		Conversation string `json:"conversation_id"`
	}
	h.tool(t, "sequential_questioning", map[string]any{"context": "Book a trip", "information_needed": map[string]any{"destination": "string", "pets": "boolean"}}, &opened)
	return opened.Conversation
}

// leave closes the input, and returns the rest of the output.
func (h *host) leave(t *testing.T) string {
	t.Helper()
	require.NoError(t, h.in.Close())
	rest, err := io.ReadAll(h.out)
	require.NoError(t, err)
	require.NoError(t, h.Wait())
	return string(rest)
}

type recalled struct {
	Found []struct {
		Value        any
		Conversation string `json:"conversation_id"`
	}
}

// Two hosts of one user start a process each. What is said to one is known to the
// other, also after the first, which started the database, has gone, and what is
// forgotten by one is forgotten by both.
func TestHostsShareConversationsAndMemory(t *testing.T) {
	data := postgrestest.Folder(t)
	one, two := started(t, data), started(t, data)
	opened := one.begin(t)
	var turn struct{ Metadata struct{ Complete bool } }
	two.tool(t, "sequential_questioning_follow_up", map[string]any{"conversation_id": opened, "answers": []any{
		map[string]any{"slot": "destination", "value": "Lisbon", "text": "Lisbon"},
	}}, &turn)
	assert.False(t, turn.Metadata.Complete)
	for _, h := range []*host{one, two} {
		require.Eventually(t, func() bool {
			var r recalled
			h.tool(t, "sequential_questioning_recall", map[string]any{"query": "destination"}, &r)
			return len(r.Found) == 1 && r.Found[0].Value == "Lisbon"
		}, 20*time.Second, 100*time.Millisecond)
	}
	assert.Empty(t, one.leave(t))
	var report struct{ Values map[string]any }
	two.tool(t, "sequential_questioning_report", map[string]any{"conversation_id": opened}, &report)
	assert.Equal(t, map[string]any{"destination": "Lisbon"}, report.Values)

	three := started(t, data)
	var forgotten struct{ Conversations int }
	three.tool(t, "sequential_questioning_forget", map[string]any{"conversation_id": opened}, &forgotten)
	assert.Equal(t, 1, forgotten.Conversations)
	for _, h := range []*host{two, three} {
		var r recalled
		h.tool(t, "sequential_questioning_recall", map[string]any{"query": "destination"}, &r)
		assert.Empty(t, r.Found)
		assert.Empty(t, h.leave(t))
	}
	assert.NoFileExists(t, filepath.Join(resolved(t, data), "postgres", "data", "postmaster.pid"), "the last one stops the database")
}

func resolved(t *testing.T, path string) string {
	t.Helper()
	file, err := filepath.EvalSymlinks(path)
	require.NoError(t, err)
	return file
}

func TestASignalEndsTheProgramCleanly(t *testing.T) {
	h := started(t, postgrestest.Folder(t))
	h.begin(t)
	require.NoError(t, h.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(h.out)
	require.NoError(t, err)
	assert.Empty(t, string(rest))
	assert.NoError(t, h.Wait())
}

func TestOnlyMessagesAreOnStandardOutput(t *testing.T) {
	cmd := program(t, []string{"LOG_LEVEL=debug", "DATABASE_URL=" + postgrestest.New(t)}, "--stdio")
	cmd.Stdin = strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\nnonsense\n")
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	require.NoError(t, err, log.String())
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	assert.Len(t, lines, 2)
	for _, line := range lines {
		var message struct{ JSONRPC string }
		assert.NoError(t, json.Unmarshal([]byte(line), &message), line)
		assert.Equal(t, "2.0", message.JSONRPC)
	}
}

func TestStandardInputTakesNoTokens(t *testing.T) {
	out, err := program(t, []string{"OAUTH_ISSUER=https://issuer.example"}, "--stdio").CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "error: OAUTH_ISSUER is set")
}

func TestEveryDefaultIsInAFolderOfTheUser(t *testing.T) {
	for name, c := range map[string]struct {
		environment []string
		want        string
	}{
		"as the system has it": {[]string{"HOME=/home/ann", "XDG_DATA_HOME=/data"}, "/data/sequential-questioning"},
		"without a home":       {nil, ".data"},
	} {
		out, err := program(t, c.environment, "--help").CombinedOutput()
		require.NoError(t, err)
		assert.Contains(t, string(out), `(default "`+c.want+`")`, name)
	}
}

// doctor runs the doctor and returns what it prints, and whether it found nothing.
func doctor(t *testing.T, environment []string, args ...string) (text string, healthy bool) {
	t.Helper()
	out, err := program(t, environment, append([]string{"doctor"}, args...)...).CombinedOutput()
	return string(out), err == nil
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func TestADoctorFindsNothingWrongWithAHealthyInstallation(t *testing.T) {
	data := postgrestest.Folder(t)
	text, healthy := doctor(t, nil, "--data", data, "--port", freePort(t))
	assert.True(t, healthy, text)
	assert.Contains(t, text, "the database is made at the first start")
	assert.Contains(t, text, "no client has connected")
	assert.NoDirExists(t, filepath.Join(data, "postgres"), "it changes nothing")

	h := started(t, data)
	h.begin(t) // which waits for the database
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(data, "clients.json"))
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	text, healthy = doctor(t, nil, "--data", data, "--port", freePort(t))
	assert.True(t, healthy, text)
	assert.Contains(t, text, "the server of the data folder, which runs answers; its schema is that of this version")
	assert.Contains(t, text, "client host 1, revision 2025-11-25")
	assert.Contains(t, text, "shows no forms")
	h.leave(t)
	text, healthy = doctor(t, nil, "--data", data, "--port", freePort(t))
	assert.True(t, healthy, text)
	assert.Contains(t, text, "the database is there, and not in use")
}

func TestADoctorNamesWhatIsWrongAndHowToMendIt(t *testing.T) {
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	strangersPort := stranger.Listener.Addr().(*net.TCPAddr).Port
	older := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"result":{"serverInfo":{"name":"sequential-questioning","version":"0.0.1"}}}`)
	}))
	defer older.Close()
	foreign := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.MkdirAll(filepath.Join(foreign, "postgres", "data"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(foreign, "postgres", "data", "PG_VERSION"), []byte("9\n"), 0o600))
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	broken := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken, "clients.json"), []byte("{"), 0o600))
	database := postgrestest.New(t)

	for name, c := range map[string]struct {
		environment []string
		args        []string
		says, mend  string
	}{
		"no PostgreSQL there":        {[]string{"POSTGRES_BIN=/nowhere"}, nil, "/nowhere does not hold postgres", "Set POSTGRES_BIN"},
		"data of another PostgreSQL": {nil, []string{"--data", foreign}, "was made by PostgreSQL 9", "--data"},
		"a file for a folder":        {nil, []string{"--data", file}, "is a file", "--data"},
		"a folder below a file":      {nil, []string{"--data", filepath.Join(file, "data")}, "data folder", "--data"},
		"a server that is down":      {[]string{"DATABASE_URL=postgres://127.0.0.1:1/x"}, nil, "does not answer", "correct DATABASE_URL"},
		"a role without limits":      {[]string{"DATABASE_URL=" + postgrestest.AdminURL(t, database)}, nil, "bypasses row security", "Create a role"},
		"a wrong setting":            {[]string{"DATABASE_URL=" + database, "DEFAULT_BATCH_SIZE=many"}, nil, `DEFAULT_BATCH_SIZE is "many": want a whole number`, "docs/configuration.md"},
		"a port of another program":  {[]string{"DATABASE_URL=" + database}, []string{"--port", strconv.Itoa(strangersPort)}, "is taken by another program (it answers 404 Not Found)", "--port"},
		"another version":            {[]string{"DATABASE_URL=" + database}, []string{"--port", strconv.Itoa(older.Listener.Addr().(*net.TCPAddr).Port)}, "version 0.0.1 serves", "Stop it"},
		"clients that are no list":   {[]string{"DATABASE_URL=" + database}, []string{"--data", broken}, "clients.json", "Delete the file"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--data", filepath.Join(t.TempDir(), "data"), "--port", freePort(t)}, c.args...)
			text, healthy := doctor(t, c.environment, args...)
			assert.False(t, healthy)
			failed := strings.SplitN(text, "FAIL ", 2)
			require.Len(t, failed, 2, text)
			assert.Contains(t, failed[1], c.says)
			assert.Contains(t, failed[1], c.mend)
			assert.Contains(t, text, "error: there is one problem")
		})
	}
	text, healthy := doctor(t, []string{"DATABASE_URL=" + database}, "--data", t.TempDir(), "--port", freePort(t))
	assert.True(t, healthy, text)
	assert.Contains(t, text, "the server of DATABASE_URL answers")
	assert.Contains(t, text, version.Version)
}

// Hosts start a server in whatever folder they are in, and with few variables.
func TestTheDataFolderIsTheOneThatTheSystemNames(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_DATA_HOME", folder)
	t.Setenv("HOME", "")
	assert.Equal(t, filepath.Join(folder, "sequential-questioning"), defaultFolder())
}
