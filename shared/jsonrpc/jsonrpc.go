// Package jsonrpc is the edge between HTTP and JSON-RPC 2.0: bodies are
// bounded and text, and what is refused is told as a JSON-RPC error.
package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"
)

// Error codes of the JSON-RPC 2.0 specification, section 5.1.
const (
	ParseError     = -32700
	InvalidRequest = -32600
	InternalError  = -32603
)

// Error is a response that reports an error.
type Error struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Error   ErrorObject     `json:"error"`
}

// ErrorObject is what went wrong.
type ErrorObject struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// NewError is the error response to the request with the given id.
func NewError(id json.RawMessage, code int, message string, data json.RawMessage) Error {
	return Error{"2.0", id, ErrorObject{code, message, data}}
}

// WriteError answers a request whose id is not known.
func WriteError(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(NewError(json.RawMessage("null"), code, message, nil))
}

// ReadBody returns the request's body of at most limit bytes. Otherwise it
// answers the request, 413 when it is longer, and returns false. A body that
// is not UTF-8 is refused: decoding it would quietly put other characters in
// its place.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, bool) {
	var body []byte
	err := error(&http.MaxBytesError{Limit: limit})
	if r.ContentLength <= limit {
		buffer := bytes.NewBuffer(make([]byte, 0, max(r.ContentLength, 0)+bytes.MinRead))
		_, err = buffer.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
		body = buffer.Bytes()
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		w.Header().Set("Connection", "close")
		WriteError(w, http.StatusRequestEntityTooLarge, InvalidRequest, fmt.Sprintf("the request is longer than %d bytes", limit))
	case err != nil:
		WriteError(w, http.StatusBadRequest, ParseError, "the request broke off")
	case !utf8.Valid(body):
		WriteError(w, http.StatusBadRequest, ParseError, "the request is not UTF-8")
	default:
		return body, true
	}
	return nil, false
}
