package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

const (
	// openMeta is that of a result after which there is something left to ask.
	openMeta   = `"_meta":{"sequential-questioning/conversation":"c1"},`
	formResult = `{"resultType":"input_required",` + openMeta + `"requestState":"sealed<&>","inputRequests":{"form":{"method":"elicitation/create","params":` +
		`{"mode":"form","message":"A trip","requestedSchema":{"type":"object","properties":{"zeta":{"type":"string","title":"Class","enum":["Economy"]},` +
		`"extras":{"type":"array","items":{"type":"string","enum":["Wifi","Meal"]},"default":["Wifi"]},"alpha":{"type":"integer","default":2}}}}}}}`
	initializeWithForms = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"c","version":"1"},"capabilities":{"elicitation":{}}}}`
)

// forms is a function that asks with a form and then says what became of it. A
// client that shows none is told so.
type forms struct {
	mu    sync.Mutex
	calls []received
}

func (f *forms) handler() asFunction {
	return func(w http.ResponseWriter, call received) {
		f.mu.Lock()
		f.calls = append(f.calls, call)
		f.mu.Unlock()
		switch {
		case call.Body.InputResponses != nil:
			text, _ := json.Marshal("answered " + string(call.Body.InputResponses) + " in state " + call.Body.RequestState)
			meta := ""
			if !strings.Contains(string(call.Body.InputResponses), "accept") {
				meta = openMeta
			}
			call.answer(w, `{"resultType":"complete",`+meta+`"content":[{"type":"text","text":`+string(text)+`}]}`)
		case strings.Contains(string(call.Body.Meta[mcp.MetaKeyClientCapabilities]), "elicitation"):
			call.answer(w, formResult)
		default:
			call.answer(w, `{"resultType":"complete",`+openMeta+`"content":[{"type":"text","text":"no form in state `+call.Body.RequestState+`"}]}`)
		}
	}
}

// perCall is the same function, with a conversation of its own for each first call.
func perCall() asFunction {
	f, n := &forms{}, 0
	return func(w http.ResponseWriter, call received) {
		recorded := httptest.NewRecorder()
		f.handler()(recorded, call)
		f.mu.Lock()
		n++
		body := strings.Replace(recorded.Body.String(), `/conversation":"c1"`, fmt.Sprintf(`/conversation":"c%d"`, n), 1)
		f.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}

// asked is a call that waits for its client to answer a form.
type asked struct {
	route   *route
	stream  eventStream
	ID      string `json:"id"`
	Method  string `json:"method"`
	Params  json.RawMessage
	session string
}

// close ends the connection that the call is on.
func (a *asked) close() { a.stream.body.Close() }

// askOver calls the report tool as a client of an older revision that declared
// elicitation, and returns once it is asked.
func askOver(t *testing.T, r *route, revision string, meta string) *asked {
	t.Helper()
	a := &asked{route: r, session: r.post(t, initializeWithForms).header.Get("Mcp-Session-Id")}
	a.stream = r.callOver(t, revision, a.session, meta)
	require.NoError(t, json.Unmarshal([]byte(a.stream.next(t)), a))
	require.Equal(t, "elicitation/create", a.Method)
	return a
}

func (r *route) callOver(t *testing.T, revision, session, meta string) eventStream {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"` + reportTool + `","_meta":{` + meta + `}}}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/mcp", strings.NewReader(body))
	require.NoError(t, err)
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {revision}, "Mcp-Session-Id": {session},
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	return eventStream{bufio.NewReader(response.Body), response.Body}
}

func (a *asked) answer(t *testing.T, response string) reply {
	t.Helper()
	return a.route.post(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,%s}`, a.ID, response), "Mcp-Session-Id", a.session)
}

// ends returns the text of the call's result.
func (a *asked) ends(t *testing.T) string {
	t.Helper()
	var message struct {
		ID     json.RawMessage
		Result struct{ Content []struct{ Text string } }
	}
	last := a.stream.next(t)
	require.NoError(t, json.Unmarshal([]byte(last), &message))
	require.Equal(t, "7", string(message.ID))
	require.Len(t, message.Result.Content, 1, last)
	return message.Result.Content[0].Text
}

