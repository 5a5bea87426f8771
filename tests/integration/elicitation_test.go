package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	automatictool "github.com/sequential-questioning/sequential-questioning/functions/automatic"
	"github.com/sequential-questioning/sequential-questioning/functions/gateway"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/identity"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// olderClient is a client of revision 2025-11-25 that shows forms, and whose
// requests go to whichever gateway is named.
type olderClient struct {
	t       *testing.T
	session string
	id      int
}

// twoGateways are two instances in front of one function, on one database.
func twoGateways(t *testing.T, adjust ...func(*gateway.Config)) (first, second *httptest.Server, on *automatic.Service, database string) {
	t.Helper()
	_, database = newService(t)
	on = asking(t, database)
	function := httptest.NewServer(automatictool.Tool(on).Handler("test", "1"))
	t.Cleanup(function.Close)
	role := gatewaysRole(t, database)
	serve := func() *httptest.Server {
		f := gateway.NewWith(func() (gateway.Config, error) {
			config, err := gateway.FromEnvironment()
			config.FunctionURLs = map[string]string{"automatic": function.URL}
			config.Identity = identity.Config{AllowUnauthenticated: true}
			config.Postgres = postgres.Config{URL: role, MaxConns: 2}
			for _, change := range adjust {
				change(&config)
			}
			return config, err
		})
		require.NoError(t, f.Start(t.Context(), nil))
		server := httptest.NewServer(http.HandlerFunc(f.Handle))
		t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
			_ = f.Stop(context.Background())
		})
		return server
	}
	return serve(), serve(), on, database
}

// gatewaysRole makes a role that may do in the database what `operate database init`
// lets the gateway's do, reading and writing one table, and returns its URL.
func gatewaysRole(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	role := strings.TrimPrefix(u.Path, "/") + "_gateway"
	postgrestest.Exec(t, database, `CREATE ROLE `+role+` LOGIN PASSWORD 'gateway'; GRANT SELECT, INSERT, UPDATE, DELETE ON elicitations TO `+role)
	u.User = url.UserPassword(role, "gateway")
	return u.String()
}

func (c *olderClient) post(ctx context.Context, to *httptest.Server, body string) *http.Response {
	c.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL+"/mcp", strings.NewReader(body))
	require.NoError(c.t, err)
	request.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Mcp-Protocol-Version": {"2025-11-25"}}
	if c.session != "" {
		request.Header.Set("Mcp-Session-Id", c.session)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { response.Body.Close() })
	return response
}

func newOlderClient(t *testing.T, at *httptest.Server) *olderClient {
	t.Helper()
	c := &olderClient{t: t}
	c.session = c.post(t.Context(), at, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"c","version":"1"},"capabilities":{"elicitation":{}}}}`).Header.Get("Mcp-Session-Id")
	return c
}

// automaticCall is one call of the asking tool on its way.
type automaticCall struct {
	t       *testing.T
	id      int
	form    string // id of the form that it shows
	fields  string
	lines   *bufio.Scanner
	leave   context.CancelFunc
	ended   bool
	message struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
		Result struct {
			Structured automatic.Result        `json:"structuredContent"`
			Content    []struct{ Text string } `json:"content"`
			IsError    bool                    `json:"isError"`
		} `json:"result"`
		Error json.RawMessage `json:"error"`
	}
}

func (c *olderClient) ask(to *httptest.Server, arguments string) *automaticCall {
	c.t.Helper()
	c.id++
	ctx, leave := context.WithCancel(c.t.Context())
	c.t.Cleanup(leave)
	response := c.post(ctx, to, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, c.id, automatic.ToolName, arguments))
	call := &automaticCall{t: c.t, id: c.id, lines: bufio.NewScanner(response.Body), leave: leave}
	call.lines.Buffer(nil, 1<<20)
	return call.next()
}

// next reads on until the call asks again or ends.
func (a *automaticCall) next() *automaticCall {
	a.t.Helper()
	for a.lines.Scan() {
		line := strings.TrimPrefix(a.lines.Text(), "data: ")
		if !strings.HasPrefix(line, "{") {
			continue
		}
		require.NoError(a.t, json.Unmarshal([]byte(line), &a.message), line)
		require.Empty(a.t, a.message.Error, line)
		if a.message.Method == "elicitation/create" {
			require.NoError(a.t, json.Unmarshal(a.message.ID, &a.form))
			a.message.Method = ""
			a.fields = string(a.message.Params)
			return a
		}
		a.ended = true
		return a
	}
	a.t.Fatal("the call ended without a result")
	return nil
}

// submit answers a form, at whichever gateway, and returns the status.
func (c *olderClient) submit(to *httptest.Server, form string, values map[string]any) int {
	c.t.Helper()
	content, err := json.Marshal(values)
	require.NoError(c.t, err)
	response := c.post(c.t.Context(), to, fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"result":{"action":"accept","content":%s}}`, form, content))
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func (c *olderClient) cancel(to *httptest.Server, call *automaticCall) {
	c.t.Helper()
	c.post(c.t.Context(), to, fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, call.id))
}

