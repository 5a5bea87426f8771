package stdio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// client is at the other end of the pipes.
type client struct {
	in      io.WriteCloser
	out     *bufio.Reader
	ended   chan error
	drained atomic.Bool
}

// connect serves a client from a handler of Streamable HTTP.
func connect(t *testing.T, ctx context.Context, patience time.Duration, handler http.HandlerFunc) *client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	c := &client{in: toServer, out: bufio.NewReader(fromServer), ended: make(chan error, 1)}
	s := Server{Client: server.Client(), URL: server.URL, Drain: func() { c.drained.Store(true) }, Patience: patience}
	go func() { c.ended <- s.Serve(ctx, in, out) }()
	t.Cleanup(func() { toServer.Close(); fromServer.Close() })
	return c
}

func (c *client) send(t *testing.T, text string) {
	t.Helper()
	_, err := io.WriteString(c.in, text+"\n")
	require.NoError(t, err)
}

func (c *client) receive(t *testing.T) string {
	t.Helper()
	line, err := c.out.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(line, "\n")
}

func (c *client) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-c.ended:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
		return nil
	}
}

func respond(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, text)
}

// received is a request as the server got it.
type received struct {
	body   string
	header http.Header
}

// noting responds to requests by their id, and notes them all.
func noting(got chan received) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m := parse(body)
		got <- received{string(body), r.Header.Clone()}
		switch {
		case m.Method == "initialize":
			w.Header().Set("Mcp-Session-Id", "s1")
			respond(w, "{\"id\": 1,\n \"result\": {\"protocolVersion\": \"2025-06-18\"}}")
		case m.request():
			respond(w, fmt.Sprintf(`{"id":%s,"result":{}}`, m.ID))
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	}
}

func TestEachMessageIsOneLine(t *testing.T) {
	t.Parallel()
	c := connect(t, t.Context(), time.Second, noting(make(chan received, 9)))
	c.send(t, `{"id":1,"method":"initialize"}`)
	assert.Equal(t, `{"id":1,"result":{"protocolVersion":"2025-06-18"}}`, c.receive(t))
	c.send(t, "")
	c.send(t, "\t \r")
	c.send(t, `{"id":"two","method":"ping"}`)
	assert.Equal(t, `{"id":"two","result":{}}`, c.receive(t))
	require.NoError(t, c.in.Close())
	assert.NoError(t, c.end(t))
	assert.True(t, c.drained.Load())
}