func TestAnOlderClientIsAskedOnItsOwnStream(t *testing.T) {
	r := newRoute(t, mcpFunction(askingOnce))
	for _, revision := range []string{"2025-06-18", "2025-11-25"} {
		result, err := r.client(t, revision, client.WithElicitationHandler(person{})).CallTool(t.Context(), callReport())
		require.NoError(t, err)
		require.Equal(t, "answered accept in state s1", result.Content[0].(mcp.TextContent).Text)
	}
}

func TestAnAnswerIsPassedOnWithTheState(t *testing.T) {
	a := askOver(t, newRoute(t, new(forms).handler()), "2025-11-25", "")
	require.Equal(t, http.StatusAccepted, a.answer(t, `"result":{"action":"accept","content":{"alpha":12345678901234567890}}`).status)
	require.Equal(t, `answered {"form":{"action":"accept","content":{"alpha":12345678901234567890}}} in state sealed<&>`, a.ends(t))
}

func TestAFormIsPutInTheWordsOfTheRevision(t *testing.T) {
	r := newRoute(t, new(forms).handler())
	now := askOver(t, r, "2025-11-25", "").Params
	require.Contains(t, string(now), `"properties":{"zeta":{"type":"string","title":"Class","enum":["Economy"]},"extras":`, "in its order")
	require.Contains(t, string(now), `"mode":"form"`)
	older := askOver(t, r, "2025-06-18", "").Params
	require.JSONEq(t, `{"message":"A trip","requestedSchema":{"type":"object","properties":{
		"zeta":{"type":"string","title":"Class","enum":["Economy"]},
		"extras":{"type":"string","description":"Suggested: \"Wifi\". Any of these, separated by commas: Wifi, Meal."},
		"alpha":{"type":"integer","description":"Suggested: 2."}}}}`, string(older))
}

func TestOnlyAClientThatDeclaredItIsAsked(t *testing.T) {
	f := &forms{}
	r := newRoute(t, f.handler())
	declare := func(elicitation string) string {
		return r.post(t, strings.Replace(initializeWithForms, `{"elicitation":{}}`, elicitation, 1)).header.Get("Mcp-Session-Id")
	}
	for what, c := range map[string]struct{ revision, session, accept string }{
		"declared nothing":         {"2025-11-25", declare(`{}`), "text/event-stream"},
		"shows addresses only":     {"2025-11-25", declare(`{"elicitation":{"url":{}}}`), "text/event-stream"},
		"sends no session":         {"2025-11-25", "", "text/event-stream"},
		"speaks an older revision": {"2025-03-26", declare(`{"elicitation":{}}`), "text/event-stream"},
		"takes no stream":          {"2025-11-25", declare(`{"elicitation":{}}`), "application/json"},
	} {
		got := r.callReport(t, c.revision, "Mcp-Session-Id", c.session, "Accept", c.accept)
		require.Contains(t, got.body, "no form in state", what)
	}
	for _, declared := range []string{`{"elicitation":{}}`, `{"elicitation":{"form":{"applyDefaults":true}}}`, `{"elicitation":{"form":{},"url":{}}}`} {
		r.callOver(t, "2025-11-25", declare(declared), "").next(t)
	}
}

func TestAClientThatCannotShowTheFormGetsTheQuestionsAsText(t *testing.T) {
	a := askOver(t, newRoute(t, new(forms).handler()), "2025-11-25", "")
	require.Equal(t, http.StatusAccepted, a.answer(t, `"error":{"code":-32601,"message":"Method not found"}`).status)
	require.Equal(t, "no form in state sealed<&>", a.ends(t))
}

