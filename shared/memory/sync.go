package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Sync writes to memory what some slots of conversations, by id, hold in the store, and
// deletes from memory those that hold nothing. It returns the conversations that the
// principal of the context has. Until tx ends, these are locked against erasure and
// other syncs, but not against answers.
func (m *Memory) Sync(ctx context.Context, tx *store.Tx, slots map[string][]string) (exist []string, err error) {
	if m.client == nil {
		return nil, ErrNotConfigured
	}
	exist, items, err := lockItems(ctx, tx, slices.Collect(maps.Keys(slots)), slots)
	if err != nil {
		return nil, err
	}
	type slot struct{ conversation, key string }
	held := map[slot]bool{}
	for _, i := range items {
		held[slot{i.ConversationID, i.Slot}] = true
	}
	for _, id := range exist {
		empty := slices.DeleteFunc(slices.Clone(slots[id]), func(key string) bool { return held[slot{id, key}] })
		if err := m.deleteSlots(ctx, principal.From(ctx), id, empty); err != nil {
			return nil, err
		}
	}
	return exist, m.Upsert(ctx, items)
}

// Refresh makes what is remembered of a conversation of the context's principal what
// the store holds of it: nothing where it was erased.
func (m *Memory) Refresh(ctx context.Context, s *store.Store, conversation string) error {
	if m.client == nil {
		return ErrNotConfigured
	}
	return s.Write(ctx, func(tx *store.Tx) error {
		_, items, err := lockItems(ctx, tx, []string{conversation}, nil)
		if err != nil {
			return err
		}
		if err := m.Delete(ctx, principal.From(ctx), conversation); err != nil {
			return err
		}
		return m.Upsert(ctx, items)
	})
}

// lockItems locks conversations and returns those that are there with their
// items: of the slots that are named for each, or of all when slots is nil. Secrets are
// left out.
func lockItems(ctx context.Context, tx *store.Tx, conversations []string, slots map[string][]string) (locked []string, items []Item, err error) {
	locked, answered, err := tx.LockAnswered(ctx, conversations, slots)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range answered {
		if item := itemOf(a); !isSecret(item) {
			items = append(items, item)
		}
	}
	return locked, items, nil
}

// Rebuilt counts what a rebuild has done so far.
type Rebuilt struct {
	Conversations int // read from the store
	Answers       int // written to memory
	Stale         int // points checked again because the rebuild had not written them
}

// Pages of a rebuild. The conversations of a page are locked against erasure while it
// is written, so pages are small.
const (
	rebuildPage = 100  // conversations
	stalePage   = 1000 // points
)

// Rebuild writes memory from the store, page by page, and then deletes what the
// store does not have. It may run while people answer and conversations are erased.
// progress, which may be nil, is called after each page. After an error it can be
// repeated, from the beginning.
func (m *Memory) Rebuild(ctx context.Context, s *store.Store, progress func(Rebuilt)) (Rebuilt, error) {
	if m.client == nil {
		return Rebuilt{}, ErrNotConfigured
	}
	if progress == nil {
		progress = func(Rebuilt) {}
	}
	r := rebuilding{memory: m, store: s, id: uuid.NewString(), progress: progress}
	if err := r.write(ctx); err != nil {
		return r.done, err
	}
	return r.done, r.sweep(ctx)
}

// rebuilding marks what it writes with its id, so that the rest can be found.
type rebuilding struct {
	memory   *Memory
	store    *store.Store
	id       string
	progress func(Rebuilt)
	done     Rebuilt
}

// write goes through all conversations in the order of their ids, which rise with
// time: conversations opened meanwhile come last and are written too.
func (r *rebuilding) write(ctx context.Context) error {
	for after := uuid.Nil.String(); ; {
		page, err := r.store.Keys(ctx, after, rebuildPage)
		if err != nil || len(page) == 0 {
			return err
		}
		byPrincipal := map[string][]string{}
		for _, key := range page {
			byPrincipal[key.Principal] = append(byPrincipal[key.Principal], key.ID)
		}
		for who, ids := range byPrincipal {
			written, err := r.writeOf(principal.With(ctx, who), ids)
			if err != nil {
				return err
			}
			r.done.Conversations += len(ids)
			r.done.Answers += written
		}
		r.progress(r.done)
		after = page[len(page)-1].ID
	}
}

// writeOf writes conversations of the context's principal.
func (r *rebuilding) writeOf(ctx context.Context, conversations []string) (written int, err error) {
	err = r.store.Write(ctx, func(tx *store.Tx) error {
		_, items, err := lockItems(ctx, tx, conversations, nil)
		if err != nil {
			return err
		}
		written = len(items)
		return r.memory.upsert(ctx, items, r.id)
	})
	return written, err
}

// sweep checks what this rebuild has not written: what the store no longer has is
// deleted, what was answered meanwhile stays. It ends at a page that holds nothing
// unchecked, not at an empty page: the indexer may write a point again at any time,
// without the id.
func (r *rebuilding) sweep(ctx context.Context) error {
	checked := map[string]bool{}
	for {
		hits, err := r.memory.client.Scroll(ctx, collection, qdrant.Filter{MustNot: map[string]string{byRebuild: r.id}}, stalePage)
		if errors.Is(err, qdrant.ErrNoCollection) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for what is stale: %w", err)
		}
		before := len(checked)
		for _, hit := range hits {
			if checked[hit.ID] {
				continue
			}
			checked[hit.ID] = true
			r.done.Stale++
			if err := r.sync(ctx, hit); err != nil {
				return err
			}
		}
		if len(checked) == before {
			return nil
		}
		r.progress(r.done)
	}
}

// sync writes or deletes one point.
func (r *rebuilding) sync(ctx context.Context, hit qdrant.Hit) error {
	who, conversation, slots := text(hit, byPrincipal), text(hit, byConversation), []string{text(hit, bySlot)}
	ctx = principal.With(ctx, who)
	return r.store.Write(ctx, func(tx *store.Tx) error {
		locked, items, err := lockItems(ctx, tx, []string{conversation}, map[string][]string{conversation: slots})
		switch {
		case err != nil:
			return err
		case len(locked) == 0:
			return r.memory.Delete(ctx, who, conversation)
		case len(items) == 0:
			return r.memory.deleteSlots(ctx, who, conversation, slots)
		}
		return r.memory.upsert(ctx, items, r.id)
	})
}
