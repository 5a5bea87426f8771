package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

const accepting = `"result":{"action":"accept","content":{"alpha":3}}`

// answered counts the calls that brought a response.
func (f *forms) answered() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, call := range f.calls {
		if call.Body.InputResponses != nil {
			n++
		}
	}
	return n
}

// again makes the same call in the same session and returns once it is asked.
func (a *asked) again(t *testing.T) *asked {
	t.Helper()
	again := &asked{route: a.route, session: a.session}
	again.stream = a.route.callOver(t, "2025-11-25", a.session, "")
	require.NoError(t, json.Unmarshal([]byte(again.stream.next(t)), again))
	require.Equal(t, "elicitation/create", again.Method)
	require.NotEqual(t, a.ID, again.ID, "an id is used once")
	return again
}

// text makes the same call in the same session and returns its text.
func (a *asked) text(t *testing.T) string {
	t.Helper()
	return a.route.inRevision(t, "2025-11-25", "tools/call", `{"name":"`+reportTool+`"}`, "Mcp-Session-Id", a.session).body
}

// cancel cancels the call, and waits until it has ended.
func (a *asked) cancel(t *testing.T) {
	t.Helper()
	sent := a.route.post(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`, "Mcp-Session-Id", a.session)
	require.Equal(t, http.StatusAccepted, sent.status)
	_, err := nextEvent(a.stream.lines)
	require.ErrorContains(t, err, "EOF", "a cancelled request gets no response")
}

func (r *route) gateway() *router { return r.function.prepared.Load() }

func TestAnIdenticalCallResumesTheForm(t *testing.T) {
	t.Parallel()
	f := &forms{}
	first := askOver(t, newRoute(t, f.handler()), "2025-11-25", "")
	second := first.again(t)
	require.Equal(t, "no form in state sealed<&>", first.ends(t), "the later call asks now")
	f.mu.Lock()
	require.Equal(t, "sealed<&>", f.calls[1].Body.RequestState, "the function resumes, and opens no other conversation")
	f.mu.Unlock()
	require.Equal(t, http.StatusAccepted, first.answer(t, accepting).status, "the form that was shown first counts as well")
	require.Contains(t, second.ends(t), `{"alpha":3}`)
}

// A state does not open once its key is gone: the client gets the error once, and its
// next identical call starts over instead of failing until the form expires.
func TestAStateThatTheFunctionRefusesIsNotResumedAgain(t *testing.T) {
	t.Parallel()
	f := &forms{}
	ask := f.handler()
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
		if call.Body.RequestState == "" {
			ask(w, call)
			return
		}
		call.answer(w, `{"content":[{"type":"text","text":"requestState: is not a state of this server's"}],"isError":true,`+
			`"_meta":{"sequential-questioning/retryable":false,"sequential-questioning/state_refused":true}}`)
	}))
	first := askOver(t, r, "2025-11-25", "")
	require.Contains(t, first.text(t), "is not a state")
	first.again(t)
}

func TestArgumentsWrittenOtherwiseAreTheSameCall(t *testing.T) {
	t.Parallel()
	same := callDigest("tool", json.RawMessage(`{"b":[1,2.50],"a":"\u0041"}`))
	require.Equal(t, same, callDigest("tool", json.RawMessage(` { "a": "A", "b": [1, 2.50] } `)))
	for _, other := range []string{`{"a":"A","b":[2.50,1]}`, `{"a":"A"}`, ``} {
		require.NotEqual(t, same, callDigest("tool", json.RawMessage(other)))
	}
	require.NotEqual(t, digest([]byte("ab"), []byte("c")), digest([]byte("a"), []byte("bc")))
}

func TestWhatWasAnsweredMeanwhileIsReturned(t *testing.T) {
	t.Parallel()
	f := &forms{}
	a := askOver(t, newRoute(t, f.handler()), "2025-11-25", "")
	a.cancel(t)
	require.Equal(t, http.StatusAccepted, a.answer(t, accepting).status)
	require.Equal(t, 1, f.answered(), "it is recorded before it is acknowledged: no other call may come")
	require.Contains(t, a.text(t), `{\"alpha\":3}`)
	require.NotContains(t, a.again(t).ID, a.ID, "what is complete is not resumed")
}

func TestAFormThatIsNotAnsweredInTimeStaysPending(t *testing.T) {
	t.Parallel()
	f := &forms{}
	r := newRoute(t, f.handler(), func(c *Config) { c.ElicitationTimeout = 50 * time.Millisecond })
	a := askOver(t, r, "2025-11-25", "")
	require.Equal(t, "no form in state sealed<&>", a.ends(t), "the questions come as text")
	require.Equal(t, http.StatusAccepted, a.answer(t, accepting).status)
	require.Equal(t, 1, f.answered())
	require.Equal(t, http.StatusAccepted, a.answer(t, `"result":{"action":"decline"}`).status)
	require.Contains(t, f.calls[len(f.calls)-1].Body.RequestState, "sealed")
}

func TestEachFormHasItsOwnTimeWithinThatOfTheCall(t *testing.T) {
	t.Parallel()
	asking := asFunction(func(w http.ResponseWriter, call received) {
		if strings.Contains(string(call.Body.Meta["io.modelcontextprotocol/clientCapabilities"]), "elicitation") {
			call.answer(w, formResult)
			return
		}
		call.answer(w, plainResult)
	})
	r := newRoute(t, asking, func(c *Config) {
		c.ElicitationTimeout, c.ElicitationCallTimeout = 2*time.Second, 3*time.Second
	})
	a := askOver(t, r, "2025-11-25", "")
	began := time.Now()
	time.Sleep(1500 * time.Millisecond)
	a.answer(t, accepting)
	require.Contains(t, a.stream.next(t), "elicitation/create", "the next form")
	require.Equal(t, "done", a.ends(t))
	require.InDelta(t, 3000, time.Since(began).Milliseconds(), 450, "not 1500 + 2000")
}

func TestAFunctionThatIsDownLosesNoLateResponse(t *testing.T) {
	t.Parallel()
	f, down := &forms{}, false
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
		if down {
			http.Error(w, "", http.StatusServiceUnavailable)
			return
		}
		f.handler()(w, call)
	}))
	a := askOver(t, r, "2025-11-25", "")
	a.cancel(t)
	down = true
	require.Equal(t, http.StatusServiceUnavailable, a.answer(t, accepting).status)
	down = false
	require.Contains(t, a.text(t), `{\"alpha\":3}`)
}

