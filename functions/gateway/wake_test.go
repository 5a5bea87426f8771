package gateway

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// resting is a function at rest: its readiness is asked for by whoever wakes it. Its
// calls say that next is called next.
type resting struct {
	*httptest.Server
	woken atomic.Int64
}

func newResting(t *testing.T, next string) *resting {
	t.Helper()
	r := &resting{}
	answer := asFunction(func(w http.ResponseWriter, call received) {
		w.Header().Set(tool.CalledNext, next)
		call.answer(w, `{"content":[{"type":"text","text":"done"}]}`)
	})
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet && request.URL.Path == readinessPath {
			r.woken.Add(1)
			return
		}
		answer.ServeHTTP(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

// becomes waits for a number of wakes, and for one more that must not come.
func (r *resting) becomes(t *testing.T, want int64) {
	t.Helper()
	require.Eventually(t, func() bool { return r.woken.Load() >= want }, 5*time.Second, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	require.Equal(t, want, r.woken.Load())
}

// wakingRoute is a gateway whose first tool is that of ask.
func wakingRoute(t *testing.T, ask, report string, adjust ...func(*Config)) *route {
	t.Helper()
	return newRouteTo(t, report, append([]func(*Config){func(config *Config) {
		config.FunctionURLs = map[string]string{"ask": ask, "report": report}
		config.catalogue = []byte(`{"server": {"name": "s", "version": "1"}, "tools": [
			{"function": "ask", "first": true, "tool": {"name": "sequential_questioning", "inputSchema": {"type": "object"}, "annotations": {}}},
			{"function": "report", "tool": {"name": "sequential_questioning_report", "inputSchema": {"type": "object"}, "annotations": {}}}]}`)
	}}, adjust...)...)
}

// rested lets every function be taken for one at rest.
func (r *route) rested() {
	k := r.function.prepared.Load().waker
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.contacts)
}

func (r *route) lists(t *testing.T) {
	t.Helper()
	require.Equal(t, http.StatusOK, r.inRevision(t, "2025-06-18", "tools/list", `{}`).status)
}

func TestAGatewayThatStartsWakesWhatContinuesAConversation(t *testing.T) {
	ask, report := newResting(t, ""), newResting(t, "")
	r := wakingRoute(t, ask.URL+"/mcp", report.URL+"/mcp", func(config *Config) {
		config.catalogue = bytes.Replace(config.catalogue, []byte(`"function": "report"`), []byte(`"function": "report", "resumes": true`), 1)
	})
	report.becomes(t, 1)
	ask.becomes(t, 0)
	r.rested()
	r.lists(t)
	ask.becomes(t, 1)
	report.becomes(t, 1)
}

func TestAClientThatListsWakesWhatItCallsFirst(t *testing.T) {
	ask, report := newResting(t, ""), newResting(t, "")
	r := wakingRoute(t, ask.URL+"/mcp", report.URL+"/mcp")
	r.lists(t)
	ask.becomes(t, 1)
	r.lists(t)
	ask.becomes(t, 1) // it is awake
	r.rested()
	r.lists(t)
	ask.becomes(t, 2)
}

func TestAClientThatOnlyListsWakesNothingAfterAWhile(t *testing.T) {
	ask, report := newResting(t, ""), newResting(t, "")
	r := wakingRoute(t, ask.URL+"/mcp", report.URL+"/mcp")
	for range 3 * maxListings {
		r.rested()
		r.lists(t)
	}
	ask.becomes(t, maxListings)
	r.callReport(t, "2025-06-18").result(t)
	r.rested()
	r.lists(t)
	ask.becomes(t, maxListings+1) // it calls as well
}

func TestAResultWakesWhatIsCalledNext(t *testing.T) {
	ask, report := newResting(t, ""), newResting(t, "sequential_questioning_report, sequential_questioning, unknown")
	r := wakingRoute(t, ask.URL+"/mcp", report.URL+"/mcp")
	reply := r.callReport(t, "2025-06-18")
	reply.result(t)
	require.NotContains(t, reply.header, tool.CalledNext, "it is between the function and the gateway")
	ask.becomes(t, 1)
	report.becomes(t, 0) // it has just answered
}

func TestNobodyWaitsForAFunctionThatWakes(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer slow.Close()
	report := newResting(t, "sequential_questioning")
	r := wakingRoute(t, slow.URL+"/mcp", report.URL+"/mcp")
	began := time.Now()
	r.lists(t)
	r.callReport(t, "2025-06-18").result(t)
	require.NoError(t, r.function.Stop(t.Context()))
	require.Less(t, time.Since(began), 5*time.Second)
}

func TestWakingCanBeTurnedOff(t *testing.T) {
	ask, report := newResting(t, ""), newResting(t, "sequential_questioning")
	r := wakingRoute(t, ask.URL+"/mcp", report.URL+"/mcp", func(config *Config) { config.WakeFunctions = false })
	r.lists(t)
	r.callReport(t, "2025-06-18").result(t)
	ask.becomes(t, 0)
	report.becomes(t, 0)
}
