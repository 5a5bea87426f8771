// Package jsonrpc is the edge between HTTP and JSON-RPC 2.0: bodies are bounded and
// text, and a refusal is a JSON-RPC error.
package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// MaxBodyBytes is how long a body may be, for the gateway, tools, relay and indexer
// alike: it is held whole and decoded, so that every call under way may cost several
// times as much memory.
const MaxBodyBytes = 1 << 20

// MaxValues is how many JSON values a body has at most. Decoding takes some 100
// bytes for each, however short it is: a megabyte of "{}," would take 40. The
// longest chat a call may have, 20,000 messages, has 100,000.
const MaxValues = 120_000

// Values is how many JSON values, or a few more, a text decodes to.
func Values(text []byte) int {
	count := 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case ',':
			count++
		case '{', '[':
			if i+1 < len(text) && text[i+1] != '}' && text[i+1] != ']' {
				count++
			}
		}
	}
	return count
}

// body is a request's body that was read whole.
type body struct {
	bytes.Reader
	text []byte
}

// Close closes nothing.
func (*body) Close() error { return nil }

// SetBody gives a request the body that was read from it, for BodyOf and other readers.
func SetBody(r *http.Request, text []byte) {
	read := &body{text: text}
	read.Reset(text)
	r.Body = read
}

// BodyOf returns the body of a request whole, without a copy where SetBody gave it.
func BodyOf(r *http.Request) ([]byte, error) {
	if read, ok := r.Body.(*body); ok {
		return read.text, nil
	}
	return io.ReadAll(r.Body)
}

// ReadBody returns the request's body of at most limit bytes and MaxValues values.
// Otherwise it answers the request, 413 when it is more, and returns false. A body
// that is not UTF-8 is refused: decoding would replace characters without a word.
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
	case Values(body) > MaxValues:
		WriteError(w, http.StatusRequestEntityTooLarge, InvalidRequest, fmt.Sprintf("the request has more than %d values", MaxValues))
	case !utf8.Valid(body):
		WriteError(w, http.StatusBadRequest, ParseError, "the request is not UTF-8")
	default:
		return body, true
	}
	return nil, false
}
