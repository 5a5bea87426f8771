package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// target is a tool and the function that serves it.
type target struct {
	function string
	tool     mcp.Tool
	url      *url.URL
	name     []byte // the tool's name as a JSON string
	header   http.Header
	asks     bool // the person, through the client
	// mirrored says that arguments travel in Mcp-Param-* headers too.
	mirrored bool
}

func newTarget(config Config, entry catalogueTool) (*target, error) {
	address, err := config.functionURL(entry.function)
	if err != nil {
		return nil, err
	}
	encoded, _ := mcp.EncodeHeaderValue(entry.tool.Name)
	name, err := json.Marshal(entry.tool.Name)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json, text/event-stream")
	header.Set("User-Agent", "sequential-questioning-gateway")
	header.Set(mcp.HeaderProtocolVersion, mcp.ProtocolVersion20260728)
	header.Set(mcp.HeaderMethod, string(mcp.MethodToolsCall))
	header.Set(mcp.HeaderName, encoded)
	// The presence of this header, which is not sent while it has no value, lets
	// net/http repeat a call by itself where it can: see send.
	header["Idempotency-Key"] = []string{}
	return &target{
		function: entry.function,
		tool:     entry.tool,
		url:      address,
		name:     name,
		header:   header,
		asks:     entry.asks,
		mirrored: len(mcp.ExtractParamHeaderBindings(&entry.tool)) > 0,
	}, nil
}

// newPool keeps connections for less time than func-go's 30 s, so that the
// function seldom closes one while a call is on its way.
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

// toolCall is a tools/call as it came in.
type toolCall struct {
	id     json.RawMessage
	body   []byte // the whole message
	header http.Header
	modern bool // speaks 2026-07-28
	// forms is the revision in whose words an older client is sent forms; empty
	// when it is sent none.
	forms string
	// Digests of an older client's session, of the call and of its request.
	session, digest, request []byte
	// patience is how long the client is known to wait, if it may show no forms; 0
	// when nobody knows.
	patience time.Duration
	// conversation is the one that the person is asked in, state and responses are
	// what goes back to the function, and used is the pending elicitation that the
	// responses are from.
	conversation string
	state        string
	responses    json.RawMessage
	used         string
	params       struct {
		Name      string                     `json:"name"`
		Arguments json.RawMessage            `json:"arguments"`
		Meta      map[string]json.RawMessage `json:"_meta"`
	}
}

// toolCallOf returns the call of a known tool, and false for everything that
// mcp-go answers: other methods, unknown tools, revisions that nobody speaks.
func (g *gateway) toolCallOf(r *http.Request, parsed envelope, body []byte) (*toolCall, *target, bool) {
	call := &toolCall{id: parsed.ID, body: body, header: r.Header}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if parsed.Method != string(mcp.MethodToolsCall) || len(parsed.ID) == 0 || mediaType != "application/json" ||
		json.Unmarshal(parsed.Params, &call.params) != nil {
		return nil, nil, false
	}
	t, known := g.targets[call.params.Name]
	var declared string
	_ = json.Unmarshal(call.params.Meta[mcp.MetaKeyProtocolVersion], &declared)
	stated := r.Header.Get(mcp.HeaderProtocolVersion)
	call.modern = mcp.IsModernProtocol(declared) || mcp.IsModernProtocol(stated)
	if !call.modern {
		call.forms = formsOf(r.Header)
		call.session = digest([]byte(r.Header.Get(mcp.HeaderSessionID)))
		call.digest = callDigest(call.params.Name, call.params.Arguments)
		call.request = requestDigest(r.Context(), r.Header, call.id)
	}
	return call, t, known && (call.modern || stated == "" || mcp.IsValidProtocolVersion(stated))
}

var errSilent = errors.New("no answer within FUNCTION_TIMEOUT")

// serve forwards a tools/call to the tool's function and its answer back.
func (g *gateway) serve(w http.ResponseWriter, r *http.Request, t *target, call *toolCall) {
	to := newCaller(w, call.id, call.modern)
	began := time.Now()
	ctx, leave := g.inFlight.enter(r.Context(), call.request)
	defer leave()
	outcome, failed := g.forward(ctx, t, call, to)
	if failed != nil {
		outcome = failed.outcome
		// A request that its client cancelled gets no response.
		if outcome != outcomeCanceled || !to.streaming {
			to.fail(failed)
		}
	}
	g.observe(r.Context(), t, outcome, time.Since(began)-to.waited, to.cold, failed)
}