func TestADatabaseThatIsAwayIsToldBeforeThePersonIsAsked(t *testing.T) {
	r := newRoute(t, new(forms).handler(), func(c *Config) {
		c.Postgres = postgres.Config{URL: "postgres://user:secret@127.0.0.1:1/x", MaxConns: 1}
	})
	require.Contains(t, r.inRevision(t, "2025-11-25", "tools/list", `{}`).body, reportTool, "discovery needs none")
	session := r.post(t, initializeWithForms).header.Get("Mcp-Session-Id")
	failed := r.callReport(t, "2025-11-25", "Mcp-Session-Id", session).failure(t)
	require.Contains(t, failed.Message, "retry in 2 s")
	require.NotContains(t, failed.Message, "secret")
	r.callReport(t, "2025-11-25").result(t)
}

func TestAnAnswerCountsOnceAndForItsOwnCall(t *testing.T) {
	r := newRoute(t, perCall())
	first, second := askOver(t, r, "2025-11-25", ""), askOver(t, r, "2025-11-25", "")
	require.NotEqual(t, first.ID, second.ID)
	second.answer(t, `"result":{"action":"decline"}`)
	require.Contains(t, second.ends(t), "decline")
	first.answer(t, `"result":{"action":"accept","content":{}}`)
	first.answer(t, `"result":{"action":"cancel"}`)
	require.Contains(t, first.ends(t), "accept")
	require.Equal(t, http.StatusNotFound, first.answer(t, `"result":{"action":"cancel"}`).status)
	require.Equal(t, http.StatusBadRequest, first.answer(t, `"neither":1`).status)
}

func TestAWaitingClientIsToldThatItsCallLives(t *testing.T) {
	r := newRoute(t, new(forms).handler(), func(c *Config) { c.ElicitationKeepaliveInterval = 10 * time.Millisecond })
	a := askOver(t, r, "2025-11-25", `"progressToken":"p1"`)
	for n := 1; n <= 3; n++ {
		require.JSONEq(t, fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p1","progress":%d,"message":"Waiting for the person to answer"}}`, n), a.stream.next(t))
	}
	silent := askOver(t, r, "2025-11-25", "")
	line, err := silent.stream.lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, ": Waiting for the person to answer\n", line)
}

func TestCallsThatWaitAreBoundedAndHoldNoSlot(t *testing.T) {
	r := newRoute(t, perCall(), func(c *Config) { c.MaxWaitingCalls, c.MaxConcurrentCalls = 2, 1 })
	first, second := askOver(t, r, "2025-11-25", ""), askOver(t, r, "2025-11-25", "")
	third := r.callReport(t, "2025-11-25", "Mcp-Session-Id", first.session)
	require.Contains(t, third.body, "no form in state sealed")
	first.answer(t, `"result":{"action":"accept"}`)
	require.Contains(t, first.ends(t), "accept")
	second.answer(t, `"result":{"action":"accept"}`)
	require.Contains(t, second.ends(t), "accept")
}

func TestAFunctionCannotAskForEver(t *testing.T) {
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) { call.answer(w, formResult) }),
		func(c *Config) { c.ElicitationRounds = 3 })
	rounds := 0
	_, err := r.client(t, "2025-11-25", client.WithElicitationHandler(counted{&rounds})).CallTool(t.Context(), callReport())
	require.ErrorContains(t, err, "it has to ask the person")
	require.Equal(t, 3, rounds)
}

type counted struct{ times *int }

func (c counted) Elicit(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	*c.times++
	return person{}.Elicit(ctx, request)
}

func TestWhatOlderClientsAreNotAskedForIsSaid(t *testing.T) {
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
		call.answer(w, `{"resultType":"input_required","inputRequests":{"x":{"method":"sampling/createMessage","params":{}}}}`)
	}))
	session := r.post(t, initializeWithForms).header.Get("Mcp-Session-Id")
	failed := r.callReport(t, "2025-11-25", "Mcp-Session-Id", session).failure(t)
	require.Contains(t, failed.Message, "sampling/createMessage")
}
