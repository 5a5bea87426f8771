package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// target is a tool and the function that serves it.
type target struct {
	function string
	tool     mcp.Tool
	url      *url.URL
	name     []byte // the tool's name as a JSON string
	header   http.Header
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

func (g *gateway) handler(t *target) server.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		incoming := exchangeFrom(ctx)
		incoming.failure.Store(nil)
		began := time.Now()
		result, failed := g.call(ctx, t, incoming, request)
		took := time.Since(began)
		if failed != nil {
			g.observe(ctx, t, failed.outcome, took, failed)
			incoming.failure.Store(failed)
			return nil, failed
		}
		g.observe(ctx, t, outcomeOf(result), took, nil)
		return result, nil
	}
}

func outcomeOf(result *mcp.CallToolResult) string {
	switch {
	case result.NeedsInput():
		return outcomeInputRequired
	case result.IsError:
		return outcomeToolError
	default:
		return outcomeOK
	}
}

var errSilent = errors.New("no answer within FUNCTION_TIMEOUT")

// call sends one tools/call to the tool's function and reads what it answers.
func (g *gateway) call(ctx context.Context, t *target, incoming *exchange, request mcp.CallToolRequest) (*mcp.CallToolResult, *failure) {
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	default:
		failed := t.retryable(outcomeOverloaded, "too many calls at once", time.Second, nil)
		failed.status = http.StatusServiceUnavailable
		return nil, failed
	}

	bounded, cancel := context.WithCancelCause(ctx)
	stopped := context.AfterFunc(g.life, func() { cancel(errStopping) })
	defer stopped()
	silence := time.AfterFunc(g.config.FunctionTimeout, func() { cancel(errSilent) })
	defer silence.Stop()

	asked := g.newRequest(bounded, t, incoming, request)
	response, err := g.send(asked.http)
	if err != nil {
		defer cancel(nil)
		return nil, g.unanswered(ctx, bounded, t, err)
	}
	answer := &answer{
		gateway: g, target: t, exchange: incoming, request: asked, response: response,
		heard: func() { silence.Reset(g.config.FunctionTimeout) },
		pause: func() { silence.Stop() },
	}
	answer.body = &boundedReader{from: response.Body, left: g.config.MaxResponseBytes, heard: answer.heard}
	message, failed := answer.read(ctx)
	if failed != nil && bounded.Err() != nil {
		failed = g.unanswered(ctx, bounded, t, failed)
	}
	go settle(response.Body, cancel)
	switch {
	case failed != nil:
		return nil, failed
	case message.Error != nil:
		return nil, answer.passOn(message.Error, asked.modern)
	}
	result, err := parseResult(message.Result, asked.modern)
	if err != nil {
		return nil, t.final(outcomeBadResponse, "its function answered something that is no tool result", mismatched, err)
	}
	if !asked.modern && result.NeedsInput() {
		return nil, t.final(outcomeInputRequired, "it has to ask the person, which this client does not let it",
			"use sequential_questioning and put its questions to the person yourself", nil)
	}
	return result, nil
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

// settle reads to the end of a response, so that its connection can serve the
// next call, but not for long.
func settle(body io.ReadCloser, cancel context.CancelCauseFunc) {
	timer := time.AfterFunc(time.Second, func() { cancel(nil) })
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, body, 4<<10)
	_ = body.Close()
	cancel(nil)
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

// outgoing is a tools/call on its way to a function.
type outgoing struct {
	http   *http.Request
	id     string
	modern bool
}

func (g *gateway) newRequest(ctx context.Context, t *target, incoming *exchange, request mcp.CallToolRequest) *outgoing {
	out := &outgoing{
		id:     `"` + g.instance + "-" + strconv.FormatUint(g.calls.Add(1), 10) + `"`,
		modern: server.IsModernRequest(ctx),
	}
	body := requestBody(out, t, incoming, request)
	out.http = (&http.Request{
		Method:        http.MethodPost,
		URL:           t.url,
		Host:          t.url.Host,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        t.header.Clone(),
		ContentLength: int64(len(body)),
		GetBody:       func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}).WithContext(ctx)
	if authorization := request.Header.Get("Authorization"); authorization != "" && !g.config.OmitAuthorization {
		out.http.Header.Set("Authorization", authorization)
	}
	if t.mirrored {
		for name, value := range mcp.GenerateParamHeaders(&t.tool, incoming.params) {
			out.http.Header.Set(name, value)
		}
	}
	return out
}

// requestBody writes the call by hand: encoding/json would rewrite the bytes of
// the arguments.
func requestBody(out *outgoing, t *target, incoming *exchange, request mcp.CallToolRequest) []byte {
	b := make([]byte, 0, len(incoming.params)+512)
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	b = append(b, out.id...)
	b = append(b, `,"method":"tools/call","params":{"name":`...)
	b = append(b, t.name...)
	if len(request.Params.RawArguments) > 0 {
		b = append(b, `,"arguments":`...)
		b = append(b, request.Params.RawArguments...)
	}
	if len(request.Params.InputResponses) > 0 {
		b = append(b, `,"inputResponses":`...)
		b = appendJSON(b, request.Params.InputResponses)
	}
	if request.Params.RequestState != "" {
		b = append(b, `,"requestState":`...)
		b = appendJSON(b, request.Params.RequestState)
	}
	b = append(b, `,"_meta":{`...)
	b = append(b, `"`+mcp.MetaKeyProtocolVersion+`":"`+mcp.ProtocolVersion20260728+`"`...)
	meta := incoming.meta()
	if !out.modern {
		delete(meta, mcp.MetaKeyClientInfo)
		delete(meta, mcp.MetaKeyClientCapabilities)
	}
	if _, declared := meta[mcp.MetaKeyClientCapabilities]; !declared {
		meta[mcp.MetaKeyClientCapabilities] = json.RawMessage(`{}`)
	}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		b = append(b, ',')
		b = appendJSON(b, key)
		b = append(b, ':')
		b = append(b, meta[key]...)
	}
	return append(b, `}}}`...)
}

// appendJSON appends a value that came out of a JSON document.
func appendJSON(b []byte, value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, encoded...)
}
