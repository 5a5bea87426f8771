package function

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"
)

// limitBody answers 413 to a request that is longer than limit bytes.
func limitBody(limit int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}

// requireUTF8 reads the body and refuses one that is not text: JSON decoding
// would quietly put other characters in its place.
func requireUTF8(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var tooLong *http.MaxBytesError
		switch {
		case errors.As(err, &tooLong):
			refuse(w, http.StatusRequestEntityTooLarge, -32600, fmt.Sprintf("the request is longer than %d bytes", tooLong.Limit))
		case err != nil:
			refuse(w, http.StatusBadRequest, -32700, "the request could not be read")
		case !utf8.Valid(body):
			refuse(w, http.StatusBadRequest, -32700, "the request is not valid UTF-8")
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		}
	})
}

func refuse(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":null,"error":{"code":%d,"message":%q}}`+"\n", code, message)
}

// unlimitedWrite lifts the runtime's write deadline of 30 s: a call is bounded
// by what it works on, and a stream may take longer.
func unlimitedWrite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // not every writer has one
		next.ServeHTTP(w, r)
	})
}
