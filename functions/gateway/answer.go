package gateway

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

const mismatched = "the gateway and the function do not fit each other"

// answer is what a function sends back: one JSON document, or a stream of
// notifications that ends in one.
type answer struct {
	gateway  *gateway
	target   *target
	to       *caller
	id       string // of the call, as sent
	response *http.Response
	body     *boundedReader
	heard    func() // the function gave a sign of life
	pause    func() // it is not the function that is waited for
}

// message is one JSON-RPC message of a function, decoded as far as the gateway
// has to know it.
type message struct {
	raw    []byte
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result *toolResult     `json:"result"`
	Error  *messageError   `json:"error"`
}

type toolResult struct {
	ResultType mcp.ResultType `json:"resultType"`
	Content    *anyList       `json:"content"`
	IsError    bool           `json:"isError"`
	Meta       struct {
		// Conversation is the one that the result belongs to, as long as it is open.
		Conversation string `json:"sequential-questioning/conversation"`
	} `json:"_meta"`
}

// anyList is a list whose items do not matter.
type anyList struct{}

func (*anyList) UnmarshalJSON(data []byte) error {
	if data[0] != '[' {
		return errors.New("content is not a list")
	}
	return nil
}

type messageError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

func parseMessage(raw []byte) (*message, error) {
	parsed := &message{raw: raw}
	if err := json.Unmarshal(raw, parsed); err != nil {
		return nil, malformed{err}
	}
	return parsed, nil
}

// read returns the function's response to the call, a result or an error, and
// passes on what comes before it.
func (a *answer) read() (*message, *failure) {
	mediaType, _, _ := mime.ParseMediaType(a.response.Header.Get("Content-Type"))
	if a.response.StatusCode != http.StatusOK {
		// A JSON-RPC error may come with any status; anything else that does
		// is not from the function.
		if mediaType == "application/json" {
			if document, err := a.document(); err == nil && a.responds(document) && document.Error != nil {
				return document, nil
			}
		}
		return nil, a.refused()
	}
	switch mediaType {
	case "application/json":
		document, err := a.document()
		if err != nil {
			return nil, a.unreadable(err)
		}
		return a.final(document)
	case "text/event-stream":
		return a.stream()
	default:
		return nil, a.target.final(outcomeBadResponse,
			fmt.Sprintf("its function answered with content of type %q", mediaType), mismatched, nil)
	}
}

func (a *answer) document() (*message, error) {
	size := a.response.ContentLength
	if size > a.gateway.config.MaxResponseBytes {
		return nil, errTooLarge
	}
	buffer := bytes.NewBuffer(make([]byte, 0, max(size, 0)+bytes.MinRead))
	if _, err := buffer.ReadFrom(a.body); err != nil {
		return nil, err
	}
	return parseMessage(bytes.TrimSpace(buffer.Bytes()))
}

// stream passes notifications on as they come, up to the final message.
func (a *answer) stream() (*message, *failure) {
	events := bufio.NewReader(a.body)
	for {
		data, err := nextEvent(events)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, a.unreadable(err)
		}
		next, err := parseMessage(data)
		if err != nil {
			return nil, a.unreadable(err)
		}
		if next.Method == "" {
			return a.final(next)
		}
		switch next.Method {
		case "notifications/progress", "notifications/message":
			a.pause()
			a.to.send(data)
			a.heard()
		}
	}
}

func (a *answer) final(document *message) (*message, *failure) {
	switch {
	case !a.responds(document):
		return nil, a.target.final(outcomeBadResponse, "its function answered a call that was not made", mismatched,
			fmt.Errorf("id %s, want %s", excerpt(document.ID), a.id))
	case document.Error == nil && document.Result == nil:
		return nil, a.target.final(outcomeBadResponse, "its function answered without a result", mismatched, nil)
	}
	return document, nil
}

func (a *answer) responds(document *message) bool { return string(document.ID) == a.id }

// refused explains a status that carries no JSON-RPC answer.
func (a *answer) refused() *failure {
	status, header := a.response.StatusCode, a.response.Header
	answered := "its function answered HTTP " + strconv.Itoa(status)
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return a.target.retryable(outcomeUnavailable, "its function is busy (HTTP "+strconv.Itoa(status)+")", retryAfter(header, 2*time.Second), nil)
	case status >= 500:
		return a.target.retryable(outcomeUnavailable, answered, retryAfter(header, 2*time.Second), nil)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		failed := a.target.final(outcomeRefused, answered, "the call needs an access token that allows it", nil)
		failed.status, failed.challenge = status, header.Values("WWW-Authenticate")
		return failed
	case status == http.StatusNotFound:
		return a.target.final(outcomeNotFound, answered+": it is not deployed under its address", "deploy it, or set FUNCTION_URL", nil)
	default:
		return a.target.final(outcomeBadResponse, answered, mismatched, nil)
	}
}

func (a *answer) unreadable(err error) *failure {
	var garbled malformed
	switch {
	case errors.Is(err, errTooLarge):
		return a.target.final(outcomeTooLarge,
			fmt.Sprintf("its function answered more than %d bytes", a.gateway.config.MaxResponseBytes),
			"ask for less, or raise MAX_RESPONSE_BYTES", err)
	case errors.As(err, &garbled):
		return a.target.final(outcomeBadResponse, "its function answered something that is not JSON-RPC", mismatched, err)
	default:
		return a.target.retryable(outcomeCut, "its function broke off in the middle of its answer", 2*time.Second, err)
	}
}

// passOn is the function's own JSON-RPC error.
func (a *answer) passOn(answered *messageError) *failure {
	failed := &failure{outcome: outcomeRPCError, code: answered.Code, message: answered.Message, data: answered.Data}
	switch status := a.response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		failed.status, failed.challenge = status, a.response.Header.Values("WWW-Authenticate")
	case a.to.modern:
		failed.status = statusOf(answered.Code)
	}
	if a.response.Header.Get("Retry-After") != "" {
		failed.retry = max(retryAfter(a.response.Header, 0), time.Second)
	}
	return failed
}

// statusOf is the HTTP status that revision 2026-07-28 gives a JSON-RPC error.
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

// outcome says what a tool's result comes to, and an error when it is none.
func (r *toolResult) outcome() (string, error) {
	switch {
	case r.ResultType == mcp.ResultTypeInputRequired:
		return outcomeInputRequired, nil
	case r.Content == nil:
		return "", errors.New("tool result: content is missing")
	case r.IsError:
		return outcomeToolError, nil
	}
	return outcomeOK, nil
}

type malformed struct{ error }

func (m malformed) Unwrap() error { return m.error }

func excerpt(id json.RawMessage) string {
	const enough = 64
	if len(id) > enough {
		return string(id[:enough]) + "…"
	}
	return string(id)
}
