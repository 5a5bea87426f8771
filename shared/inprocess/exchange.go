package inprocess

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"sync"
)

// maxBuffered is how much of an answer, in bytes, waits to be read; then the handler
// waits. An answer that fits has a known length, as net/http's server gives one. Its
// size bounds the memory of a stream that nobody reads.
const maxBuffered = 64 << 10

// exchange runs the handler on one request in a separate goroutine. It returns the
// answer once it has begun: when the handler flushes, fills the buffer or returns.
//
// It behaves as a socket with net/http on both sides would: header and status are
// fixed at the first byte, the caller's context cancels the handler, a closed body
// cancels it too, and a panic ends the answer in its middle. Tests run the same cases
// over both.
func exchange(s *served, r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(context.Background()) // values stay on their side, as over a socket
	a := &answer{cancel: cancel, begun: make(chan struct{}), noBody: r.Method == http.MethodHead}
	a.changed.L = &a.mu
	stop := context.AfterFunc(r.Context(), func() { a.fail(context.Cause(r.Context()), true) })
	go func() {
		defer s.underWay.Done()
		defer stop()
		a.serve(s.Handler, incoming(ctx, r))
	}()
	<-a.begun
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sent == nil {
		return nil, a.failed
	}
	length := int64(-1)
	if stated, err := strconv.ParseInt(a.sent.Get("Content-Length"), 10, 64); err == nil {
		length = stated
	} else if a.ended {
		length = int64(a.buffer.Len())
	}
	return &http.Response{
		Status: fmt.Sprintf("%03d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: (*body)(a), ContentLength: length, Request: r,
	}, nil
}

// incoming is a request as a server would read it. It shares no header and no
// context value with the caller's request, which would make code work in one
// process and fail on a cluster.
func incoming(ctx context.Context, r *http.Request) *http.Request {
	in := (&http.Request{
		Method: r.Method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL:    &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery},
		Header: maps.Clone(r.Header), Host: r.Host, Body: r.Body, ContentLength: r.ContentLength,
		RemoteAddr: "in-process", RequestURI: r.URL.RequestURI(),
	}).WithContext(ctx)
	for name, values := range in.Header {
		if len(values) == 0 { // is not sent
			delete(in.Header, name)
			continue
		}
		in.Header[name] = append([]string(nil), values...)
	}
	if in.Header == nil {
		in.Header = http.Header{}
	}
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.URL.Path == "" {
		in.URL.Path = "/"
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

// answer is what a handler writes and a caller reads. writer and body are its two
// ends. mu guards all fields below it; changed wakes a writer that waits for room
// and a reader that waits for bytes.
type answer struct {
	cancel context.CancelFunc // of the handler's context
	begun  chan struct{}      // closed when status and header are fixed, or it failed
	noBody bool
	header http.Header // the handler's own; it alone touches it

	mu      sync.Mutex
	changed sync.Cond
	status  int          // 0 until it is written
	sent    http.Header  // nil when it failed before it began
	buffer  bytes.Buffer // written, not yet read
	started bool         // begun is closed
	ended   bool         // the handler has returned
	left    bool         // the caller has closed the body
	failed  error        // for the caller
}

// serve runs the handler. A panic ends the answer in its middle, as it ends a
// connection.
func (a *answer) serve(handler http.Handler, r *http.Request) {
	defer r.Body.Close()
	defer a.cancel()
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler { //nolint:errorlint // compared as net/http does: p is what was panicked, not wrapped
				slog.Error("panic while serving", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			}
			a.fail(io.ErrUnexpectedEOF, false)
			return
		}
		a.end()
	}()
	handler.ServeHTTP((*writer)(a), r)
}

// begin fixes status and header, if that has not been done. The lock is held. A
// type is detected as net/http does, from what is written by then.
func (a *answer) begin() {
	if a.started {
		return
	}
	if a.status == 0 {
		a.status, a.sent = http.StatusOK, a.header.Clone()
	}
	if a.sent == nil {
		a.sent = http.Header{}
	}
	if _, stated := a.sent["Content-Type"]; !stated && a.buffer.Len() > 0 {
		a.sent.Set("Content-Type", http.DetectContentType(a.buffer.Bytes()))
	}
	a.started = true
	close(a.begun)
}

// end completes the answer. A handler that wrote nothing has answered 200 with an
// empty body, as with net/http.
func (a *answer) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	a.begin()
	a.changed.Broadcast()
}

// fail ends the answer for the caller and cancels the handler. What is not read
// yet can still be read, unless it is to be dropped. An answer that is complete
// stays so.
func (a *answer) fail(err error, drop bool) {
	a.cancel()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended || a.failed != nil {
		return
	}
	a.failed = err
	if drop {
		a.buffer.Reset()
	}
	if !a.started {
		a.started, a.sent = true, nil
		close(a.begun)
	}
	a.changed.Broadcast()
}

// writer is the handler's end of an answer.
type writer answer

// Header is safe for the handler's goroutine alone, as in net/http.
func (w *writer) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

// WriteHeader does not begin the answer: as with a socket, small answers are sent
// whole.
func (w *writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(status)
}

// writeHeader fixes status and header; the lock is held. Later calls change
// nothing, and 1xx are not carried.
func (w *writer) writeHeader(status int) {
	if w.status != 0 || status < http.StatusOK {
		return
	}
	w.status, w.sent = status, w.header.Clone()
	w.noBody = w.noBody || status == http.StatusNoContent || status == http.StatusNotModified
}

// Write blocks while the buffer is full, and fails once nobody reads.
func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(http.StatusOK)
	if w.noBody {
		return 0, http.ErrBodyNotAllowed
	}
	written := 0
	for {
		if w.left || w.failed != nil || w.ended {
			return written, io.ErrClosedPipe
		}
		n := min(len(p)-written, maxBuffered-w.buffer.Len())
		w.buffer.Write(p[written : written+n])
		if written += n; written == len(p) {
			if w.started {
				w.changed.Broadcast()
			}
			return written, nil
		}
		(*answer)(w).begin()
		w.changed.Broadcast()
		w.changed.Wait()
	}
}

// Flush begins the answer, so that the caller can read what is written.
func (w *writer) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(http.StatusOK)
	(*answer)(w).begin()
}

// body is the caller's end of an answer.
type body answer

// Read returns what was written before it returns the error that ended the answer.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		switch {
		case b.left:
			return 0, http.ErrBodyReadAfterClose
		case b.buffer.Len() > 0:
			n, _ := b.buffer.Read(p)
			b.changed.Broadcast()
			return n, nil
		case b.failed != nil:
			return 0, b.failed
		case b.ended:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		b.changed.Wait()
	}
}

// Close cancels the handler if it has not returned.
func (b *body) Close() error {
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = true
	b.changed.Broadcast()
	return nil
}
