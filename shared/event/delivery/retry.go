package delivery

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// retryInterval is how long a relay waits before it tries again what failed. Events wait
// longer themselves where they have failed before; those behind a failed one of the same
// conversation are due at once, and should not outlast the instance.
const retryInterval = 5 * time.Second

// retry drains again what a drain left, without waiting to be asked: the timer that wakes
// a relay at rest is rare. It lasts as long as the instance does, which on Knative is a
// minute or so after its last request; what is left then waits for a nudge or the timer.
type retry struct {
	drain func(context.Context) (Drained, bool, error)
	ctx   context.Context
	end   context.CancelFunc
	run   sync.WaitGroup

	mu      sync.Mutex
	pending bool
}

func newRetry(drain func(context.Context) (Drained, bool, error)) *retry {
	ctx, end := context.WithCancel(context.Background())
	return &retry{drain: drain, ctx: ctx, end: end}
}

// after looks at what a drain did, and has another follow where it left something: at
// once where only its time was up. A nil *retry does nothing.
func (r *retry) after(done Drained, err error) {
	if r == nil || err == nil && done.Failed == 0 && !done.More {
		return
	}
	wait := retryInterval
	if err == nil && done.More {
		wait = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending || r.ctx.Err() != nil {
		return
	}
	r.pending = true
	r.run.Go(func() { r.again(wait) })
}

func (r *retry) again(wait time.Duration) {
	select {
	case <-time.After(wait):
	case <-r.ctx.Done():
		return
	}
	done, ran, err := r.drain(r.ctx)
	r.mu.Lock()
	r.pending = false
	r.mu.Unlock()
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
	r.mu.Unlock()
	r.run.Wait()
}
