package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// slowPostgres is a PostgreSQL whose initdb begins when it is let.
func slowPostgres(t *testing.T) (environment string, let func()) {
	t.Helper()
	installation, err := embedded.Find()
	require.NoError(t, err)
	folder := postgrestest.Folder(t)
	gate := filepath.Join(folder, "gate")
	for _, name := range []string{"postgres", "pg_ctl", "initdb"} {
		script := "#!/bin/sh\n"
		if name == "initdb" {
			script += "while [ ! -e " + gate + " ]; do sleep 0.05; done\n"
		}
		script += "exec " + filepath.Join(installation.Bin, name) + ` "$@"` + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(script), 0o755))
	}
	return "POSTGRES_BIN=" + folder, func() { require.NoError(t, os.WriteFile(gate, nil, 0o600)) }
}

const openingCall = `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"sequential_questioning","arguments":{"context":"Book a trip"},"_meta":{"progressToken":"p"}}}`

// Hosts give a server 10 to 60 s to answer initialize, and a first start may take longer.
func TestDiscoveryDoesNotWaitForTheDatabase(t *testing.T) {
	slow, let := slowPostgres(t)
	h := started(t, filepath.Join(postgrestest.Folder(t), "Application Support", "it's"), slow) // as on a Mac, and worse
	assert.Contains(t, string(h.call(t, "tools/list", map[string]any{})), `"sequential_questioning"`)

	_, err := io.WriteString(h.in, openingCall+"\n")
	require.NoError(t, err)
	line, err := h.out.ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, `"method":"notifications/progress"`)
	assert.Contains(t, line, "Waiting for the database to start")
	let()
	for strings.Contains(line, "notifications/progress") {
		line, err = h.out.ReadString('\n')
		require.NoError(t, err)
	}
	assert.Contains(t, line, "where you want to go")
	h.leave(t)
}

func TestDiscoveryOverHTTPDoesNotWaitForTheDatabase(t *testing.T) {
	slow, let := slowPostgres(t)
	port := freePort(t)
	cmd := program(t, []string{slow}, "--host", "0.0.0.0", "--port", port, "--data", postgrestest.Folder(t))
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // unless it has ended
	post := func(body string) (string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:"+port+"/mcp", strings.NewReader(body))
		require.NoError(t, err)
		request.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return string(text), err
	}
	var listed string
	require.Eventually(t, func() bool {
		listed, err = post(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	assert.Contains(t, listed, `"sequential_questioning"`)
	called := make(chan string, 1)
	go func() {
		text, err := post(openingCall)
		if err != nil {
			text = err.Error()
		}
		called <- text
	}()
	let()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, "is ready at http://127.0.0.1:"+port, "which is said once calls are answered")
	assert.Contains(t, <-called, "where you want to go")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_, _ = io.Copy(io.Discard, out)
	assert.NoError(t, cmd.Wait(), log.String())
}

// As a pipe does: printf '…' | sequential-questioning --stdio.
func TestAClientThatHasClosedItsOutputGetsItsResult(t *testing.T) {
	slow, let := slowPostgres(t)
	h := started(t, postgrestest.Folder(t), slow)
	_, err := io.WriteString(h.in, openingCall+"\n")
	require.NoError(t, err)
	require.NoError(t, h.in.Close())
	time.AfterFunc(200*time.Millisecond, let)
	rest, err := io.ReadAll(h.out)
	require.NoError(t, err)
	require.NoError(t, h.Wait())
	assert.Contains(t, string(rest), "where you want to go")
}

func TestAProgramThatIsStoppedWhileItStartsLeavesNothingBehind(t *testing.T) {
	slow, _ := slowPostgres(t)
	data := postgrestest.Folder(t)
	h := started(t, data, slow)
	_, err := io.WriteString(h.in, openingCall+"\n")
	require.NoError(t, err)
	keeper := 0
	require.Eventually(t, func() bool {
		content, _ := os.ReadFile(filepath.Join(data, "postgres.keeper"))
		_, err := fmt.Sscan(string(content), &keeper)
		return err == nil
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, h.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(h.out)
	require.NoError(t, err)
	require.NoError(t, h.Wait())
	lines := strings.Split(strings.TrimSpace(string(rest)), "\n")
	assert.Contains(t, lines[len(lines)-1], "it is being stopped")
	// The keeper ends by itself, a moment later or earlier than its program.
	require.Eventually(t, func() bool { return errors.Is(syscall.Kill(keeper, 0), syscall.ESRCH) }, 10*time.Second, 10*time.Millisecond)
}

// A host shows the model what a call returns, and hides what a server prints.
func TestACallSaysWhatIsInTheWayUntilItIsMended(t *testing.T) {
	folder := postgrestest.Folder(t)
	bin := filepath.Join(folder, "bin")
	h := started(t, postgrestest.Folder(t), "POSTGRES_BIN="+bin)
	refused := func() string {
		_, err := io.WriteString(h.in, openingCall+"\n")
		require.NoError(t, err)
		line, err := h.out.ReadBytes('\n')
		require.NoError(t, err)
		var response struct{ Error struct{ Message string } }
		require.NoError(t, json.Unmarshal(line, &response))
		return response.Error.Message
	}
	message := refused()
	assert.Contains(t, message, bin+" does not hold postgres, initdb and pg_ctl")
	assert.Contains(t, message, "tell the person, and call again once that is mended")
	installation, err := embedded.Find()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(installation.Bin, bin))
	assert.NotEmpty(t, h.begin(t))
	h.leave(t)
	assert.Contains(t, h.log.String(), "does not hold postgres")
}
