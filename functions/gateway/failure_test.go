package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
)

const neverCountedTwice = "a repeated call is never counted twice"

func TestEveryWayAFunctionFailsIsSaidInPlainWords(t *testing.T) {
	answerWith := func(status int, contentType, body string) asFunction {
		return func(w http.ResponseWriter, call received) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, strings.ReplaceAll(body, "$ID", string(call.ID)))
		}
	}
	for name, c := range map[string]struct {
		function asFunction
		says     string
		reason   string
		retry    string // Retry-After
	}{
		"HTTP 500":         {answerWith(500, "text/plain", "oops"), "its function answered HTTP 500", outcomeUnavailable, "2"},
		"HTTP 503":         {answerWith(503, "text/plain", "no"), "its function is busy (HTTP 503)", outcomeUnavailable, "2"},
		"HTTP 404":         {answerWith(404, "text/plain", "no"), "not deployed", outcomeNotFound, ""},
		"HTTP 302":         {answerWith(302, "text/plain", ""), "HTTP 302", outcomeBadResponse, ""},
		"an HTML page":     {answerWith(200, "text/html", "<html>"), `content of type "text/html"`, outcomeBadResponse, ""},
		"no JSON":          {answerWith(200, "application/json", "{oops"), "not JSON-RPC", outcomeBadResponse, ""},
		"another id":       {answerWith(200, "application/json", `{"jsonrpc":"2.0","id":"other","result":{}}`), "a call that was not made", outcomeBadResponse, ""},
		"no result":        {answerWith(200, "application/json", `{"jsonrpc":"2.0","id":$ID}`), "without a result", outcomeBadResponse, ""},
		"a null result":    {answerWith(200, "application/json", `{"jsonrpc":"2.0","id":$ID,"result":null}`), "without a result", outcomeBadResponse, ""},
		"no content":       {answerWith(200, "application/json", `{"jsonrpc":"2.0","id":$ID,"result":{}}`), "no tool result", outcomeBadResponse, ""},
		"too large":        {answerWith(200, "application/json", `{"jsonrpc":"2.0","id":$ID,"result":"`+strings.Repeat("x", 9000)+`"}`), "more than 8192 bytes", outcomeTooLarge, ""},
		"an endless event": {answerWith(200, "text/event-stream", "data: "+strings.Repeat("x", 9000)), "more than 8192 bytes", outcomeTooLarge, ""},
		"a cut stream":     {answerWith(200, "text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/other\"}\n\n"), "broke off in the middle", outcomeCut, "2"},
		"a garbled stream": {answerWith(200, "text/event-stream", "data: {oops\n\n"), "not JSON-RPC", outcomeBadResponse, ""},
		"a strange stream": {answerWith(200, "text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n"), "a call that was not made", outcomeBadResponse, ""},
		"HTTP 429": {func(w http.ResponseWriter, _ received) {
			w.Header().Set("Retry-After", "9")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "its function is busy (HTTP 429)", outcomeUnavailable, "9"},
		"a broken connection": {func(w http.ResponseWriter, _ received) {
			connection, _, _ := http.NewResponseController(w).Hijack()
			_ = connection.Close()
		}, "broke off without an answer", outcomeCut, "2"},
		"a broken body": {func(w http.ResponseWriter, _ received) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte(`{"jsonrpc"`))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "broke off in the middle", outcomeCut, "2"},
		"silence": {func(_ http.ResponseWriter, call received) { <-call.Context().Done() }, "did not answer within 200ms", outcomeTimeout, "5"},
		"silence in a stream": {func(w http.ResponseWriter, call received) {
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
			<-call.Context().Done()
		}, "did not answer within 200ms", outcomeTimeout, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoute(t, c.function, func(c *Config) { c.MaxResponseBytes = 8192 }, func(config *Config) {
				if c.reason == outcomeTimeout {
					config.FunctionTimeout = 200 * time.Millisecond
				}
			})
			for _, revision := range bothEras {
				requireFailure(t, r.callReport(t, revision), c.says, c.reason, c.retry)
			}
		})
	}
}

func TestAFunctionThatIsDownIsNamedWithWhenToRetry(t *testing.T) {
	requireFailure(t, newRouteTo(t, down(t)).callReport(t, "2025-06-18"), "connection refused", outcomeUnreachable, "2")
	requireFailure(t, newRouteTo(t, "http://function.invalid/mcp").callReport(t, "2026-07-28"), "unknown host", outcomeUnreachable, "5")
}

func requireFailure(t *testing.T, reply reply, says, reason, retry string) {
	t.Helper()
	require.Equal(t, http.StatusOK, reply.status, reply.body)
	failed := reply.failure(t)
	require.Equal(t, mcp.INTERNAL_ERROR, failed.Code)
	require.Contains(t, failed.Message, reportTool+": ")
	require.Contains(t, failed.Message, says)
	require.Contains(t, string(failed.Data), `"`+reason+`"`)
	require.Equal(t, retry, reply.header.Get("Retry-After"))
	if retry == "" {
		require.Contains(t, failed.Message, "retrying will not help: ")
		return
	}
	require.Contains(t, failed.Message, "retry in "+retry+" s: "+neverCountedTwice)
}

func TestAFailureAfterProgressEndsTheStream(t *testing.T) {
	r := newRoute(t, asFunction(func(w http.ResponseWriter, _ received) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprint(w, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":\"p1\",\"progress\":1}}\n\n")
	}))
	stream := openStream(t, r, "2026-07-28")
	require.Contains(t, stream.next(t), "notifications/progress")
	last := stream.next(t)
	require.Contains(t, last, neverCountedTwice)
	require.Contains(t, last, `"data":{"reason":"cut","retryable":true,"retryAfterSeconds":2}`)
}

