package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

const mismatched = "the gateway and the function do not fit each other"

// answer is what a function sends back: one JSON document, or a stream of
// notifications that ends in one.
type answer struct {
	gateway  *gateway
	target   *target
	exchange *exchange
	request  *outgoing
	response *http.Response
	body     *boundedReader
	heard    func() // the function gave a sign of life
	pause    func() // it is not the function that is waited for
}

type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *messageError   `json:"error"`
}

type messageError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// read returns the function's response to the call: a result or an error.
func (a *answer) read(ctx context.Context) (*message, *failure) {
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
		return a.stream(ctx)
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
	var document message
	if err := json.Unmarshal(buffer.Bytes(), &document); err != nil {
		return nil, malformed{err}
	}
	return &document, nil
}

// stream relays notifications as they come, up to the final message.
func (a *answer) stream(ctx context.Context) (*message, *failure) {
	events := bufio.NewReader(a.body)
	for {
		data, err := nextEvent(events)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, a.unreadable(err)
		}
		var next message
		if err := json.Unmarshal(data, &next); err != nil {
			return nil, a.unreadable(malformed{err})
		}
		if next.Method == "" {
			return a.final(&next)
		}
		a.relay(ctx, &next)
	}
}

func (a *answer) final(document *message) (*message, *failure) {
	switch {
	case !a.responds(document):
		return nil, a.target.final(outcomeBadResponse, "its function answered a call that was not made", mismatched,
			fmt.Errorf("id %s, want %s", bounded(document.ID), a.request.id))
	case document.Error == nil && (len(document.Result) == 0 || string(document.Result) == "null"):
		return nil, a.target.final(outcomeBadResponse, "its function answered without a result", mismatched, nil)
	}
	return document, nil
}

func (a *answer) responds(document *message) bool { return string(document.ID) == a.request.id }

// relay passes a notification on to the caller, as fast as the caller takes
// them.
func (a *answer) relay(ctx context.Context, notification *message) {
	switch notification.Method {
	case "notifications/progress", "notifications/message":
	default:
		return
	}
	if len(notification.ID) > 0 {
		return
	}
	params, err := members(notification.Params)
	if err != nil {
		slog.WarnContext(ctx, "notification dropped", "tool", a.target.tool.Name, "method", notification.Method, "error", err)
		return
	}
	session := server.ClientSessionFromContext(ctx)
	if session == nil || !a.exchange.CanStream() {
		return
	}
	if streaming, ok := session.(server.SessionWithStreamableHTTPConfig); ok {
		streaming.UpgradeToSSEWhenReceiveNotification()
	}
	meta, _ := params["_meta"].(map[string]any)
	a.pause()
	defer a.heard()
	a.exchange.deliver(ctx, session.NotificationChannel(), mcp.JSONRPCNotification{
		JSONRPC: mcp.JSONRPC_VERSION,
		Notification: mcp.Notification{
			Method: notification.Method,
			Params: mcp.NotificationParams{Meta: meta, AdditionalFields: params},
		},
	})
}

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
func (a *answer) passOn(answered *messageError, modern bool) *failure {
	failed := &failure{outcome: outcomeRPCError, code: answered.Code, message: answered.Message, data: answered.Data}
	switch status := a.response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		failed.status, failed.challenge = status, a.response.Header.Values("WWW-Authenticate")
	case modern:
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

// parseResult decodes a tool's result as far as mcp-go needs it; structured
// content and metadata stay as they came. The function's own identity goes:
// the caller talks to the gateway.
func parseResult(raw json.RawMessage, modern bool) (*mcp.CallToolResult, error) {
	var parsed struct {
		Meta              map[string]json.RawMessage `json:"_meta"`
		ResultType        mcp.ResultType             `json:"resultType"`
		Content           []json.RawMessage          `json:"content"`
		StructuredContent json.RawMessage            `json:"structuredContent"`
		IsError           bool                       `json:"isError"`
		InputRequests     mcp.InputRequests          `json:"inputRequests"`
		RequestState      string                     `json:"requestState"`
	}
	if err := json.Unmarshal(raw, &parsed); err != nil {
		return nil, fmt.Errorf("tool result: %w", err)
	}
	result := &mcp.CallToolResult{
		IsError:              parsed.IsError,
		MultiRoundTripResult: mcp.MultiRoundTripResult{InputRequests: parsed.InputRequests, RequestState: parsed.RequestState},
	}
	result.ResultType = parsed.ResultType
	if parsed.Content == nil && !result.NeedsInput() {
		return nil, errors.New("tool result: content is missing")
	}
	for _, item := range parsed.Content {
		content, err := mcp.UnmarshalContent(item)
		if err != nil {
			return nil, fmt.Errorf("tool result: content: %w", err)
		}
		result.Content = append(result.Content, content)
	}
	if string(parsed.StructuredContent) != "null" {
		result.RawStructuredContent = parsed.StructuredContent
	}
	delete(parsed.Meta, mcp.MetaKeyServerInfo)
	if len(parsed.Meta) > 0 {
		result.Meta = &mcp.Meta{AdditionalFields: make(map[string]any, len(parsed.Meta))}
		for key, value := range parsed.Meta {
			result.Meta.AdditionalFields[key] = value
		}
	}
	if !modern && result.ResultType == mcp.ResultTypeComplete {
		result.ResultType = ""
	}
	return result, nil
}

type malformed struct{ error }

func (m malformed) Unwrap() error { return m.error }

func bounded(id json.RawMessage) string {
	const enough = 64
	if len(id) > enough {
		return string(id[:enough]) + "…"
	}
	return string(id)
}
