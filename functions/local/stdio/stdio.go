// Package stdio serves MCP over standard input and output, for hosts that start their
// servers themselves: each line is a JSON-RPC message. It passes them to a server of
// Streamable HTTP, which alone knows the protocol, so that both transports behave alike.
package stdio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// maxInFlight bounds the requests under way: each holds a goroutine and its body. A
// client that sends more is told to send the request again.
const maxInFlight = 128

// Server connects one client to a server of Streamable HTTP. A value serves one client,
// once.
type Server struct {
	Client *http.Client
	URL    string
	// Drain is called when no more messages come: it ends the waits for people, who
	// can no longer answer.
	Drain func()
	// Met, unless nil, is called with the params of the first request, in which a client
	// says who it is.
	Met func(params json.RawMessage)
	// Patience is how long the requests under way then have.
	Patience time.Duration
}

// Serve reads messages from in until it ends or ctx does, and writes responses, and
// requests to the client, to out. Nothing else may write there. It returns when the
// requests under way have ended. An error is one of in or out. A host that closes its
// end gets the responses to what it sent before: it may only have no more to ask.
func (s Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	c := &connection{Server: s, life: life, end: end, out: out, inFlight: map[string]context.CancelFunc{},
		requests: make(chan struct{}, maxInFlight), others: make(chan struct{}, maxInFlight)}
	lines := make(chan line)
	go read(life, in, lines)
	failed := c.receive(ctx, lines)
	s.Drain()
	ended := make(chan struct{})
	go func() { c.underWay.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(s.Patience):
		end(errors.New("the client has gone"))
		<-ended
	}
	if cause := context.Cause(life); failed == nil && errors.Is(cause, errOutput) {
		return cause
	}
	return failed
}

// line is a message as it came in, or why there is none.
type line struct {
	text    []byte
	tooLong bool
	err     error
}

// read sends the lines of in until it fails or life ends. A line over the limit is
// skipped, so that the next one is read from its beginning. It may be blocked in in
// when life ends, since a read of a file cannot be cancelled; it then ends with the
// process.
func read(life context.Context, in io.Reader, lines chan<- line) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	for {
		var next line
		for {
			part, err := buffered.ReadSlice('\n')
			if len(next.text)+len(part) > jsonrpc.MaxBodyBytes+1 {
				next.text, next.tooLong = nil, true
			}
			if !next.tooLong {
				next.text = append(next.text, part...)
			}
			if next.err = err; !errors.Is(err, bufio.ErrBufferFull) {
				break
			}
		}
		select {
		case lines <- next:
		case <-life.Done():
			return
		}
		if next.err != nil {
			return
		}
	}
}

// errOutput says that the client does not read any more.
var errOutput = errors.New("write to the client")

// connection is the state of one client.
type connection struct {
	Server
	life     context.Context // of requests
	end      context.CancelCauseFunc
	underWay sync.WaitGroup
	// Requests have room of their own, since a response to a form must reach the call
	// that waits for it.
	requests, others chan struct{}

	writing sync.Mutex
	out     io.Writer

	met bool // belongs to receive

	mu       sync.Mutex // guards what follows
	inFlight map[string]context.CancelFunc
	session  string // of the revisions that have sessions, as their revision
	revision string
}

// receive dispatches lines until they end. Only its goroutine starts exchanges, so they
// start in the order of the lines.
func (c *connection) receive(ctx context.Context, lines <-chan line) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.life.Done():
			return nil // the output failed
		case next := <-lines:
			text := bytes.TrimSpace(next.text)
			switch {
			case next.tooLong:
				c.fail(nil, jsonrpc.InvalidRequest, fmt.Sprintf("the message is longer than %d bytes", jsonrpc.MaxBodyBytes))
			case len(text) > 0:
				c.dispatch(parse(text))
			}
			if next.err != nil {
				if errors.Is(next.err, io.EOF) {
					return nil
				}
				return fmt.Errorf("read from the client: %w", next.err)
			}
		}
	}
}

// message is a client's, read as far as its transport has to know it. text is passed on
// byte for byte.
type message struct {
	text   []byte
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// parse reads what it can: the server refuses what is malformed.
func parse(text []byte) message {
	m := message{text: text}
	_ = json.Unmarshal(text, &m)
	return m
}

// request says whether the message is to be responded to under its own id.
func (m message) request() bool { return m.Method != "" && len(m.ID) > 0 && string(m.ID) != "null" }

// dispatch has a message answered beside the others. It does not wait for responses,
// except for that of initialize and for room: notifications and responses are few, and
// one that had to be dropped could leave a call waiting.
func (c *connection) dispatch(m message) {
	if m.request() && !c.met && c.Met != nil {
		c.met = true
		c.Met(m.Params)
	}
	switch {
	case m.Method == string(mcp.MethodNotificationCancelled):
		var params struct {
			ID json.RawMessage `json:"requestId"`
		}
		_ = json.Unmarshal(m.Params, &params) // what cannot be read cancels nothing
		c.cancel(params.ID)
	case m.Method == string(mcp.MethodInitialize):
		c.exchange(c.life, m) // what follows needs its session
	case m.request():
		select {
		case c.requests <- struct{}{}:
		default:
			c.fail(m.ID, jsonrpc.InternalError, fmt.Sprintf("%d requests are under way; send this one again when one of them has ended", maxInFlight))
			return
		}
		ctx, untrack := c.track(m.ID)
		c.underWay.Go(func() {
			defer func() { untrack(); <-c.requests }()
			c.exchange(ctx, m)
		})
	default: // a notification, a response, a batch, or nothing that is known
		c.others <- struct{}{}
		c.underWay.Go(func() {
			defer func() { <-c.others }()
			c.exchange(c.life, m)
		})
	}
}

// track returns a context that the client's cancellation ends, until untrack. Ids are
// compared as they were written, as the client repeats them. A second request under an
// id in use takes its place.
func (c *connection) track(id json.RawMessage) (ctx context.Context, untrack func()) {
	ctx, cancel := context.WithCancel(c.life)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight[string(id)] = cancel
	return ctx, func() {
		cancel()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.inFlight, string(id))
	}
}

