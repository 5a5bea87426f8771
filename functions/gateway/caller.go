package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// caller is where the answer to one tools/call goes: a JSON document, or a
// stream of events once there is a notification to pass on.
type caller struct {
	w          http.ResponseWriter
	controller *http.ResponseController
	id         json.RawMessage
	modern     bool // speaks 2026-07-28: what the function answers is passed on as it is
	streaming  bool
	waited     time.Duration // for the person
	keepalives int           // sent meanwhile
	cold       bool          // the function had to be started
}

// writeTimeout is how long one write may take: the server's own deadline counts
// from the request and would cut a stream, and none would let a client that
// stopped reading hold the call for ever.
const writeTimeout = 30 * time.Second

func newCaller(w http.ResponseWriter, id json.RawMessage, modern bool) *caller {
	return &caller{w: w, controller: http.NewResponseController(w), id: id, modern: modern}
}

// send puts a message on the call's stream at once: a notification, or a request
// to the client.
func (c *caller) send(message []byte) {
	c.stream()
	c.event(message)
}

// alive keeps the stream, and a client that counts the seconds, from giving up:
// by progress for one that asked for it, by a comment for others.
func (c *caller) alive(progressToken json.RawMessage, text string) {
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

// stream makes the answer a stream of events.
func (c *caller) stream() {
	if !c.streaming {
		c.w.Header().Set("Content-Type", "text/event-stream")
		c.w.Header().Set("Cache-Control", "no-cache")
		c.streaming = true
	}
}

func (c *caller) event(data []byte) {
	lines := bytes.ReplaceAll(data, []byte("\n"), []byte("\ndata: "))
	c.write(bytes.Join([][]byte{[]byte("event: message\ndata: "), lines, []byte("\n\n")}, nil))
}

func (c *caller) write(event []byte) {
	_ = c.controller.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, _ = c.w.Write(event)
	_ = c.controller.Flush()
}

// respond ends the call with one JSON-RPC response.
func (c *caller) respond(status int, response []byte) {
	if c.streaming {
		c.event(response)
		return
	}
	_ = c.controller.SetWriteDeadline(time.Now().Add(writeTimeout))
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(response)
}

// result ends the call with what the function answered.
func (c *caller) result(answered *message) error {
	if c.modern {
		c.respond(http.StatusOK, answered.raw)
		return nil
	}
	response, err := forOlderRevision(answered.raw, c.id)
	if err == nil {
		c.respond(http.StatusOK, response)
	}
	return err
}

// forOlderRevision is a response under the caller's id, without what revisions
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
func (c *caller) fail(failed *failure) {
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

// acknowledging is the response writer that mcp-go sees. It tells when a first
// event is written: mcp-go drops the acknowledgement of a subscription when the
// result overtakes it.
type acknowledging struct {
	http.ResponseWriter
	written chan struct{}
}

type acknowledgingKey struct{}

func (a *acknowledging) CanStream() bool { return true }

func (a *acknowledging) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

func (a *acknowledging) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	if strings.HasPrefix(a.Header().Get("Content-Type"), "text/event-stream") {
		select {
		case a.written <- struct{}{}:
		default:
		}
	}
	return n, err
}