const (
	shortTrip   = `{"context":"Book a trip","information_needed":["destination","nights"]}`
	formsInside = `SELECT count(*) FROM elicitations`
)

var tripAnswers = map[string]any{"destination": "Lisbon", "nights": "ten nights"}

func TestARepeatedCallReturnsWhatWasAnsweredMeanwhileAtAnotherInstance(t *testing.T) {
	t.Parallel()
	first, second, _, database := twoGateways(t)
	c := newOlderClient(t, first)
	call := c.ask(first, shortTrip)
	call.leave() // the client's own timeout
	require.Equal(t, http.StatusAccepted, c.submit(second, call.form, tripAnswers))
	assert.Equal(t, 2, count(t, database, `SELECT count(*) FROM answers`), "it is recorded before it is acknowledged")
	again := c.ask(second, shortTrip)
	require.True(t, again.ended)
	assert.Equal(t, automatic.StatusComplete, again.message.Result.Structured.Status)
	assert.Equal(t, "Lisbon", again.message.Result.Structured.Values["destination"])
	assert.Equal(t, 1, count(t, database, `SELECT count(*) FROM conversations`))
	assert.Equal(t, 0, count(t, database, formsInside), "what was used is gone")
}

func TestARepeatedCallResumesTheFormAtAnotherInstance(t *testing.T) {
	t.Parallel()
	first, second, _, database := twoGateways(t)
	c := newOlderClient(t, first)
	call := c.ask(first, shortTrip)
	again := c.ask(second, shortTrip)
	assert.Equal(t, call.fields, again.fields)
	assert.Equal(t, 1, count(t, database, `SELECT count(*) FROM conversations`))
	require.Equal(t, automatic.StatusBatch, call.next().message.Result.Structured.Status, "the later call asks now")
	require.Equal(t, http.StatusAccepted, c.submit(first, call.form, tripAnswers), "the form that was shown first")
	assert.Equal(t, automatic.StatusComplete, again.next().message.Result.Structured.Status)
	assert.Equal(t, http.StatusAccepted, c.submit(first, again.form, map[string]any{"destination": "Oslo"}))
}

func TestACallForTheSameConversationResumesItsForm(t *testing.T) {
	t.Parallel()
	first, second, _, database := twoGateways(t)
	c := newOlderClient(t, first)
	call := c.ask(first, shortTrip)
	id := conversationOf(t, database)
	other := newOlderClient(t, second)
	again := other.ask(second, `{"conversation_id":"`+id+`"}`)
	assert.Equal(t, call.fields, again.fields)
	require.Equal(t, http.StatusAccepted, c.submit(first, call.form, tripAnswers))
	result := again.next().message.Result.Structured
	assert.Equal(t, automatic.StatusComplete, result.Status)
	assert.Equal(t, "Lisbon", result.Values["destination"])
}