// cancel ends a request, which gets no response. A request that has ended, or that
// never was, is not an error: the two messages may cross.
func (c *connection) cancel(id json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel, found := c.inFlight[string(id)]; found {
		cancel()
	}
}

// exchange posts a message, and writes what comes back. A cancelled request gets no
// response, as MCP demands.
func (c *connection) exchange(ctx context.Context, m message) {
	err := c.post(ctx, m)
	switch {
	case err == nil, ctx.Err() != nil:
	case m.request():
		c.fail(m.ID, jsonrpc.InternalError, err.Error())
	default:
		slog.WarnContext(ctx, "a message of the client was not accepted", "error", err)
	}
}

// post sends one message, and writes the response or the stream. Its error is of a
// message that was not accepted; where the client waits, it becomes a JSON-RPC error.
func (c *connection) post(ctx context.Context, m message) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(m.text))
	if err != nil {
		return err
	}
	request.Host = "localhost"
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	c.describe(m, request.Header)
	response, err := c.Client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch mediaType := response.Header.Get("Content-Type"); {
	case mediaType == "text/event-stream":
		return c.events(response.Body)
	case mediaType == "application/json":
		text, err := io.ReadAll(response.Body) // the server bounds it
		if err != nil {
			return err
		}
		if m.Method == string(mcp.MethodInitialize) {
			c.open(response.Header, text)
		}
		if m.Method == "" && len(m.ID) > 0 { // a response, which gets none
			return fmt.Errorf("status %d: %s", response.StatusCode, bytes.TrimSpace(text))
		}
		c.write(text)
		return nil
	case response.StatusCode < http.StatusMultipleChoices:
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // an excerpt for the log
	return fmt.Errorf("status %d: %s", response.StatusCode, bytes.TrimSpace(text))
}

// describe sets the headers in which Streamable HTTP repeats what a message says.
// Revisions since 2026-07-28 declare themselves in each message; earlier ones agreed on
// a revision at initialize.
func (c *connection) describe(m message, header http.Header) {
	var params struct {
		Meta map[string]json.RawMessage `json:"_meta"`
	}
	var declared string
	_ = json.Unmarshal(m.Params, &params) // the server refuses what is malformed
	_ = json.Unmarshal(params.Meta[mcp.MetaKeyProtocolVersion], &declared)
	if mcp.IsModernProtocol(declared) {
		header.Set(mcp.HeaderProtocolVersion, declared)
		header.Set(mcp.HeaderMethod, m.Method)
		if name, named := mcp.ExtractHeaderName(mcp.MCPMethod(m.Method), m.Params); named {
			encoded, _ := mcp.EncodeHeaderValue(name)
			header.Set(mcp.HeaderName, encoded)
		}
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != "" {
		header.Set(mcp.HeaderSessionID, c.session)
	}
	if c.revision != "" {
		header.Set(mcp.HeaderProtocolVersion, c.revision)
	}
}

// open notes the session and the revision that initialize agreed on. A later initialize
// replaces both.
func (c *connection) open(header http.Header, response []byte) {
	var opened struct {
		Result struct {
			Revision string `json:"protocolVersion"`
		} `json:"result"`
	}
	if json.Unmarshal(response, &opened) != nil || opened.Result.Revision == "" {
		return // refused
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session, c.revision = header.Get(mcp.HeaderSessionID), opened.Result.Revision
}

// events writes the messages of a stream as they come. It reads Server-Sent Events as
// the HTML standard has them, of which a server here sends data fields only.
func (c *connection) events(stream io.Reader) error {
	var data []byte
	for lines := bufio.NewReader(stream); ; {
		text, err := lines.ReadBytes('\n')
		text = bytes.TrimRight(text, "\r\n")
		if value, found := bytes.CutPrefix(text, []byte("data:")); found {
			data = append(append(data, bytes.TrimPrefix(value, []byte(" "))...), '\n')
		} else if len(text) == 0 && len(data) > 0 {
			c.write(data)
			data = data[:0]
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fail responds with an error. A null id is that of a message whose own could not be
// read.
func (c *connection) fail(id json.RawMessage, code int, text string) {
	if id == nil {
		id = json.RawMessage("null")
	}
	response, err := json.Marshal(jsonrpc.NewError(id, code, text, nil))
	if err == nil {
		c.write(response)
	}
}

// write writes one message on one line. Where that fails, the client has gone. A failed
// write ends the whole connection: half a line cannot be taken back.
func (c *connection) write(text []byte) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		slog.Error("the server sent what is no JSON", "error", err)
		return
	}
	compact.WriteByte('\n')
	c.writing.Lock()
	defer c.writing.Unlock()
	if _, err := c.out.Write(compact.Bytes()); err != nil {
		c.end(fmt.Errorf("%w: %w", errOutput, err))
	}
}
