package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// maxLoggedID bounds what the log has of an id that a function made up, in
// characters; the gateway's own ids are shorter.
const maxLoggedID = 64

// functionResponse is what a function sends back: one JSON document, or a stream of
// notifications that ends in one.
type functionResponse struct {
	*http.Response
	target *target
	client *clientWriter // of notifications
	id     string        // of the call, as sent
	body   *boundedReader
	limit  int64 // of the body, in bytes
}

// read returns the function's response to the call, a result or an error, and
// passes on what comes before it.
func (r *functionResponse) read() (*functionMessage, *failure) {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.StatusCode != http.StatusOK {
		// A JSON-RPC error may come with any status; anything else that does
		// is not from the function.
		if mediaType == "application/json" {
			if document, err := r.document(); err == nil && r.responds(document) && document.Error != nil {
				return document, nil
			}
		}
		return nil, r.refused()
	}
	switch mediaType {
	case "application/json":
		document, err := r.document()
		if err != nil {
			return nil, r.unreadable(err)
		}
		return r.final(document)
	case "text/event-stream":
		return r.stream()
	default:
		return nil, r.target.final(outcomeBadResponse,
			fmt.Sprintf("its function answered with content of type %q", mediaType), incompatible, nil)
	}
}

// document reads a response of content type application/json.
func (r *functionResponse) document() (*functionMessage, error) {
	size := r.ContentLength
	if size > r.limit {
		return nil, errTooLarge
	}
	buffer := bytes.NewBuffer(make([]byte, 0, max(size, 0)+bytes.MinRead))
	if _, err := buffer.ReadFrom(r.body); err != nil {
		return nil, err
	}
	return parseMessage(bytes.TrimSpace(buffer.Bytes()))
}

// stream passes notifications on as they come, up to the final message. Requests and
// unknown notifications of a function are dropped: it cannot ask a client anything but
// by its result. The idle timer rests while the client is written to, so that a slow
// client is not taken for a silent function.
func (r *functionResponse) stream() (*functionMessage, *failure) {
	events := bufio.NewReader(r.body)
	for {
		data, err := nextEvent(events)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, r.unreadable(err)
		}
		next, err := parseMessage(data)
		if err != nil {
			return nil, r.unreadable(err)
		}
		if next.Method == "" {
			return r.final(next)
		}
		switch next.Method {
		case "notifications/progress", "notifications/message":
			r.body.idle.stop()
			r.client.send(data)
			r.body.idle.restart()
		}
	}
}

// final checks that a document is the response to the call.
func (r *functionResponse) final(document *functionMessage) (*functionMessage, *failure) {
	switch {
	case !r.responds(document):
		return nil, r.target.final(outcomeBadResponse, "its function answered a call that was not made", incompatible,
			fmt.Errorf("id %s, want %s", plain.Excerpt(string(document.ID), maxLoggedID), r.id))
	case document.Error == nil && document.Result == nil:
		return nil, r.target.final(outcomeBadResponse, "its function answered without a result", incompatible, nil)
	}
	return document, nil
}

// responds reports whether a message has the id of the call, byte for byte: functions
// return an id as it was sent.
func (r *functionResponse) responds(document *functionMessage) bool {
	return string(document.ID) == r.id
}

// refused explains a status that carries no JSON-RPC response: it is from Knative's
// queue-proxy or activator, from an ingress, or from the function's check of tokens.
// 429 and 5xx pass; another status needs somebody to change something.
func (r *functionResponse) refused() *failure {
	status, header := r.StatusCode, r.Header
	answered := "its function answered HTTP " + strconv.Itoa(status)
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return r.target.retryable(outcomeUnavailable, "its function is busy (HTTP "+strconv.Itoa(status)+")", retryAfter(header, 2*time.Second), nil)
	case status >= 500:
		return r.target.retryable(outcomeUnavailable, answered, retryAfter(header, 2*time.Second), nil)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		failed := r.target.final(outcomeRefused, answered, "the call needs an access token that allows it", nil)
		failed.status, failed.challenge = status, header.Values("WWW-Authenticate")
		return failed
	case status == http.StatusNotFound:
		return r.target.final(outcomeNotFound, answered+": it is not deployed under its address", "deploy it, or set FUNCTION_URL", nil)
	default:
		return r.target.final(outcomeBadResponse, answered, incompatible, nil)
	}
}

// unreadable explains why the body could not be read or parsed. Only what broke off
// is worth another call.
func (r *functionResponse) unreadable(err error) *failure {
	var garbled malformed
	switch {
	case errors.Is(err, errTooLarge):
		return r.target.final(outcomeTooLarge,
			fmt.Sprintf("its function answered more than %d bytes", r.limit),
			"ask for less", err)
	case errors.As(err, &garbled):
		return r.target.final(outcomeBadResponse, "its function answered something that is not JSON-RPC", incompatible, err)
	default:
		return r.target.retryable(outcomeCut, "its function broke off in the middle of its answer", 2*time.Second, err)
	}
}

// passOn returns the function's own JSON-RPC error, under the status that the client's
// revision gives it. Revisions before 2026-07-28 answer errors with 200.
func (r *functionResponse) passOn(e *functionError) *failure {
	failed := &failure{outcome: outcomeRPCError, code: e.Code, message: e.Message, data: e.Data}
	switch status := r.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		failed.status, failed.challenge = status, r.Header.Values("WWW-Authenticate")
	case r.client.modern:
		failed.status = statusOf(e.Code)
	}
	if r.Header.Get("Retry-After") != "" {
		failed.retry = max(retryAfter(r.Header, 0), time.Second)
	}
	return failed
}

// statusOf returns the HTTP status that revision 2026-07-28 gives a JSON-RPC error.
func statusOf(code int) int {
	switch code {
	case mcp.METHOD_NOT_FOUND:
		return http.StatusNotFound
	case mcp.HEADER_MISMATCH, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION,
		mcp.INVALID_REQUEST, mcp.INVALID_PARAMS, mcp.PARSE_ERROR:
		return http.StatusBadRequest
	default:
		return http.StatusOK
	}
}

// release gives the connection back for the next call and ends the request's
// context. A document is read to its end already; a stream may have more to come,
// which is not waited for long.
func (r *functionResponse) release(cancel context.CancelCauseFunc) {
	if !r.client.streaming && r.body.ended {
		_ = r.Body.Close()
		cancel(nil)
		return
	}
	go func() {
		timer := time.AfterFunc(time.Second, func() { cancel(nil) })
		defer timer.Stop()
		_, _ = io.CopyN(io.Discard, r.Body, 4<<10)
		_ = r.Body.Close()
		cancel(nil)
	}()
}
