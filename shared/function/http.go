package function

import (
	"bytes"
	"io"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// bounded refuses a body that is too long or not text, and serves no more
// bodies at once than memory has room for. A request waits for room as long as
// its caller does.
func bounded(limit int64, next http.Handler) http.Handler {
	reading, serving := newRoom(4), newRoom(2)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		length := r.ContentLength
		if length < 0 || length > limit { // unknown, or about to be refused
			length = limit
		}
		leaveReading, ok := reading.enter(w, r, length)
		if !ok {
			return
		}
		defer leaveReading()
		body, ok := jsonrpc.ReadBody(w, r, limit)
		if !ok {
			return
		}
		leaveServing, ok := serving.enter(w, r, served(body))
		if !ok {
			return
		}
		defer leaveServing()
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// A call takes about so much memory, in bytes, while it is served: its text is
// copied and decoded several times. Estimates, held by make hostile with bodies of
// empty objects and of one long text.
const (
	servedByte  = 8
	servedValue = 300
)

func served(body []byte) int64 {
	return int64(servedByte*len(body) + servedValue*jsonrpc.Values(body))
}

// room is memory that requests share.
type room struct {
	free *semaphore.Weighted
	size int64
}

// newRoom is one part in so many of what Go may use.
func newRoom(part int64) room {
	size := debug.SetMemoryLimit(-1) / part // -1 reads it; without a limit it is beyond any need
	return room{semaphore.NewWeighted(size), size}
}

// enter waits for room for so many bytes, for all there is at most. When the
// caller leaves first, it reports false.
func (m room) enter(w http.ResponseWriter, r *http.Request, bytes int64) (leave func(), ok bool) {
	bytes = min(bytes, m.size)
	if m.free.Acquire(r.Context(), bytes) != nil {
		jsonrpc.WriteError(w, http.StatusServiceUnavailable, jsonrpc.InternalError, "the function has no memory left for the request; repeat it in a few seconds")
		return nil, false
	}
	return func() { m.free.Release(bytes) }, true
}

// UnlimitedWrite lifts the runtime's write deadline of 30 s: a call is bounded
// by what it works on, and a stream may take longer.
func UnlimitedWrite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // not every writer has one
		next.ServeHTTP(w, r)
	})
}

// ColdStart is a header of the answer to the call that an instance was started
// for: its first, if it comes soon.
const ColdStart = "Sequential-Questioning-Cold-Start"

const soon = 10 * time.Second

func firstMarked(next http.Handler) http.Handler {
	var called atomic.Bool
	started := time.Now()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !called.Swap(true) && time.Since(started) < soon {
			w.Header().Set(ColdStart, "true")
		}
		next.ServeHTTP(w, r)
	})
}