func TestHeadersSayWhatTheMessageSays(t *testing.T) {
	t.Parallel()
	got := make(chan received, 9)
	c := connect(t, t.Context(), time.Second, noting(got))
	header := func(text string) map[string]string {
		c.send(t, text)
		r := <-got
		assert.Equal(t, text, r.body)
		assert.Equal(t, "application/json", r.header.Get("Content-Type"))
		assert.Equal(t, "application/json, text/event-stream", r.header.Get("Accept"))
		named := map[string]string{}
		for _, name := range []string{"Mcp-Session-Id", "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name"} {
			if value := r.header.Get(name); value != "" {
				named[name] = value
			}
		}
		return named
	}
	go func() { _, _ = io.Copy(io.Discard, c.out) }()
	assert.Empty(t, header(`{"id":0,"method":"ping"}`))
	modern := func(method, rest string) string {
		return `{"id":2,"method":"` + method + `","params":{` + rest + `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`
	}
	assert.Equal(t, map[string]string{"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "server/discover"}, header(modern("server/discover", "")))
	assert.Empty(t, header(`{"id":1,"method":"initialize"}`))
	older := map[string]string{"Mcp-Protocol-Version": "2025-06-18", "Mcp-Session-Id": "s1"}
	assert.Equal(t, older, header(`{"method":"notifications/initialized"}`))
	assert.Equal(t, older, header(`{"id":"ask-1","result":{}}`))
	assert.Equal(t, map[string]string{"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "recall"},
		header(modern("tools/call", `"name":"recall",`)), "one client may speak both")
}

// The response to a form arrives while its call waits.
func TestARequestToTheClientComesDuringItsCall(t *testing.T) {
	t.Parallel()
	answered := make(chan string)
	c := connect(t, t.Context(), time.Second, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if parse(body).Method == "" {
			answered <- string(body)
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, ": waiting\n\nevent: message\ndata: {\"id\":\"ask-1\",\ndata: \"method\":\"elicitation/create\"}\n\n")
		_ = http.NewResponseController(w).Flush()
		fmt.Fprintf(w, "data: {\"id\":5,\"result\":%q}\n\n", <-answered)
	})
	c.send(t, `{"id":5,"method":"tools/call"}`)
	assert.Equal(t, `{"id":"ask-1","method":"elicitation/create"}`, c.receive(t))
	c.send(t, `{"id":"ask-1","result":1}`)
	assert.Equal(t, `{"id":5,"result":"{\"id\":\"ask-1\",\"result\":1}"}`, c.receive(t))
}

func TestACancelledRequestGetsNoResponse(t *testing.T) {
	t.Parallel()
	begun, cancelled := make(chan struct{}), make(chan struct{})
	c := connect(t, t.Context(), time.Second, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if parse(body).Method == "ping" {
			respond(w, `{"id":8,"result":{}}`)
			return
		}
		close(begun)
		<-r.Context().Done()
		close(cancelled)
	})
	c.send(t, `{"id":"7","method":"tools/call"}`)
	<-begun
	c.send(t, `{"method":"notifications/cancelled","params":{"requestId":7}}`) // another's
	c.send(t, `{"method":"notifications/cancelled","params":{"requestId":"7"}}`)
	<-cancelled
	c.send(t, `{"id":8,"method":"ping"}`)
	assert.Equal(t, `{"id":8,"result":{}}`, c.receive(t))
}

func TestWhatCannotBeServedIsAnError(t *testing.T) {
	t.Parallel()
	c := connect(t, t.Context(), time.Second, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if parse(body).Method == "" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"id":null,"error":{"code":-32600,"message":"no"}}`)
			return
		}
		http.Error(w, "not now", http.StatusServiceUnavailable)
	})
	failure := func() (id string, text string) {
		var failed jsonrpc.Error
		require.NoError(t, json.Unmarshal([]byte(c.receive(t)), &failed))
		return string(failed.ID), failed.Error.Message
	}
	c.send(t, `{"id":1,"method":"ping"}`)
	id, text := failure()
	assert.Equal(t, "1", id)
	assert.Equal(t, "status 503: not now", text)
	c.send(t, `nonsense`)
	id, text = failure()
	assert.Equal(t, "null", id)
	assert.Equal(t, "no", text)
	c.send(t, `{"id":2,"method":"`+strings.Repeat("x", jsonrpc.MaxBodyBytes)+`"}`)
	id, text = failure()
	assert.Equal(t, "null", id)
	assert.Contains(t, text, "longer than 1048576 bytes")
	c.send(t, `{"id":"ask-1","result":{}}`) // a response that is refused gets none
	c.send(t, `{"id":3,"method":"ping"}`)
	id, _ = failure()
	assert.Equal(t, "3", id, "what follows is served")
}

func TestRequestsUnderWayAreBounded(t *testing.T) {
	t.Parallel()
	c := connect(t, t.Context(), 10*time.Millisecond, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	for i := range maxInFlight {
		c.send(t, fmt.Sprintf(`{"id":%d,"method":"tools/call"}`, i))
	}
	c.send(t, `{"id":"more","method":"tools/call"}`)
	assert.Contains(t, c.receive(t), `"id":"more","error":{"code":-32603,"message":"128 requests are under way`)
	require.NoError(t, c.in.Close())
	assert.NoError(t, c.end(t), "who has gone is not waited for longer than the patience")
}

func TestRequestsUnderWayEndBeforeTheServer(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(c *client, cancel func()){
		"at the end of the input": func(c *client, _ func()) { c.in.Close() },
		"at a signal":             func(_ *client, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			begun, finish := make(chan struct{}), make(chan struct{})
			c := connect(t, ctx, 10*time.Second, func(w http.ResponseWriter, _ *http.Request) {
				close(begun)
				<-finish
				respond(w, `{"id":1,"result":{}}`)
			})
			c.send(t, `{"id":1,"method":"tools/call"}`)
			<-begun
			leave(c, cancel)
			require.Eventually(t, c.drained.Load, 5*time.Second, time.Millisecond)
			close(finish)
			assert.Equal(t, `{"id":1,"result":{}}`, c.receive(t))
			assert.NoError(t, c.end(t))
		})
	}
}

func TestAClientThatNoLongerReadsEndsTheServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(noting(make(chan received, 9)))
	defer server.Close()
	in, toServer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- Server{Client: server.Client(), URL: server.URL, Drain: func() {}, Patience: time.Second}.Serve(t.Context(), in, broken{})
	}()
	_, err := toServer.Write([]byte(`{"id":1,"method":"ping"}` + "\n"))
	require.NoError(t, err)
	assert.ErrorIs(t, <-ended, errBroken)
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestInputThatBreaksIsReported(t *testing.T) {
	t.Parallel()
	in := io.MultiReader(bytes.NewReader([]byte("\n")), failing{})
	err := Server{Drain: func() {}, Patience: time.Second}.Serve(t.Context(), in, io.Discard)
	assert.ErrorIs(t, err, errBroken)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }
