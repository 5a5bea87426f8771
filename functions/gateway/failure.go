package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// What became of a call, as its metric and its error's data say it.
const (
	outcomeOK            = "ok"
	outcomeToolError     = "tool_error"
	outcomeInputRequired = "input_required"
	outcomeRPCError      = "rpc_error"
	outcomeUnreachable   = "unreachable"
	outcomeTimeout       = "timeout"
	outcomeUnavailable   = "unavailable"
	outcomeRefused       = "refused"
	outcomeNotFound      = "not_found"
	outcomeBadResponse   = "bad_response"
	outcomeTooLarge      = "too_large"
	outcomeCut           = "cut"
	outcomeOverloaded    = "overloaded"
	outcomeStopping      = "stopping"
	outcomeCanceled      = "canceled"
)

// failure is a call that ends in a JSON-RPC error.
type failure struct {
	outcome   string
	code      int
	message   string
	data      json.RawMessage
	status    int // HTTP status; 0 is 200, as JSON-RPC errors go
	retry     time.Duration
	challenge []string // WWW-Authenticate
	cause     error
}

func (f *failure) Error() string { return f.message }

func (f *failure) Unwrap() error { return f.cause }

func (f *failure) causeText() string {
	if f.cause == nil {
		return ""
	}
	return f.cause.Error()
}

// retryable is a failure that the same call may not meet again.
func (t *target) retryable(outcome, what string, after time.Duration, cause error) *failure {
	seconds := wholeSeconds(after)
	return &failure{
		outcome: outcome,
		code:    jsonrpc.InternalError,
		message: fmt.Sprintf("%s: %s; retry in %d s: a repeated call is never counted twice", t.tool.Name, what, seconds),
		data:    failureData(outcome, seconds),
		retry:   time.Duration(seconds) * time.Second,
		cause:   cause,
	}
}

// final is a failure that the same call would meet again.
func (t *target) final(outcome, what, remedy string, cause error) *failure {
	return &failure{
		outcome: outcome,
		code:    jsonrpc.InternalError,
		message: fmt.Sprintf("%s: %s; retrying will not help: %s", t.tool.Name, what, remedy),
		data:    failureData(outcome, 0),
		cause:   cause,
	}
}

func failureData(reason string, retryAfterSeconds int) json.RawMessage {
	if retryAfterSeconds == 0 {
		return json.RawMessage(`{"reason":"` + reason + `","retryable":false}`)
	}
	return json.RawMessage(`{"reason":"` + reason + `","retryable":true,"retryAfterSeconds":` + strconv.Itoa(retryAfterSeconds) + `}`)
}

func wholeSeconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

const maxRetryAfter = 2 * time.Minute

// retryAfter reads a Retry-After header; absent or unreadable it is otherwise.
func retryAfter(header http.Header, otherwise time.Duration) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter)
	}
	return otherwise
}

func writeUnavailable(w http.ResponseWriter, text string) {
	w.Header().Set("Retry-After", "1")
	jsonrpc.WriteError(w, http.StatusServiceUnavailable, jsonrpc.InternalError, text+"; retry in 1 s: a repeated call is never counted twice")
}
