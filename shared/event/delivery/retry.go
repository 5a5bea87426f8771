package delivery

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// retryInterval is how long a relay waits at least before it tries again what failed.
const retryInterval = 5 * time.Second

// retry drains again what a drain left, without waiting to be asked: the timer that wakes
// a relay at rest is rare. It lasts as long as the instance does, which on Knative is a
// minute or so after its last request; what is left then waits for a nudge or the timer.
type retry struct {
	drain func(context.Context) (Drained, bool, error)
	ctx   context.Context
	end   context.CancelFunc
	run   sync.WaitGroup

	mu    sync.Mutex
	timer *time.Timer // of the next drain; after close it is stopped for good
}

// newRetry returns a retry whose first drain is soon, unless one is asked for before: an
// instance that starts although nobody asks replaces one that was killed, and with it the
// request that it was working for.
func newRetry(drain func(context.Context) (Drained, bool, error)) *retry {
	ctx, end := context.WithCancel(context.Background())
	r := &retry{drain: drain, ctx: ctx, end: end}
	r.mu.Lock() // again must see the timer
	defer r.mu.Unlock()
	r.timer = time.AfterFunc(retryInterval, r.again)
	return r
}

// after looks at what a drain did, and has another follow where it left something: at
// once where only its time was up, and when the first event comes due that failed, or that
// another relay has claimed and may have been killed with. Nothing else is due then. A
// nil *retry does nothing.
func (r *retry) after(done Drained, err error) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ctx.Err() != nil:
	case err == nil && done.More:
		r.timer.Reset(0)
	case err != nil || done.Failed > 0 || done.nextDue > 0:
		r.timer.Reset(max(retryInterval, done.nextDue))
	default:
		r.timer.Stop()
	}
}

func (r *retry) again() {
	r.mu.Lock()
	if r.ctx.Err() != nil {
		r.mu.Unlock()
		return
	}
	r.run.Add(1)
	r.mu.Unlock()
	defer r.run.Done()
	done, ran, err := r.drain(r.ctx)
	if err != nil && r.ctx.Err() == nil {
		slog.WarnContext(r.ctx, "events wait", "error", err)
	}
	if ran {
		r.after(done, err)
	}
}

// close ends a drain under way, and waits for it.
func (r *retry) close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.end()
	r.timer.Stop()
	r.mu.Unlock()
	r.run.Wait()
}
