package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/tests/deployed"
)

func newFront(t *testing.T) *front {
	t.Helper()
	f, err := startFront()
	require.NoError(t, err)
	t.Cleanup(f.close)
	return f
}

// echo starts a replica that returns its name, the path and the body.
func echo(t *testing.T, name string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, name, r.URL.Path, string(body))
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func post(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Post(url, "text/plain", strings.NewReader(" hello"))
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestReplicasTakeTurnsAndADeadOneIsSkipped(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.set("ask", 0, echo(t, "a"))
	f.set("ask", 1, echo(t, "b"))
	seen := map[string]int{}
	for range 10 {
		_, body := post(t, f.url("ask")+"/mcp")
		seen[body]++
	}
	assert.Equal(t, map[string]int{"a/mcp hello": 5, "b/mcp hello": 5}, seen)

	nobody, err := deployed.FreeAddress()
	require.NoError(t, err)
	f.set("ask", 0, nobody)
	for range 4 {
		status, body := post(t, f.url("ask")+"/mcp")
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, "b/mcp hello", body)
	}
}

func TestARequestWaitsForAReplica(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	address := echo(t, "a")
	f.set("ask", 0, "")
	time.AfterFunc(100*time.Millisecond, func() { f.set("ask", 0, address) })
	status, body := post(t, f.url("ask")+"/mcp")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "a/mcp hello", body)
}

// A request that breaks after it was sent may have taken effect, so only the client may
// retry it.
func TestABrokenRequestIsNotSentTwice(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		calls++
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	f.set("ask", 0, server.Listener.Addr().String())
	f.set("ask", 1, server.Listener.Addr().String())
	status, _ := post(t, f.url("ask")+"/mcp")
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Equal(t, 1, calls)
}

func TestKillsAreSpreadOverTheConversations(t *testing.T) {
	t.Parallel()
	k := newKiller(&campaign{options: options{conversations: 100, kills: 10}, tally: newTally()})
	for held := range 100 {
		for k.due() {
			k.killed("gateway")
		}
		assert.LessOrEqual(t, k.killsSoFar(), held/10+1)
		k.killed(clientName) // they do not count
		k.held(&story{Kind: byAnswers})
	}
	assert.Equal(t, 10, k.killsSoFar())
}
