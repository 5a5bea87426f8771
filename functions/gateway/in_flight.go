package gateway

import (
	"context"
	"sync"
)

// inFlight holds the calls of clients with a session, by the digest of their
// request, so that the client can cancel them. It is safe for concurrent use.
type inFlight struct {
	mu  sync.Mutex
	all map[string]context.CancelCauseFunc
}

// track returns a context that cancel cancels, until untrack is called. Of two
// calls under one id, which a client must not make, the later can be cancelled.
func (f *inFlight) track(ctx context.Context, request []byte) (tracked context.Context, untrack func()) {
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