func TestTheFunctionsOwnErrorsKeepCodeMessageAndData(t *testing.T) {
	for name, status := range map[string]int{"HTTP 200": 200, "HTTP 400": 400, "HTTP 404": 404, "HTTP 503": 503} {
		t.Run(name, func(t *testing.T) {
			r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
				w.Header().Set("Content-Type", "application/json")
				if status == http.StatusServiceUnavailable {
					w.Header().Set("Retry-After", "3")
				}
				w.WriteHeader(status)
				_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"answers[0]: <no> such question","data":{"n":12345678901234567890}}}`, call.ID)
			}))
			for revision, expected := range map[string]int{"2025-06-18": 200, "2026-07-28": 400} {
				reply := r.callReport(t, revision)
				require.Equal(t, expected, reply.status)
				failed := reply.failure(t)
				require.Equal(t, mcp.INVALID_PARAMS, failed.Code)
				require.Equal(t, "answers[0]: <no> such question", failed.Message)
				require.Equal(t, `{"n":12345678901234567890}`, string(failed.Data))
				if status == http.StatusServiceUnavailable {
					require.Equal(t, "3", reply.header.Get("Retry-After"))
				}
			}
		})
	}
}

func TestAnAuthorizationChallengeReachesTheClient(t *testing.T) {
	r := newRoute(t, asFunction(func(w http.ResponseWriter, _ received) {
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="https://x/.well-known/oauth-protected-resource"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	for _, revision := range bothEras {
		reply := r.callReport(t, revision)
		require.Equal(t, http.StatusUnauthorized, reply.status)
		require.Contains(t, reply.header.Get("WWW-Authenticate"), "resource_metadata")
		require.Contains(t, reply.failure(t).Message, "access token")
	}
}

func TestCallsBeyondTheBoundAreTurnedAway(t *testing.T) {
	arrived, proceed := make(chan struct{}, 2), make(chan struct{})
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
		arrived <- struct{}{}
		<-proceed
		call.answer(w, plainResult)
	}), func(c *Config) { c.MaxConcurrentCalls = 2 })
	var held sync.WaitGroup
	for range 2 {
		held.Go(func() { r.callReport(t, "2025-06-18").result(t) })
		<-arrived
	}
	for _, revision := range bothEras {
		reply := r.callReport(t, revision)
		require.Equal(t, http.StatusServiceUnavailable, reply.status)
		require.Equal(t, "1", reply.header.Get("Retry-After"))
		require.Contains(t, reply.failure(t).Message, "too many calls at once; retry in 1 s")
	}
	require.Equal(t, http.StatusOK, r.inRevision(t, "2025-06-18", "tools/list", `{}`).status)
	close(proceed)
	held.Wait()
	r.callReport(t, "2025-06-18").result(t)
}

func TestAFailedCallIsCountedByToolAndOutcome(t *testing.T) {
	r := newRouteTo(t, down(t))
	r.callReport(t, "2025-06-18")
	page := r.send(t, http.MethodGet, "/metrics", "").body
	require.Regexp(t, `mcp_gateway_calls_total\{outcome="unreachable",tool="sequential_questioning_report"\} \d+`, page)
	require.Contains(t, page, `mcp_gateway_call_duration_seconds_bucket{cold="false",tool="sequential_questioning_report",le="0.005"}`)
	require.NotRegexp(t, `http_server_[a-z_]+\{[^}]*server_address`, page)
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	read := func(value string) time.Duration {
		return retryAfter(http.Header{"Retry-After": {value}}, 2*time.Second)
	}
	require.Equal(t, 7*time.Second, read("7"))
	require.Equal(t, maxRetryAfter, read("86400"))
	require.Equal(t, 2*time.Second, read("soon"))
	require.InDelta(t, 30, read(time.Now().Add(30*time.Second).UTC().Format(http.TimeFormat)).Seconds(), 2)
}

func TestStopWaitsForCallsInFlightAndRefusesNewOnes(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
		close(arrived)
		<-proceed
		call.answer(w, plainResult)
	}))
	inFlight := make(chan reply)
	go func() { inFlight <- r.callReport(t, "2025-06-18") }()
	<-arrived
	stopped := make(chan error)
	go func() { stopped <- r.function.Stop(t.Context()) }()
	eventually(t, "not ready", func() bool { ready, _ := r.function.Ready(t.Context()); return !ready })

	refused := r.callReport(t, "2025-06-18")
	require.Equal(t, http.StatusServiceUnavailable, refused.status)
	require.Equal(t, "1", refused.header.Get("Retry-After"))
	require.Equal(t, http.StatusServiceUnavailable, r.send(t, http.MethodGet, "/health/readiness", "").status)
	require.Equal(t, http.StatusOK, r.send(t, http.MethodGet, "/health/liveness", "").status)

	close(proceed)
	(<-inFlight).result(t)
	require.NoError(t, <-stopped)
}

func TestStopCutsCallsThatOutlastIt(t *testing.T) {
	arrived := make(chan struct{})
	backend := httptest.NewServer(asFunction(func(_ http.ResponseWriter, call received) {
		close(arrived)
		<-call.Context().Done()
	}))
	defer backend.Close()
	r := newRouteTo(t, backend.URL)
	inFlight := make(chan reply)
	go func() { inFlight <- r.callReport(t, "2025-06-18") }()
	<-arrived
	ctx, cancel := contextWithTimeout(t, 50*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, r.function.Stop(ctx), "calls in flight")
	require.Contains(t, (<-inFlight).failure(t).Message, "shutting down; retry in 1 s")
}
