package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// Outcomes of a call: labels of its metric, and the reason in its error's data.
// Alerts and dashboards count them; renaming one is a change of the contract.
const (
	outcomeOK            = "ok"
	outcomeToolError     = "tool_error"     // a result with isError
	outcomeInputRequired = "input_required" // the function asks the person
	outcomeRPCError      = "rpc_error"      // the function's own JSON-RPC error
	outcomeUnreachable   = "unreachable"    // no connection to the function
	outcomeTimeout       = "timeout"        // FUNCTION_TIMEOUT without a byte
	outcomeUnavailable   = "unavailable"    // HTTP 429 or 5xx, or the database is down
	outcomeRefused       = "refused"        // HTTP 401 or 403, or a forgotten conversation
	outcomeNotFound      = "not_found"      // HTTP 404: the function is not deployed
	outcomeBadResponse   = "bad_response"   // not what the contract says
	outcomeTooLarge      = "too_large"      // more than MaxResponseBytes
	outcomeCut           = "cut"            // the connection broke
	outcomeOverloaded    = "overloaded"     // MAX_CONCURRENT_CALLS are under way
	outcomeLimited       = "limited"        // the principal makes more than CALLS_PER_MINUTE
	outcomeStopping      = "stopping"       // the gateway shuts down
	outcomeCanceled      = "canceled"       // by the client
)

// Why a call ends before its function has responded.
var (
	// errStopping ends what is in flight when the gateway has no more time.
	errStopping = errors.New("the gateway is shutting down")
	// errSilent ends a call whose function sends nothing for FUNCTION_TIMEOUT.
	errSilent = errors.New("no response within FUNCTION_TIMEOUT")
	// errGivenUp ends a call whose client has cancelled the request.
	errGivenUp = errors.New("the client cancelled the request")
)

// incompatible is the remedy in errors about a response that the gateway cannot use.
const incompatible = "the gateway and the function do not fit each other"

// failure is a call that ends in a JSON-RPC error.
type failure struct {
	outcome   string
	code      int
	message   string
	data      json.RawMessage
	status    int           // HTTP status; 0 is 200, as JSON-RPC errors go
	retry     time.Duration // Retry-After; 0 when the call would fail again
	challenge []string      // WWW-Authenticate
	cause     error         // for the log; clients do not see it
}

// Error is the message that the client gets.
func (f *failure) Error() string { return f.message }

// Unwrap returns the cause, which is for the log alone: it may name hosts.
func (f *failure) Unwrap() error { return f.cause }

// causeText returns the cause for the log, empty where there is none.
func (f *failure) causeText() string {
	if f.cause == nil {
		return ""
	}
	return f.cause.Error()
}

// retryable returns a failure that the same call may not meet again.
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

// canceled returns the failure of a call that its client cancelled.
func (t *target) canceled(cause error) *failure {
	return &failure{outcome: outcomeCanceled, code: jsonrpc.InternalError, message: t.tool.Name + ": the caller cancelled the call", cause: cause}
}

// noResult returns the failure of a call whose function responded with no tool result.
func (t *target) noResult(cause error) *failure {
	return t.final(outcomeBadResponse, "its function answered something that is no tool result", incompatible, cause)
}

// final returns a failure that the same call would meet again.
func (t *target) final(outcome, what, remedy string, cause error) *failure {
	return &failure{
		outcome: outcome,
		code:    jsonrpc.InternalError,
		message: fmt.Sprintf("%s: %s; retrying will not help: %s", t.tool.Name, what, remedy),
		data:    failureData(outcome, 0),
		cause:   cause,
	}
}

// failureData is the data member of a failed call's JSON-RPC error. Its names are
// part of the wire contract.
func failureData(reason string, retryAfterSeconds int) json.RawMessage {
	if retryAfterSeconds == 0 {
		return json.RawMessage(`{"reason":"` + reason + `","retryable":false}`)
	}
	return json.RawMessage(`{"reason":"` + reason + `","retryable":true,"retryAfterSeconds":` + strconv.Itoa(retryAfterSeconds) + `}`)
}

// wholeSeconds rounds up: Retry-After has whole seconds, at least one.
func wholeSeconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

// maxRetryAfter bounds what a function can have its callers wait.
const maxRetryAfter = 2 * time.Minute

// retryAfter reads a Retry-After header, in seconds or as a date. It returns
// otherwise when the header is absent or unreadable.
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

// writeUnavailable answers 503, to be retried in a second.
func writeUnavailable(w http.ResponseWriter, text string) {
	w.Header().Set("Retry-After", "1")
	jsonrpc.WriteError(w, http.StatusServiceUnavailable, jsonrpc.InternalError, text+"; retry in 1 s: a repeated call is never counted twice")
}