// forward calls the function, and calls it again for an older client with the
// person's response, until there is a result.
func (g *gateway) forward(ctx context.Context, t *target, call *toolCall, to *caller) (outcome string, failed *failure) {
	deadline := time.Now().Add(g.config.ElicitationCallTimeout)
	if failed := g.resume(ctx, t, call); failed != nil {
		return "", failed
	}
	for round := 0; ; round++ {
		answered, outcome, failed := g.callOnce(ctx, t, call, to)
		if failed != nil {
			return "", failed
		}
		if outcome != outcomeInputRequired || call.modern {
			// A client that closes its connection as soon as it has the result was
			// here for it.
			here := ctx.Err() == nil
			if err := to.result(answered); err != nil {
				return "", noToolResult(t, err)
			}
			if here {
				g.finish(ctx, call, answered)
			}
			return outcome, nil
		}
		if call.forms == "" || round == g.config.ElicitationRounds {
			return "", t.final(outcomeInputRequired, "it has to ask the person, which this client does not let it",
				"use sequential_questioning and put its questions to the person yourself", nil)
		}
		if failed := g.elicit(ctx, t, call, to, answered, deadline); failed != nil {
			return "", failed
		}
	}
}

// finish deletes the responses that a result ends, once the client has it: a
// function that names no conversation in its result has nothing left to ask.
func (g *gateway) finish(ctx context.Context, call *toolCall, answered *message) {
	if call.conversation == "" || answered.Result.Meta.Conversation != "" || answered.Result.IsError {
		return
	}
	g.note(ctx, "that a conversation is complete", func(ctx context.Context) error { return g.pendings.finish(ctx, call.conversation) })
}

func noToolResult(t *target, err error) *failure {
	return t.final(outcomeBadResponse, "its function answered something that is no tool result", mismatched, err)
}

// callOnce makes one call of the function.
func (g *gateway) callOnce(ctx context.Context, t *target, call *toolCall, to *caller) (answered *message, outcome string, failed *failure) {
	release, ok := g.slots.take(principal.From(ctx))
	if !ok {
		failed := t.retryable(outcomeOverloaded, "too many calls at once", time.Second, nil)
		failed.status = http.StatusServiceUnavailable
		return nil, "", failed
	}
	defer release()

	bounded, cancel := context.WithCancelCause(ctx)
	stopped := context.AfterFunc(g.life, func() { cancel(errStopping) })
	defer stopped()
	silence := time.AfterFunc(g.config.FunctionTimeout, func() { cancel(errSilent) })
	defer silence.Stop()

	request, id := g.newRequest(bounded, t, call)
	response, err := g.send(request)
	if err != nil {
		defer cancel(nil)
		return nil, "", g.unanswered(ctx, bounded, t, err)
	}
	to.cold = to.cold || response.Header.Get(function.ColdStart) != ""
	answer := &answer{
		gateway: g, target: t, to: to, id: id, response: response,
		heard: func() { silence.Reset(g.config.FunctionTimeout) },
		pause: func() { silence.Stop() },
	}
	answer.body = &boundedReader{from: response.Body, left: g.config.MaxResponseBytes, heard: answer.heard}
	answered, failed = answer.read()
	if failed != nil && bounded.Err() != nil {
		failed = g.unanswered(ctx, bounded, t, failed)
	}
	settle(answer, cancel)
	switch {
	case failed != nil:
		return nil, "", failed
	case answered.Error != nil:
		return nil, "", answer.passOn(answered.Error)
	}
	if outcome, err = answered.Result.outcome(); err != nil {
		return nil, "", noToolResult(t, err)
	}
	return answered, outcome, nil
}

// send repeats a call that broke on a kept-alive connection: the function had
// most likely closed it while it was idle, and calls are idempotent by contract.
// net/http repeats only what broke before its body was written.
func (g *gateway) send(request *http.Request) (*http.Response, error) {
	const repeats = 2
	for attempt := 0; ; attempt++ {
		var reused atomic.Bool
		traced := request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { reused.Store(info.Reused) },
		}))
		traced.Body, _ = request.GetBody()
		response, err := g.upstream.RoundTrip(traced)
		if err == nil || !reused.Load() || attempt == repeats || request.Context().Err() != nil {
			return response, err
		}
	}
}

