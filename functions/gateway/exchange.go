package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// exchange is one POST and its response. It is the response writer that mcp-go
// sees: mcp-go reports every error of a tool handler as -32603 without data,
// and exchange puts the failure's own code, data, status and headers in.
type exchange struct {
	http.ResponseWriter
	controller *http.ResponseController
	params     json.RawMessage
	failure    atomic.Pointer[failure]
	status     int
	begun      bool
	streams    bool
	written    chan struct{} // an event was
}

type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	found, _ := ctx.Value(exchangeKey{}).(*exchange)
	return found
}

func newExchange(w http.ResponseWriter, params json.RawMessage) *exchange {
	_, streams := w.(http.Flusher)
	return &exchange{ResponseWriter: w, controller: http.NewResponseController(w), params: params, streams: streams, written: make(chan struct{}, 1)}
}

// meta is the call's _meta, each value as it was written. What only the gateway
// may say is left out.
func (x *exchange) meta() map[string]json.RawMessage {
	var params struct {
		Meta map[string]json.RawMessage `json:"_meta"`
	}
	_ = json.Unmarshal(x.params, &params) // mcp-go has decoded it before
	if params.Meta == nil {
		params.Meta = map[string]json.RawMessage{}
	}
	delete(params.Meta, mcp.MetaKeyProtocolVersion)
	return params.Meta
}

// deliver hands a notification to mcp-go and waits until it is written: mcp-go
// drops the one that it holds when a result overtakes it.
func (x *exchange) deliver(ctx context.Context, to chan<- mcp.JSONRPCNotification, notification mcp.JSONRPCNotification) {
	select {
	case <-x.written:
	default:
	}
	select {
	case to <- notification:
	case <-ctx.Done():
		return
	}
	select {
	case <-x.written:
	case <-ctx.Done():
	case <-time.After(writeTimeout):
	}
}

func (x *exchange) CanStream() bool { return x.streams }

// WriteHeader holds the status back until the body's first bytes tell whether a
// failure changes it.
func (x *exchange) WriteHeader(status int) { x.status = status }

func (x *exchange) Write(p []byte) (int, error) {
	if failed := x.failure.Load(); failed != nil {
		if restored := failed.restore(p); restored != nil {
			x.decorate(failed)
			x.begin()
			if _, err := x.ResponseWriter.Write(restored); err != nil {
				return 0, err
			}
			return len(p), nil
		}
	}
	x.begin()
	n, err := x.ResponseWriter.Write(p)
	select {
	case x.written <- struct{}{}:
	default:
	}
	return n, err
}

func (x *exchange) Flush() {
	x.begin()
	_ = x.controller.Flush()
}

// finish sends a response that has a status but no body.
func (x *exchange) finish() {
	if x.status != 0 {
		x.begin()
	}
}

// writeTimeout is how long one write may take: the server's own deadline counts
// from the request and would cut a stream, and none would let a client that
// stopped reading hold the call for ever.
const writeTimeout = 30 * time.Second

func (x *exchange) begin() {
	_ = x.controller.SetWriteDeadline(time.Now().Add(writeTimeout))
	if !x.begun {
		x.begun = true
		if x.status != 0 {
			x.ResponseWriter.WriteHeader(x.status)
		}
	}
}

func (x *exchange) decorate(failed *failure) {
	if x.begun {
		return
	}
	if failed.status != 0 {
		x.status = failed.status
	}
	if failed.retry > 0 {
		x.Header().Set("Retry-After", strconv.Itoa(wholeSeconds(failed.retry)))
	}
	for _, challenge := range failed.challenge {
		x.Header().Add("WWW-Authenticate", challenge)
	}
}

const (
	eventStart = "event: message\ndata: "
	eventEnd   = "\n\n"
)

// restore rewrites mcp-go's JSON-RPC error as the failure; nil when p is
// something else, such as a notification that was still queued.
func (f *failure) restore(p []byte) []byte {
	text, event := strings.CutPrefix(string(p), eventStart)
	var response struct {
		ID    json.RawMessage `json:"id"`
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal([]byte(text), &response) != nil || response.ID == nil || response.Error == nil {
		return nil
	}
	encoded, err := json.Marshal(jsonrpc.NewError(response.ID, f.code, f.message, f.data))
	if err != nil {
		return nil
	}
	if event {
		return bytes.Join([][]byte{[]byte(eventStart), encoded, []byte(eventEnd)}, nil)
	}
	return append(encoded, '\n')
}

func writeUnavailable(w http.ResponseWriter, text string) {
	w.Header().Set("Retry-After", "1")
	jsonrpc.WriteError(w, http.StatusServiceUnavailable, jsonrpc.InternalError, text+"; retry in 1 s: a repeated call is never counted twice")
}
