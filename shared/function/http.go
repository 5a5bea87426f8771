package function

import (
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// bounded refuses a body that is too long or not text, and serves no more
// bodies at once than fit into memory. A request waits for memory as long as its
// caller does.
func bounded(limit int64, next http.Handler) http.Handler {
	reading, serving := newBudget(4), newBudget(2)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		length := r.ContentLength
		if length < 0 || length > limit { // unknown, or about to be refused
			length = limit
		}
		releaseReading, ok := reading.acquire(w, r, length)
		if !ok {
			return
		}
		defer releaseReading()
		body, ok := jsonrpc.ReadBody(w, r, limit)
		if !ok {
			return
		}
		releaseServing, ok := serving.acquire(w, r, served(body))
		if !ok {
			return
		}
		defer releaseServing()
		jsonrpc.SetBody(r, body)
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

// budget is memory that requests share, in bytes.
type budget struct {
	free *semaphore.Weighted
	size int64
}

// newBudget returns one part in so many of what Go may use.
func newBudget(part int64) budget {
	size := debug.SetMemoryLimit(-1) / part // -1 reads it; without a limit it is beyond any need
	return budget{semaphore.NewWeighted(size), size}
}

// acquire waits for so many bytes, for the whole budget at most, until they are
// released. When the caller goes first, it answers 503 and returns false.
func (b budget) acquire(w http.ResponseWriter, r *http.Request, bytes int64) (release func(), ok bool) {
	bytes = min(bytes, b.size)
	if b.free.Acquire(r.Context(), bytes) != nil {
		jsonrpc.WriteError(w, http.StatusServiceUnavailable, jsonrpc.InternalError, "the function has no memory left for the request; repeat it in a few seconds")
		return nil, false
	}
	return func() { b.free.Release(bytes) }, true
}

// posted accepts POST requests with a body of up to limit bytes.
func posted(limit int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "use POST", http.StatusMethodNotAllowed)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}

// unlimitedWrite lifts the runtime's write deadline of 30 s: a call is bounded
// by what it works on, and a stream may take longer.
func unlimitedWrite(next http.Handler) http.Handler {
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
