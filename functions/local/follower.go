package local

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// A host starts a process of its own, and each has its own memory of their one
// database, while an event is delivered in one process only. So that what is said in
// one is recalled in the others, and what is forgotten in one by all, a process
// announces each conversation whose events it has indexed by a notification of
// PostgreSQL, and the others read it again.

const (
	// channel is the name of the notifications.
	channel = "sequential_questioning_memory"
	// reconnectInterval is between two tries to listen.
	reconnectInterval = time.Second
	// announceAfter is how long what is announced waits for more: a notification is a
	// transaction, and wakes every process.
	announceAfter = 200 * time.Millisecond
	// announceTimeout bounds the sending of notifications.
	announceTimeout = 2 * time.Second
)

// announcement is the payload of a notification. It fits PostgreSQL's limit of 8000
// bytes, since it carries identifiers alone.
type announcement struct {
	By           string `json:"by"` // the process, which has indexed it itself
	Principal    string `json:"principal"`
	Conversation string `json:"conversation"`
}

// follower keeps this process's memory up to date.
type follower struct {
	name   string
	pool   *pgxpool.Pool
	store  *store.Store
	memory *memory.Memory

	mu      sync.Mutex
	waiting map[announcement]bool // to be sent
	sending sync.Mutex            // so that close waits for what is being sent
}

// newFollower takes over pool and memory, which close ends. Its name is drawn, since
// processes of two containers may have the same id.
func newFollower(pool *pgxpool.Pool, s *store.Store, m *memory.Memory) *follower {
	return &follower{name: rand.Text(), pool: pool, store: s, memory: m}
}

// close sends what waits, and ends what run uses; run has to have returned, and nothing
// to be announced any more.
func (f *follower) close() {
	f.send()
	f.pool.Close()
	if err := f.memory.Close(); err != nil {
		slog.Warn("close memory", "error", err)
	}
}

// run rebuilds memory, and then follows what others index, until ctx ends. It starts
// over when the connection breaks: what was announced meanwhile is not said again.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := f.follow(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "memory does not follow the database", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(reconnectInterval):
		}
	}
}

// follow listens first, so that nothing is missed between. It returns when the
// connection breaks. Rebuilding after LISTEN means that a conversation may be read
// twice, which changes nothing.
func (f *follower) follow(ctx context.Context) error {
	conn, err := f.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	listening := conn.Hijack() // one that listens is of no other use
	defer listening.Close(context.WithoutCancel(ctx))
	if _, err := listening.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	if _, err := f.memory.Rebuild(ctx, f.store, nil); err != nil {
		return err
	}
	for {
		notified, err := listening.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		var a announcement
		if err := json.Unmarshal([]byte(notified.Payload), &a); err != nil || a.By == f.name {
			continue // another program's, or heard of already
		}
		if err := f.memory.Refresh(principal.With(ctx, a.Principal), f.store, a.Conversation); err != nil {
			return err
		}
	}
}

// announce tells the other processes of an event that was indexed. Nothing depends on it: a
// process that misses it recalls nothing wrong, since recall asks the database what still holds.
func (f *follower) announce(e event.Event) {
	switch e.(type) {
	case event.AnswerRecorded, event.AnswerRevised, event.ConversationErased:
	default:
		return // changes nothing in memory
	}
	conversation, who := e.Of()
	a := announcement{By: f.name, Principal: who, Conversation: conversation}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting == nil {
		f.waiting = map[announcement]bool{}
		time.AfterFunc(announceAfter, f.send)
	}
	f.waiting[a] = true
}

// send sends what waits, each conversation once.
func (f *follower) send() {
	f.sending.Lock()
	defer f.sending.Unlock()
	f.mu.Lock()
	waiting := f.waiting
	f.waiting = nil
	f.mu.Unlock()
	if len(waiting) == 0 {
		return
	}
	var payloads []string
	for a := range waiting {
		payload, _ := json.Marshal(a) // texts
		payloads = append(payloads, string(payload))
	}
	ctx, cancel := context.WithTimeout(context.Background(), announceTimeout)
	defer cancel()
	if _, err := f.pool.Exec(ctx, "SELECT pg_notify($1, payload) FROM unnest($2::text[]) payload", channel, payloads); err != nil {
		slog.Warn("other processes do not hear of events", "conversations", len(payloads), "error", err)
	}
}
