package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// clientWriter writes the response to one tools/call: a JSON document, or a stream
// of events once there is a notification to pass on. It belongs to one goroutine.
type clientWriter struct {
	w          http.ResponseWriter
	controller *http.ResponseController
	id         json.RawMessage
	modern     bool          // speaks 2026-07-28: the function's response is passed on as it is
	streaming  bool          // the response is a stream of events
	keepalives int           // sent while the person is waited for
	waited     time.Duration // for the person
	cold       bool          // the function had to be started
	next       string        // the tools that the function says are called next
}

// writeTimeout is how long one write may take: the server's own deadline counts
// from the request and would cut a stream, and none would let a client that
// stopped reading hold the call for ever.
const writeTimeout = 30 * time.Second

// newClientWriter returns a writer to which nothing was written yet. Until it streams,
// the status and the headers of w are free.
func newClientWriter(w http.ResponseWriter, id json.RawMessage, modern bool) *clientWriter {
	return &clientWriter{w: w, controller: http.NewResponseController(w), id: id, modern: modern}
}

// send writes a message to the call's stream at once: a notification, or a request
// to the client.
func (c *clientWriter) send(message []byte) {
	c.stream()
	c.event(message)
}

// keepalive keeps the stream open, and a client that counts the seconds from giving
// up: by progress for one that asked for it, by a comment for others.
func (c *clientWriter) keepalive(progressToken json.RawMessage, text string) {
	c.keepalives++
	if progress, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "method": "notifications/progress",
		"params": map[string]any{"progressToken": progressToken, "progress": c.keepalives, "message": text},
	}); err == nil && progressToken != nil {
		c.send(progress)
		return
	}
	c.stream()
	c.write([]byte(": " + text + "\n\n"))
}

// stream makes the response a stream of events.
func (c *clientWriter) stream() {
	if !c.streaming {
		c.w.Header().Set("Content-Type", "text/event-stream")
		c.w.Header().Set("Cache-Control", "no-cache")
		c.streaming = true
	}
}

// event writes a message as one server-sent event.
func (c *clientWriter) event(data []byte) {
	lines := bytes.ReplaceAll(data, []byte("\n"), []byte("\ndata: "))
	c.write(bytes.Join([][]byte{[]byte("event: message\ndata: "), lines, []byte("\n\n")}, nil))
}

// write sends bytes of the stream at once. Errors are left to the request's context,
// which ends with the connection.
func (c *clientWriter) write(event []byte) {
	_ = c.controller.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, _ = c.w.Write(event)
	_ = c.controller.Flush()
}

// respond ends the call with one JSON-RPC response. Once it streams, status and
// headers are sent, and the response is the stream's last event.
func (c *clientWriter) respond(status int, response []byte) {
	if c.streaming {
		c.event(response)
		return
	}
	_ = c.controller.SetWriteDeadline(time.Now().Add(writeTimeout))
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(response)
}

// result ends the call with the function's result.
func (c *clientWriter) result(result *functionMessage) error {
	if c.modern {
		c.respond(http.StatusOK, result.raw)
		return nil
	}
	response, err := forOlderRevision(result.raw, c.id)
	if err == nil {
		c.respond(http.StatusOK, response)
	}
	return err
}

// forOlderRevision returns a response under the caller's id, without what revisions
// before 2026-07-28 do not know.
func forOlderRevision(response []byte, id json.RawMessage) ([]byte, error) {
	var parsed struct {
		Version string                     `json:"jsonrpc"`
		ID      json.RawMessage            `json:"id"`
		Result  map[string]json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(response, &parsed); err != nil {
		return nil, err
	}
	parsed.ID = id
	delete(parsed.Result, "resultType")
	var meta map[string]json.RawMessage
	if json.Unmarshal(parsed.Result["_meta"], &meta) == nil {
		delete(meta, mcp.MetaKeyServerInfo)
		delete(parsed.Result, "_meta")
		if len(meta) > 0 {
			encoded, err := json.Marshal(meta)
			if err != nil {
				return nil, err
			}
			parsed.Result["_meta"] = encoded
		}
	}
	return json.Marshal(parsed)
}

// fail ends the call with a JSON-RPC error.
func (c *clientWriter) fail(failed *failure) {
	if !c.streaming {
		if failed.retry > 0 {
			c.w.Header().Set("Retry-After", strconv.Itoa(wholeSeconds(failed.retry)))
		}
		for _, challenge := range failed.challenge {
			c.w.Header().Add("WWW-Authenticate", challenge)
		}
	}
	status := failed.status
	if status == 0 {
		status = http.StatusOK
	}
	response, err := json.Marshal(jsonrpc.NewError(c.id, failed.code, failed.message, failed.data))
	if err == nil {
		c.respond(status, response)
	}
}