func TestALateAnswerCountsOnce(t *testing.T) {
	t.Parallel()
	first, second, on, database := twoGateways(t, func(c *gateway.Config) { c.ElicitationTimeout = 100 * time.Millisecond })
	c := newOlderClient(t, first)
	call := c.ask(first, shortTrip)
	result := call.next().message.Result
	assert.Equal(t, automatic.StatusBatch, result.Structured.Status)
	assert.Contains(t, result.Content[0].Text, "1. ", "the questions, numbered")
	for range 3 {
		require.Equal(t, http.StatusAccepted, c.submit(second, call.form, tripAnswers))
		require.Equal(t, http.StatusAccepted, c.submit(first, call.form, map[string]any{"destination": "Oslo"}))
	}
	assert.Equal(t, 2, count(t, database, `SELECT count(*) FROM answers`))
	report, err := on.Report(t.Context(), conversation.ReportInput{ConversationID: conversationOf(t, database)})
	require.NoError(t, err)
	assert.Equal(t, "Lisbon", report.Values["destination"])
	assert.Empty(t, report.Contradictions)
}

func TestACancellationReachesTheInstanceThatWaits(t *testing.T) {
	t.Parallel()
	first, second, _, _ := twoGateways(t, func(c *gateway.Config) { c.MaxWaitingCalls = 1 })
	c := newOlderClient(t, first)
	call := c.ask(first, shortTrip)
	c.cancel(second, call)
	for call.lines.Scan() { // until its stream ends
		require.NotContains(t, call.lines.Text(), "data", "a cancelled request gets no response")
	}
	other := newOlderClient(t, first).ask(first, shortTrip)
	assert.False(t, other.ended, "another call may wait in its place")
	assert.Equal(t, automatic.StatusBatch, c.ask(second, shortTrip).message.Result.Structured.Status, "a form cancelled at once was not shown")
}

func TestForgettingErasesFormsAndTheirAnswers(t *testing.T) {
	t.Parallel()
	for what, in := range map[string]conversation.ForgetInput{"one": {}, "everything": {Everything: true}} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			first, second, on, database := twoGateways(t)
			c := newOlderClient(t, first)
			call := c.ask(first, shortTrip)
			first.CloseClientConnections() // the instance is gone
			require.Equal(t, http.StatusAccepted, c.submit(second, call.form, tripAnswers))
			assert.Equal(t, 1, count(t, database, `SELECT count(*) FROM elicitations WHERE response::text LIKE '%Lisbon%'`))
			if !in.Everything {
				in.ConversationID = conversationOf(t, database)
			}
			_, err := on.Forget(t.Context(), in)
			require.NoError(t, err)
			assert.Equal(t, 0, count(t, database, formsInside))
			assert.Equal(t, http.StatusNotFound, c.submit(second, call.form, tripAnswers))
			assert.Equal(t, 0, count(t, database, formsInside), "and none comes back")
			assert.Equal(t, 0, count(t, database, `SELECT count(*) FROM answers`))
		})
	}
}

func TestExpiredFormsAreSwept(t *testing.T) {
	t.Parallel()
	first, second, _, database := twoGateways(t)
	c := newOlderClient(t, first)
	call := c.ask(first, shortTrip)
	call.leave()
	require.Equal(t, http.StatusAccepted, c.submit(second, call.form, tripAnswers))
	open := newOlderClient(t, first).ask(first, shortTrip)
	postgrestest.Exec(t, database, `UPDATE elicitations SET expires_at = now() - interval '1 second' WHERE id = $1`, call.form)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: database, MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	swept, err := delivery.NewOutbox(pool).DeleteExpiredElicitations(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, swept)
	assert.Equal(t, 1, count(t, database, `SELECT count(*) FROM elicitations WHERE id = '`+open.form+`'`), "what is open stays")
}
