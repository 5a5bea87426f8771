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

// waiters are the calls of this instance that wait for a response, by principal
// and conversation.
type waiters struct {
	mu  sync.Mutex
	all map[string][]chan struct{}
}

func waiterKey(ctx context.Context, conversation string) string {
	return principal.From(ctx) + "\x00" + conversation
}

// join returns a channel that receives when a conversation's pending elicitations
// have changed, until leave is called.
func (w *waiters) join(ctx context.Context, conversation string) (changed <-chan struct{}, leave func()) {
	key, poke := waiterKey(ctx, conversation), make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all[key] = append(w.all[key], poke)
	return poke, sync.OnceFunc(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		rest := w.all[key][:0:0]
		for _, other := range w.all[key] {
			if other != poke {
				rest = append(rest, other)
			}
		}
		if w.all[key] = rest; len(rest) == 0 {
			delete(w.all, key)
		}
	})
}

// poke has the waiters of a conversation look again, and says whether there are any.
func (w *waiters) poke(ctx context.Context, conversation string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting := w.all[waiterKey(ctx, conversation)]
	for _, poke := range waiting {
		select {
		case poke <- struct{}{}:
		default: // it is about to look
		}
	}
	return len(waiting) > 0
}

var (
	// errNoResponse ends a wait: it took too long, another call waits for the
	// same conversation now, or the gateway is shutting down.
	errNoResponse = errors.New("no response to the form")
	// errGivenUp ends a wait whose client has cancelled the request.
	errGivenUp = errors.New("the client cancelled the request")
)

// firstPoll is the first interval between polls. It grows up to
// ELICITATION_POLL_INTERVAL, as people take their time.
const firstPoll = 50 * time.Millisecond

// wait returns the first of the conversation's pending elicitations that is
// answered. Meanwhile it calls alive at the keepalive interval. A response that
// is stored by the time it returns is returned, even when the client has gone.
func (g *gateway) wait(ctx context.Context, p pending, until time.Time, alive func()) (pending, error) {
	changed, leave := g.waiters.join(ctx, p.Conversation)
	defer leave()
	over := time.NewTimer(time.Until(until))
	defer over.Stop()
	keepalive := time.NewTicker(g.config.ElicitationKeepaliveInterval)
	defer keepalive.Stop()
	interval := firstPoll
	poll := time.NewTimer(interval)
	defer poll.Stop()
	var ended error
	for ended == nil {
		select {
		case <-changed:
		case <-poll.C:
			interval = min(interval*3/2, g.config.ElicitationPollInterval)
			poll.Reset(interval)
		case <-keepalive.C:
			alive()
			continue
		case <-over.C:
			ended = errNoResponse
		case <-g.draining:
			ended = errNoResponse
		case <-ctx.Done():
			ended = ctx.Err()
		}
		if ended != nil {
			leave() // from here on, who stores a response does not count on this call
		}
		if answered, found, err := g.look(ctx, p); found || err != nil {
			return answered, err
		}
	}
	return pending{}, ended
}

// lookTimeout bounds a look at the store, so that a call ends in time.
const lookTimeout = 2 * time.Second

// look returns the pending elicitation of p's conversation that was answered
// since p was opened, if there is one, or why p is no longer waited for.
func (g *gateway) look(ctx context.Context, p pending) (answered pending, found bool, err error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	all, err := g.pendings.ofConversation(bounded, p.Conversation)
	if err != nil {
		slog.WarnContext(ctx, "pending elicitations cannot be read", "error", err)
		return answered, false, nil // the next look may succeed
	}
	own := slices.IndexFunc(all, func(other pending) bool { return other.ID == p.ID })
	if own < 0 {
		return answered, false, errNoResponse // its conversation was forgotten
	}
	for _, other := range all {
		if other.Response != nil && !other.RespondedAt.Before(all[own].OpenedAt) {
			return other, true, nil
		}
	}
	switch {
	case own > 0:
		return answered, false, errNoResponse // a later call asks now
	case all[own].Patience > 0:
		return answered, false, errGivenUp
	}
	return answered, false, nil
}
