package gateway

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// maxBatch bounds the messages of a batch. They are answered one after another, so
// that a batch takes no more of the functions than any other call.
const maxBatch = 20

// isBatch reports whether a request is a JSON array of a client that may send one.
func isBatch(header http.Header, body []byte) bool {
	start := bytes.TrimLeft(body, " \t\r\n")
	revision := header.Get(mcp.HeaderProtocolVersion)
	return len(start) > 0 && start[0] == '[' && (revision == "" || revision == batchRevision)
}

// serveBatch has each message of a batch answered by one, as if it had come alone,
// and writes the responses as an array: 202 and nothing where there are none.
func serveBatch(w http.ResponseWriter, r *http.Request, body []byte, one func(http.ResponseWriter, *http.Request, []byte)) {
	var messages []json.RawMessage
	if err := json.Unmarshal(body, &messages); err != nil {
		jsonrpc.WriteError(w, http.StatusBadRequest, jsonrpc.ParseError, "the request is not JSON: "+err.Error())
		return
	}
	if len(messages) == 0 || len(messages) > maxBatch {
		jsonrpc.WriteError(w, http.StatusBadRequest, jsonrpc.InvalidRequest, fmt.Sprintf("a batch has 1 to %d messages", maxBatch))
		return
	}
	// Nobody reads a stream, and so nobody is sent a form: a call that has to ask
	// returns the questions as text.
	alone := r.Clone(r.Context())
	alone.Header.Set("Accept", "application/json")
	responses := []json.RawMessage{}
	for _, message := range messages {
		if r.Context().Err() != nil {
			return
		}
		answer := &bufferedWriter{header: http.Header{}}
		if text := refusedInBatch(message); text != "" {
			jsonrpc.WriteError(answer, http.StatusBadRequest, jsonrpc.InvalidRequest, text)
		} else {
			one(answer, alone, message)
		}
		if response := answer.response(); response != nil {
			responses = append(responses, response)
		}
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	if len(responses) == 0 {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(responses) // the client may have gone
}

// refusedInBatch returns why a message cannot be part of a batch: the specification
// says so of initialize, and later revisions have no batches, but responses that
// stream without end.
func refusedInBatch(message json.RawMessage) string {
	var parsed struct {
		Method string `json:"method"`
		Params struct {
			Meta map[string]json.RawMessage `json:"_meta"`
		} `json:"params"`
	}
	_ = json.Unmarshal(message, &parsed) // what cannot be read is refused as it would be alone
	if parsed.Method == string(mcp.MethodInitialize) {
		return "initialize cannot be part of a batch"
	}
	if _, later := parsed.Params.Meta[mcp.MetaKeyProtocolVersion]; later {
		return "revisions after " + batchRevision + " have no batches: send one message per request"
	}
	return ""
}

// bufferedWriter holds the response to one message of a batch.
type bufferedWriter struct {
	header http.Header
	bytes.Buffer
}

// Header returns what the response to the one message would have; the type of its
// content distinguishes a stream from a document.
func (b *bufferedWriter) Header() http.Header { return b.header }

// WriteHeader ignores the status: the array has its own.
func (b *bufferedWriter) WriteHeader(int) {}

// Flush does nothing: the array is written at its end.
func (b *bufferedWriter) Flush() {}

// response returns the JSON-RPC response that was written, the last event where it
// is a stream, and nil where there is none.
func (b *bufferedWriter) response() json.RawMessage {
	if b.header.Get("Content-Type") != "text/event-stream" {
		if trimmed := bytes.TrimSpace(b.Bytes()); json.Valid(trimmed) {
			return trimmed
		}
		return nil
	}
	var last []byte
	for events := bufio.NewReader(b); ; {
		event, err := nextEvent(events)
		if err != nil {
			return last
		}
		last = event
	}
}
