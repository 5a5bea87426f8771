package gateway

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

const (
	// firstPollInterval grows by half at each poll, up to the poll interval: a program
	// that stands in for a person responds at once, and people take their time.
	firstPollInterval = 50 * time.Millisecond
	// storeTimeout bounds a statement that a call does not depend on, so that the
	// call ends in time.
	storeTimeout = 2 * time.Second
)

// errNoResponse ends a wait: it took too long, another call waits for the same
// conversation now, or the gateway is draining.
var errNoResponse = errors.New("no response to the form")

// waiters are the calls of this instance that wait for a response, by principal
// and conversation. It is safe for concurrent use.
type waiters struct {
	pendings     pendingStore
	pollInterval time.Duration // of the store, at most
	keepalive    time.Duration // interval
	// drain ends every wait, now and later; draining is closed by it.
	drain    func()
	draining chan struct{}

	mu  sync.Mutex
	all map[string][]chan struct{}
}

// newWaiters returns waiters of which none waits yet.
func newWaiters(config Config, pendings pendingStore) *waiters {
	draining := make(chan struct{})
	return &waiters{
		pendings:     pendings,
		pollInterval: config.ElicitationPollInterval,
		keepalive:    config.ElicitationKeepaliveInterval,
		drain:        sync.OnceFunc(func() { close(draining) }),
		draining:     draining,
		all:          map[string][]chan struct{}{},
	}
}

// waiterKey keeps the conversations of principals apart: ids come from clients.
func waiterKey(ctx context.Context, conversation string) string {
	return principal.From(ctx) + "\x00" + conversation
}

// subscribe returns a channel that receives when a conversation's pending
// elicitations have changed, until unsubscribe is called.
func (w *waiters) subscribe(ctx context.Context, conversation string) (changed <-chan struct{}, unsubscribe func()) {
	key, channel := waiterKey(ctx, conversation), make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all[key] = append(w.all[key], channel)
	return channel, sync.OnceFunc(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		rest := w.all[key][:0:0]
		for _, other := range w.all[key] {
			if other != channel {
				rest = append(rest, other)
			}
		}
		if w.all[key] = rest; len(rest) == 0 {
			delete(w.all, key)
		}
	})
}

// notify has the waiters of a conversation read the store, and says whether there
// are any.
func (w *waiters) notify(ctx context.Context, conversation string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting := w.all[waiterKey(ctx, conversation)]
	for _, channel := range waiting {
		select {
		case channel <- struct{}{}:
		default: // it is about to read
		}
	}
	return len(waiting) > 0
}

// wait returns the first of the conversation's pending elicitations that has a
// response. Meanwhile it calls keepalive at the keepalive interval. A response that
// is stored by the time it returns is returned, even when the client has gone.
func (w *waiters) wait(ctx context.Context, p pending, until time.Time, keepalive func()) (pending, error) {
	changed, unsubscribe := w.subscribe(ctx, p.Conversation)
	defer unsubscribe()
	over := time.NewTimer(time.Until(until))
	defer over.Stop()
	alive := time.NewTicker(w.keepalive)
	defer alive.Stop()
	interval := firstPollInterval
	poll := time.NewTimer(interval)
	defer poll.Stop()
	var ended error
	for ended == nil {
		select {
		case <-changed:
		case <-poll.C:
			interval = min(interval*3/2, w.pollInterval)
			poll.Reset(interval)
		case <-alive.C:
			keepalive()
			continue
		case <-over.C:
			ended = errNoResponse
		case <-w.draining:
			ended = errNoResponse
		case <-ctx.Done():
			ended = ctx.Err()
		}
		if ended != nil {
			unsubscribe() // from here on, who stores a response does not count on this call
		}
		if responded, found, err := w.read(ctx, p); found || err != nil {
			return responded, err
		}
	}
	return pending{}, ended
}

// read returns the pending elicitation of p's conversation that got a response
// since p was opened, if there is one, or why p is no longer waited for.
func (w *waiters) read(ctx context.Context, p pending) (responded pending, found bool, err error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	all, err := w.pendings.ofConversation(bounded, p.Conversation)
	if err != nil {
		slog.WarnContext(ctx, "pending elicitations cannot be read", "error", err)
		return responded, false, nil // the next poll may succeed
	}
	own := slices.IndexFunc(all, func(other pending) bool { return other.ID == p.ID })
	if own < 0 {
		return responded, false, errNoResponse // its conversation was forgotten
	}
	for _, other := range all {
		if other.Response != nil && !other.RespondedAt.Before(all[own].OpenedAt) {
			return other, true, nil
		}
	}
	switch {
	case own > 0:
		return responded, false, errNoResponse // a later call asks now
	case len(all[own].Call) == 0:
		return responded, false, errNoResponse // another call's result ended the conversation
	case all[own].Patience > 0:
		return responded, false, errGivenUp
	}
	return responded, false, nil
}