func TestACancelledCallReleasesItsQuota(t *testing.T) {
	t.Parallel()
	r := newRoute(t, new(forms).handler(), func(c *Config) { c.MaxWaitingCalls = 1 })
	a := askOver(t, r, "2025-11-25", "")
	a.cancel(t)
	askOver(t, r, "2025-11-25", "")
}

func TestNobodyCancelsTheWaitOfAnother(t *testing.T) {
	t.Parallel()
	r := newRoute(t, new(forms).handler())
	a := askOver(t, r, "2025-11-25", "")
	for _, session := range []string{"", r.post(t, initializeWithForms).header.Get("Mcp-Session-Id")} {
		r.post(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`, "Mcp-Session-Id", session)
	}
	a.answer(t, accepting)
	require.Contains(t, a.ends(t), "accept")
}

// Some clients declare elicitation, show nothing, and cancel.
func TestAClientThatShowsNoFormsGetsTheQuestionsAsText(t *testing.T) {
	for what, c := range map[string]struct {
		after time.Duration
		leave func(*asked, *testing.T)
	}{
		"it cancels the call at once":     {0, (*asked).cancel},
		"it cancels the form at once":     {0, func(a *asked, t *testing.T) { a.answer(t, `"result":{"action":"cancel"}`); a.ends(t) }},
		"it declines the form at once":    {0, func(a *asked, t *testing.T) { a.answer(t, `"result":{"action":"decline"}`); a.ends(t) }},
		"it knows no elicitation":         {0, func(a *asked, t *testing.T) { a.answer(t, `"error":{"code":-32601,"message":"?"}`); a.ends(t) }},
		"it cancels when it has waited":   {elicitation.ShownAfter, (*asked).cancel},
		"it goes away when it has waited": {elicitation.ShownAfter, func(a *asked, _ *testing.T) { a.close() }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a := askOver(t, newRoute(t, new(forms).handler()), "2025-11-25", "")
			time.Sleep(c.after)
			c.leave(a, t)
			if c.after > 0 {
				// It may be a person who is slow: the form is shown once more, for less
				// time than the client waits.
				eventually(t, "it is noted", func() bool {
					session, _ := a.route.gateway().bridge.pendings.ofSession(context.Background(), digest([]byte(a.session)))
					return session[0].Patience > 0
				})
				began := time.Now()
				again := a.again(t)
				require.Equal(t, "no form in state sealed<&>", again.ends(t))
				require.Less(t, time.Since(began), c.after)
			}
			began := time.Now()
			require.Regexp(t, `no form in state sealed|answered .*(cancel|decline)`, a.text(t))
			require.Less(t, time.Since(began), elicitation.ShownAfter/2, "from then on, no form is sent to this session")
			other := a.route.inRevision(t, "2025-11-25", "tools/call", `{"name":"`+reportTool+`","arguments":{"other":1}}`, "Mcp-Session-Id", a.session)
			require.Contains(t, other.body, "no form in state", "nor for another call")
		})
	}
}

func TestAClientThatShowsFormsIsWaitedForAgain(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	call := []byte("call")
	for what, c := range map[string]struct {
		session  []pending
		noForms  bool
		patience time.Duration
	}{
		"nothing is known":        {nil, false, 0},
		"it gave up":              {[]pending{{Patience: time.Minute}}, false, time.Minute},
		"it repeats the call":     {[]pending{{Call: call, OpenedAt: time.Now().Add(-time.Minute)}}, false, time.Minute},
		"it repeats it at once":   {[]pending{{Call: call, OpenedAt: time.Now()}}, false, 0},
		"it gave up twice":        {[]pending{{Patience: time.Hour}, {Patience: time.Minute}}, false, time.Minute},
		"it showed one before":    {[]pending{{Patience: time.Minute}, {Shown: &yes}}, false, 0},
		"it shows none":           {[]pending{{Shown: &no}, {Shown: &yes}}, true, 0},
		"it showed one after all": {[]pending{{Shown: &yes}, {Shown: &no}}, false, 0},
	} {
		h := historyOf(c.session, call)
		require.Equal(t, c.noForms, h.noForms, what)
		require.InDelta(t, c.patience, h.patience, float64(time.Second), what)
	}
}

func TestAResponseCountsForItsOwnPrincipalOnly(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	ada, mallory := principal.With(t.Context(), "ada"), principal.With(t.Context(), "mallory")
	require.NoError(t, store.open(ada, pending{ID: "ask-1", Conversation: "c", Session: []byte("s")}, "", time.Minute))
	response := clientResponse{Result: json.RawMessage(`{"action":"accept"}`)}
	_, known, err := store.respond(mallory, "ask-1", response)
	require.NoError(t, err)
	require.False(t, known)
	for _, find := range []func() ([]pending, error){
		func() ([]pending, error) { return store.ofSession(mallory, []byte("s")) },
		func() ([]pending, error) { return store.ofConversation(mallory, "c") },
	} {
		found, err := find()
		require.NoError(t, err)
		require.Empty(t, found)
	}
	p, known, err := store.respond(ada, "ask-1", response)
	require.NoError(t, err)
	require.True(t, known)
	require.True(t, *p.Shown)
}

func TestPendingElicitationsAreBounded(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	for n := range maxPending + 10 {
		require.NoError(t, store.open(t.Context(), pending{ID: fmt.Sprint(n), Conversation: "c"}, "", time.Minute))
	}
	require.Len(t, store.all, maxPending)
	require.Equal(t, "10", store.all[0].ID, "the oldest go first")
}

func TestNoPrincipalHoldsTheWhole(t *testing.T) {
	t.Parallel()
	s := newQuota(5, false)
	var release func()
	for range 2 {
		var ok bool
		release, ok = s.take("ada")
		require.True(t, ok)
	}
	_, ok := s.take("ada")
	require.False(t, ok, "her share is half")
	for _, other := range []string{"bob", "bob", "carol"} {
		_, ok = s.take(other)
		require.True(t, ok, other)
	}
	_, ok = s.take("dave")
	require.False(t, ok, "the whole is held")
	release()
	_, ok = s.take("dave")
	require.True(t, ok)
	require.NotContains(t, s.by, "")

	alone := newQuota(2, true)
	for range 2 {
		_, ok = alone.take("local")
		require.True(t, ok, "the one principal has the whole")
	}
	_, ok = newQuota(1, false).take("ada")
	require.True(t, ok)
}