// settle gives the connection back for the next call. A document is read to its
// end already; a stream may have more to come, which is not waited for long.
func settle(a *answer, cancel context.CancelCauseFunc) {
	if !a.to.streaming && a.body.ended {
		_ = a.response.Body.Close()
		cancel(nil)
		return
	}
	go func() {
		timer := time.AfterFunc(time.Second, func() { cancel(nil) })
		defer timer.Stop()
		_, _ = io.CopyN(io.Discard, a.response.Body, 4<<10)
		_ = a.response.Body.Close()
		cancel(nil)
	}()
}

// unanswered says why a call got no answer, or not the whole of it.
func (g *gateway) unanswered(caller, bounded context.Context, t *target, err error) *failure {
	cause := context.Cause(bounded)
	switch {
	case caller.Err() != nil:
		return &failure{outcome: outcomeCanceled, code: jsonrpc.InternalError, message: t.tool.Name + ": the caller cancelled the call", cause: caller.Err()}
	case errors.Is(cause, errStopping):
		return t.retryable(outcomeStopping, "the gateway is shutting down", time.Second, cause)
	case errors.Is(cause, errSilent):
		return t.retryable(outcomeTimeout, "its function did not answer within "+g.config.FunctionTimeout.String(), 5*time.Second, cause)
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

// newRequest is the call as its function gets it, and the id it goes under. A
// call in the function's own revision is passed on as it came, so that the
// function checks it; an older one is put in that revision's words.
func (g *gateway) newRequest(ctx context.Context, t *target, call *toolCall) (*http.Request, string) {
	id, body, header := string(call.id), call.body, t.header.Clone()
	if call.modern {
		for name, values := range call.header {
			if strings.HasPrefix(name, "Mcp-") {
				header[name] = values
			}
		}
		for _, name := range []string{mcp.HeaderProtocolVersion, mcp.HeaderMethod, mcp.HeaderName} {
			if call.header.Get(name) == "" {
				header.Del(name)
			}
		}
	} else {
		id = `"` + g.instance + "-" + strconv.FormatUint(g.calls.Add(1), 10) + `"`
		body = restated(t, call, id)
		if t.mirrored {
			params, _ := json.Marshal(map[string]any{"arguments": call.params.Arguments})
			for name, value := range mcp.GenerateParamHeaders(&t.tool, params) {
				header.Set(name, value)
			}
		}
	}
	if authorization := call.header.Get("Authorization"); authorization != "" {
		header.Set("Authorization", authorization)
	}
	return (&http.Request{
		Method:        http.MethodPost,
		URL:           t.url,
		Host:          t.url.Host,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		ContentLength: int64(len(body)),
		GetBody:       func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}).WithContext(ctx), id
}

// restated writes a call of an older revision as a 2026-07-28 one, by hand:
// encoding/json would rewrite the bytes of the arguments. What such a client
// writes under the names of that revision's metadata does not count.
func restated(t *target, call *toolCall, id string) []byte {
	b := make([]byte, 0, len(call.body)+512)
	b = append(b, `{"jsonrpc":"2.0","id":`+id+`,"method":"tools/call","params":{"name":`...)
	b = append(b, t.name...)
	if len(call.params.Arguments) > 0 {
		b = append(b, `,"arguments":`...)
		b = append(b, call.params.Arguments...)
	}
	if call.state != "" {
		b = append(b, `,"requestState":`...)
		b = append(b, jsonString(call.state)...)
	}
	if len(call.responses) > 0 {
		b = append(b, `,"inputResponses":`...)
		b = append(b, call.responses...)
	}
	capabilities := `{}`
	if call.forms != "" {
		capabilities = `{"elicitation":{"form":{}}}`
	}
	b = append(b, `,"_meta":{"`+mcp.MetaKeyProtocolVersion+`":"`+mcp.ProtocolVersion20260728+`","`+mcp.MetaKeyClientCapabilities+`":`+capabilities...)
	for _, key := range slices.Sorted(maps.Keys(call.params.Meta)) {
		switch key {
		case mcp.MetaKeyProtocolVersion, mcp.MetaKeyClientInfo, mcp.MetaKeyClientCapabilities:
			continue
		}
		encoded, err := json.Marshal(key)
		if err != nil {
			continue
		}
		b = append(append(append(append(b, ','), encoded...), ':'), call.params.Meta[key]...)
	}
	return append(b, `}}}`...)
}

func jsonString(s string) []byte {
	encoded, _ := json.Marshal(s) // a string always encodes
	return encoded
}
