package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// forwarder calls the tools' functions. It is safe for concurrent use, knows only
// revision 2026-07-28, and never waits for a person.
type forwarder struct {
	timeout     time.Duration // without a byte from the function
	maxResponse int64         // bytes
	quota       *quota        // of calls under way
	life        context.Context

	transport http.RoundTripper
	pool      *http.Transport // of connections, below transport
	instance  string          // begins the ids of calls
	calls     atomic.Uint64   // numbers them
}

// newForwarder returns a forwarder whose calls end, at the latest, with life.
func newForwarder(life context.Context, config Config) *forwarder {
	pool := newPool(config.MaxConcurrentCalls)
	return &forwarder{
		timeout:     config.FunctionTimeout,
		maxResponse: config.MaxResponseBytes,
		quota:       newQuota(config.MaxConcurrentCalls, config.Identity.Issuer == ""),
		life:        life,
		pool:        pool,
		transport: telemetry.Transport(inprocess.Transport(pool),
			func(r *http.Request) string { return "tools/call " + r.Header.Get(mcp.HeaderName) }),
		instance: rand.Text()[:8],
	}
}

// newPool returns the connections to functions. It keeps idle ones for less time than
// func-go's 30 s, so that the function seldom closes one while a call is on its way.
// Responses are passed on as they come, and so are not asked for compressed.
func newPool(calls int) *http.Transport {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		Protocols:           http1,
		MaxIdleConns:        max(256, calls),
		MaxIdleConnsPerHost: max(64, calls/2),
		IdleConnTimeout:     20 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second,
		DisableCompression:  true,
	}
}

// call makes one call of the function and returns its result and the outcome.
// Notifications that come before the result are passed on to client. The call ends
// with ctx, with the gateway's life, and when the function sends no byte for the
// timeout; the failure then says which of them it was. It holds a part of the
// principal's quota while it runs, and is refused at once when there is none.
func (f *forwarder) call(ctx context.Context, t *target, call *toolCall, client *clientWriter) (result *functionMessage, outcome string, failed *failure) {
	release, ok := f.quota.take(principal.From(ctx))
	if !ok {
		failed := t.retryable(outcomeOverloaded, "too many calls at once", time.Second, nil)
		failed.status = http.StatusServiceUnavailable
		return nil, "", failed
	}
	defer release()
	bounded, cancel := context.WithCancelCause(ctx)
	stopped := context.AfterFunc(f.life, func() { cancel(errStopping) })
	defer stopped()
	idle := newIdleTimer(f.timeout, func() { cancel(errSilent) })
	defer idle.stop()

	request, id := newRequest(bounded, t, call, f.newID())
	sent, err := f.send(request) //nolint:bodyclose // functionResponse.release closes it
	if err != nil {
		defer cancel(nil)
		return nil, "", f.interrupted(ctx, bounded, t, err)
	}
	client.cold = client.cold || sent.Header.Get(function.ColdStart) != ""
	client.next = sent.Header.Get(tool.CalledNext)
	response := &functionResponse{
		Response: sent, target: t, client: client, id: id, limit: f.maxResponse,
		body: &boundedReader{from: sent.Body, left: f.maxResponse, idle: idle},
	}
	result, failed = response.read()
	if failed != nil && bounded.Err() != nil {
		failed = f.interrupted(ctx, bounded, t, failed)
	}
	response.release(cancel)
	switch {
	case failed != nil:
		return nil, "", failed
	case result.Error != nil:
		return nil, "", response.passOn(result.Error)
	}
	if outcome, err = result.Result.outcome(); err != nil {
		return nil, "", t.noResult(err)
	}
	return result, outcome, nil
}

// newID returns an id that no other call of any instance has.
func (f *forwarder) newID() string {
	return f.instance + "-" + strconv.FormatUint(f.calls.Add(1), 10)
}

// send repeats a call that broke on a kept-alive connection: the function had
// most likely closed it while it was idle, and calls are idempotent by contract.
// net/http repeats only what broke before its body was written.
func (f *forwarder) send(request *http.Request) (*http.Response, error) {
	const repeats = 2 // each takes a connection that broke out of the pool
	for attempt := 0; ; attempt++ {
		var reused atomic.Bool
		traced := request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { reused.Store(info.Reused) },
		}))
		traced.Body, _ = request.GetBody()
		response, err := f.transport.RoundTrip(traced)
		if err == nil || !reused.Load() || attempt == repeats || request.Context().Err() != nil {
			return response, err
		}
	}
}

// interrupted explains why a call got no response, or not the whole of it. bounded
// is the request's context and caller the client's. The contexts are looked at
// first: a cancelled request fails with any of the errors below. All but the
// client's own end can be retried, because calls are idempotent.
func (f *forwarder) interrupted(caller, bounded context.Context, t *target, err error) *failure {
	cause := context.Cause(bounded)
	switch {
	case caller.Err() != nil:
		return t.canceled(caller.Err())
	case errors.Is(cause, errStopping):
		return t.retryable(outcomeStopping, "the gateway is shutting down", time.Second, cause)
	case errors.Is(cause, errSilent):
		return t.retryable(outcomeTimeout, "its function did not answer within "+f.timeout.String(), 5*time.Second, cause)
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return t.retryable(outcomeUnreachable, "its function could not be reached (unknown host)", 5*time.Second, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return t.retryable(outcomeUnreachable, "its function could not be reached (connection refused)", 2*time.Second, err)
	}
	var operation *net.OpError
	if errors.As(err, &operation) && operation.Op == "dial" {
		return t.retryable(outcomeUnreachable, "its function could not be reached", 2*time.Second, err)
	}
	return t.retryable(outcomeCut, "its function broke off without an answer", 2*time.Second, err)
}
