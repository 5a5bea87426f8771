package memory

import (
	"context"
	"errors"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

// Put remembers items, each in the place of what the same slot of the same
// conversation held before.
func (m *Memory) Put(ctx context.Context, items []Item) error { return m.put(ctx, items, "") }

func (m *Memory) put(ctx context.Context, items []Item, rebuild string) error {
	if m.client == nil {
		return ErrNotConfigured
	}
	if len(items) == 0 {
		return nil
	}
	points, err := m.points(ctx, items, rebuild)
	if err != nil {
		return err
	}
	err = m.upsert(ctx, points)
	if errors.Is(err, qdrant.ErrNoCollection) { // dropped since it was ensured
		m.ensured.reset()
		err = m.upsert(ctx, points)
	}
	if err != nil {
		return fmt.Errorf("remember answers: %w", err)
	}
	return nil
}

func (m *Memory) upsert(ctx context.Context, points []qdrant.Point) error {
	if err := m.ensure(ctx); err != nil {
		return err
	}
	return m.client.Upsert(ctx, collection, points)
}

// forgetAtOnce bounds how many conversations one request erases.
const forgetAtOnce = 500

// Forget erases all that is remembered of conversations.
func (m *Memory) Forget(ctx context.Context, principal string, conversations ...string) error {
	if m.client == nil {
		return ErrNotConfigured
	}
	for len(conversations) > 0 {
		n := min(len(conversations), forgetAtOnce)
		if err := m.client.Delete(ctx, collection, qdrant.Filter{
			Must: map[string]string{byPrincipal: principal},
			Any:  map[string][]string{byConversation: conversations[:n]},
		}); err != nil {
			return fmt.Errorf("forget conversations: %w", err)
		}
		conversations = conversations[n:]
	}
	return nil
}

// forgetSlots erases what is remembered of some slots of a conversation.
func (m *Memory) forgetSlots(ctx context.Context, principal, conversation string, slots []string) error {
	if len(slots) == 0 {
		return nil
	}
	if err := m.client.Delete(ctx, collection, qdrant.Filter{
		Must: map[string]string{byPrincipal: principal, byConversation: conversation},
		Any:  map[string][]string{bySlot: slots},
	}); err != nil {
		return fmt.Errorf("forget slots: %w", err)
	}
	return nil
}
