package function

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// bounded refuses a body that is too long or not text.
func bounded(limit int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, ok := jsonrpc.ReadBody(w, r, limit); ok {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		}
	})
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
