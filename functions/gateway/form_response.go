package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// receive accepts a client's response to a form. It is stored before it is
// acknowledged; where no call of this instance waits for it, the function records
// it at once, because no other call may come. The client that gets 202 may forget
// the response; one that gets 503 should send it again, which changes nothing if it
// was stored. Declined and cancelled forms wait for the next call: there is no
// answer in them that could be lost.
func (b *bridge) receive(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	var response clientResponse
	if err := json.Unmarshal(body, &response); err != nil || (response.Result == nil) == (response.Error == nil) {
		jsonrpc.WriteError(w, http.StatusBadRequest, jsonrpc.InvalidRequest, "a response has either a result or an error")
		return
	}
	p, known, err := b.pendings.respond(r.Context(), id, response)
	switch {
	case err != nil:
		slog.WarnContext(r.Context(), "response cannot be stored", "error", err)
		writeUnavailable(w, "the response cannot be stored at the moment")
		return
	case !known:
		jsonrpc.WriteError(w, http.StatusNotFound, jsonrpc.InvalidRequest, "the form has been answered, has expired or was forgotten")
		return
	}
	if b.waiters.notify(r.Context(), p.Conversation) || !p.Response.accepted() {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	failed := b.record(context.WithoutCancel(r.Context()), p, r.Header)
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
