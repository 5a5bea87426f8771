package gateway

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// memoryStore keeps pending elicitations in this process, for a gateway without a
// database: they end with it, and other instances do not see them. It behaves as
// postgresStore does otherwise.
type memoryStore struct {
	mu  sync.Mutex
	all []memoryPending // the newest last
}

// memoryPending is a pending elicitation with what the table has as columns.
type memoryPending struct {
	pending
	principal string
	expires   time.Time
}

// open also drops what has expired: nothing else looks through the store.
func (m *memoryStore) open(ctx context.Context, p pending, used string, lifetime time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.all = slices.DeleteFunc(m.all, func(e memoryPending) bool { return e.ID == used || e.expires.Before(now) })
	p.OpenedAt = now
	m.all = append(m.all, memoryPending{p, principal.From(ctx), now.Add(lifetime)})
	kept := 0
	for i := len(m.all) - 1; i >= 0; i-- {
		if m.all[i].principal != principal.From(ctx) {
			continue
		}
		if kept++; kept > maxPending {
			m.all = slices.Delete(m.all, i, i+1)
		}
	}
	return nil
}

func (m *memoryStore) ofSession(ctx context.Context, session []byte) ([]pending, error) {
	return m.find(ctx, func(p pending) bool { return bytes.Equal(p.Session, session) }), nil
}

func (m *memoryStore) ofConversation(ctx context.Context, conversation string) ([]pending, error) {
	return m.find(ctx, func(p pending) bool { return p.Conversation == conversation }), nil
}

// find returns copies: the caller may read them while a response comes in.
func (m *memoryStore) find(ctx context.Context, wanted func(pending) bool) []pending {
	var found []pending
	m.change(ctx, func(e *memoryPending) {
		if wanted(e.pending) {
			found = append(found, e.pending)
		}
	})
	slices.Reverse(found)
	return found[:min(len(found), maxRead)]
}

func (m *memoryStore) respond(ctx context.Context, id string, response clientResponse) (p pending, known bool, err error) {
	m.change(ctx, func(e *memoryPending) {
		if e.ID != id {
			return
		}
		if e.Response == nil {
			shown := response.shown(time.Since(e.OpenedAt))
			e.Response, e.Shown, e.RespondedAt = &response, &shown, time.Now()
		}
		p, known = e.pending, true
	})
	return p, known, nil
}

func (m *memoryStore) giveUp(ctx context.Context, request []byte) error {
	m.change(ctx, func(e *memoryPending) {
		if bytes.Equal(e.Request, request) && e.Response == nil && e.Patience == 0 {
			e.Patience = time.Since(e.OpenedAt)
			if e.Patience < elicitation.ShownAfter {
				e.Shown = new(bool)
			}
		}
	})
	return nil
}

func (m *memoryStore) notShown(ctx context.Context, id string) error {
	m.change(ctx, func(e *memoryPending) {
		if e.ID == id && e.Response == nil {
			e.Shown = new(bool)
		}
	})
	return nil
}

func (m *memoryStore) finish(ctx context.Context, conversation string) error {
	m.change(ctx, func(e *memoryPending) {
		if e.Conversation == conversation {
			e.Call = nil
		}
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = slices.DeleteFunc(m.all, func(e memoryPending) bool {
		return e.principal == principal.From(ctx) && e.Conversation == conversation && e.Response != nil && *e.Shown
	})
	return nil
}

func (m *memoryStore) close() {}

// change visits what has not expired, the oldest first. It runs under the lock, so
// visit must be quick.
func (m *memoryStore) change(ctx context.Context, visit func(*memoryPending)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.all {
		if m.all[i].principal == principal.From(ctx) && time.Now().Before(m.all[i].expires) {
			visit(&m.all[i])
		}
	}
}
