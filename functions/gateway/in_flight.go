package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// inFlight are the calls of clients with a session, by the digest of their
// request, so that the client can cancel them. It is safe for concurrent use.
type inFlight struct {
	mu  sync.Mutex
	all map[string]context.CancelCauseFunc
}

// enter returns a context that cancel cancels, until leave is called. Of two
// calls under one id, which a client must not make, the later can be cancelled.
func (f *inFlight) enter(ctx context.Context, request []byte) (entered context.Context, leave func()) {
	if request == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all[string(request)] = cancel
	return ctx, func() {
		cancel(nil)
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.all, string(request))
	}
}

// cancel ends a call of this instance and says whether there is one.
func (f *inFlight) cancel(request []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	cancel, found := f.all[string(request)]
	if found {
		cancel(errGivenUp)
	}
	return found
}

// requestDigest identifies a request of a session; nil when the client has no
// session, and therefore cannot be told from others.
func requestDigest(ctx context.Context, header http.Header, id json.RawMessage) []byte {
	session := header.Get(mcp.HeaderSessionID)
	if session == "" {
		return nil
	}
	return digest([]byte(principal.From(ctx)), []byte(session), id)
}

// cancelled ends the call that a client cancels, wherever it waits. A client
// without a session cancels by closing the connection.
func (g *gateway) cancelled(w http.ResponseWriter, r *http.Request, params json.RawMessage) {
	var named struct {
		ID json.RawMessage `json:"requestId"`
	}
	_ = json.Unmarshal(params, &named) // nothing is cancelled by what cannot be read
	request := requestDigest(r.Context(), r.Header, named.ID)
	if request != nil && len(named.ID) > 0 && !g.inFlight.cancel(request) && takesForms(r.Header) {
		if err := g.pendings.giveUp(r.Context(), request); err != nil {
			slog.WarnContext(r.Context(), "a cancellation cannot be passed on", "error", err)
		}
	}
	w.WriteHeader(http.StatusAccepted)
}
