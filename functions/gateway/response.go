package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// isResponse says whether a message responds to a request of the gateway's.
func isResponse(message envelope) (id string, ok bool) {
	if message.Method != "" || json.Unmarshal(message.ID, &id) != nil {
		return "", false
	}
	return id, strings.HasPrefix(id, pendingIDPrefix)
}

// takeResponse accepts a client's response to a form. It is stored before it is
// acknowledged; where no call of this instance waits for it, the function records
// it at once, because no other call may come.
func (g *gateway) takeResponse(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	var response clientResponse
	if err := json.Unmarshal(body, &response); err != nil || (response.Result == nil) == (response.Error == nil) {
		jsonrpc.WriteError(w, http.StatusBadRequest, jsonrpc.InvalidRequest, "a response has either a result or an error")
		return
	}
	p, known, err := g.pendings.respond(r.Context(), id, response)
	switch {
	case err != nil:
		slog.WarnContext(r.Context(), "response cannot be stored", "error", err)
		writeUnavailable(w, "the response cannot be stored at the moment")
		return
	case !known:
		jsonrpc.WriteError(w, http.StatusNotFound, jsonrpc.InvalidRequest, "the form has been answered, has expired or was forgotten")
		return
	}
	if g.waiters.poke(r.Context(), p.Conversation) || !p.Response.accepted() {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	failed := g.record(context.WithoutCancel(r.Context()), p, r.Header)
	switch {
	case failed == nil:
		w.WriteHeader(http.StatusAccepted)
	case failed.retry > 0:
		slog.WarnContext(r.Context(), "response cannot be recorded", "error", failed.message, "cause", failed.causeText())
		writeUnavailable(w, "the response is kept and cannot be recorded at the moment")
	default:
		slog.WarnContext(r.Context(), "response is not recorded", "error", failed.message, "cause", failed.causeText())
		jsonrpc.WriteError(w, http.StatusNotFound, jsonrpc.InvalidRequest, "the form no longer counts: its conversation was forgotten, or its state has expired")
	}
}

// record has the function record the response of a pending elicitation, with the
// credentials in header. The function counts a state once, so that it may be
// recorded again by the call that uses the response.
func (g *gateway) record(ctx context.Context, p pending, header http.Header) *failure {
	t, known := g.targets[p.Tool]
	if !known {
		return &failure{outcome: outcomeNotFound, message: p.Tool + ": there is no such tool any more"}
	}
	call := &toolCall{id: json.RawMessage(`0`), header: header, forms: modes}
	call.params.Name = p.Tool
	call.use(p)
	_, outcome, failed := g.callOnce(ctx, t, call, newCaller(unread{}, call.id, false))
	if failed == nil && outcome == outcomeToolError {
		failed = t.final(outcomeToolError, "its function refused a late response", "", nil)
	}
	return failed
}

// unread is a response writer for what nobody reads: a function's notifications
// about a call that nobody waits for.
type unread struct{}

func (unread) Header() http.Header         { return http.Header{} }
func (unread) Write(p []byte) (int, error) { return len(p), nil }
func (unread) WriteHeader(int)             {}
