package memory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

// Upsert writes items, each over what the same slot of the same conversation held
// before. It creates the collection if there is none.
func (m *Memory) Upsert(ctx context.Context, items []Item) error { return m.upsert(ctx, items, "") }

// upsert marks what it writes with the id of a rebuild.
func (m *Memory) upsert(ctx context.Context, items []Item, rebuildID string) error {
	if m.client == nil {
		return ErrNotConfigured
	}
	if len(items) == 0 {
		return nil
	}
	points, err := m.points(ctx, items, rebuildID)
	if err != nil {
		return err
	}
	err = m.upsertPoints(ctx, points)
	if errors.Is(err, qdrant.ErrNoCollection) { // dropped by another process
		m.forgetCollection()
		err = m.upsertPoints(ctx, points)
	}
	if err != nil {
		return fmt.Errorf("remember answers: %w", err)
	}
	return nil
}

func (m *Memory) upsertPoints(ctx context.Context, points []qdrant.Point) error {
	if err := m.ensure(ctx); err != nil {
		return err
	}
	return m.client.Upsert(ctx, collection, points)
}

// points encodes items.
func (m *Memory) points(ctx context.Context, items []Item, rebuildID string) ([]qdrant.Point, error) {
	texts := make([]string, len(items))
	points := make([]qdrant.Point, len(items))
	for i, item := range items {
		texts[i] = textOf(item)
		payload, err := payloadOf(item, rebuildID)
		if err != nil {
			return nil, err
		}
		points[i] = qdrant.Point{ID: idOf(item), Sparse: sparse(retrieval.Encode(texts[i])), Payload: payload}
	}
	for i, vector := range m.embed(ctx, texts) {
		points[i].Dense = map[string][]float32{meaningVector: vector}
	}
	return points, nil
}

// embed returns the texts' vectors by the model, nil without a model or while it is
// down. So a point may lack the vector, and is then found by its words only until
// it is written again.
func (m *Memory) embed(ctx context.Context, texts []string) [][]float32 {
	if m.embedder == nil || len(texts) == 0 {
		return nil
	}
	vectors, err := m.embedder.Embed(ctx, texts)
	if err != nil || len(vectors) != len(texts) {
		slog.WarnContext(ctx, "memory uses words alone: no embeddings", "error", err)
		return nil
	}
	return vectors
}

func sparse(v retrieval.Vectors) map[string]qdrant.Sparse {
	return map[string]qdrant.Sparse{
		wordsVector: {Indices: v.Words.Indices, Values: v.Words.Values},
		gramsVector: {Indices: v.Grams.Indices, Values: v.Grams.Values},
	}
}

// maxDeleted bounds how many conversations one request deletes.
const maxDeleted = 500

// Delete erases all that is remembered of conversations.
func (m *Memory) Delete(ctx context.Context, principal string, conversations ...string) error {
	if m.client == nil {
		return ErrNotConfigured
	}
	for len(conversations) > 0 {
		n := min(len(conversations), maxDeleted)
		if err := m.client.Delete(ctx, collection, qdrant.Filter{
			Must: map[string]string{byPrincipal: principal},
			Any:  map[string][]string{byConversation: conversations[:n]},
		}); err != nil {
			return fmt.Errorf("delete conversations: %w", err)
		}
		conversations = conversations[n:]
	}
	return nil
}

// deleteSlots erases what is remembered of some slots of a conversation.
func (m *Memory) deleteSlots(ctx context.Context, principal, conversation string, slots []string) error {
	if len(slots) == 0 {
		return nil
	}
	if err := m.client.Delete(ctx, collection, qdrant.Filter{
		Must: map[string]string{byPrincipal: principal, byConversation: conversation},
		Any:  map[string][]string{bySlot: slots},
	}); err != nil {
		return fmt.Errorf("delete slots: %w", err)
	}
	return nil
}

// Drop deletes the whole collection, which the next upsert creates again: when
// what a point holds has changed, as with another model's dimensions.
func (m *Memory) Drop(ctx context.Context) error {
	if m.client == nil {
		return ErrNotConfigured
	}
	m.forgetCollection()
	if err := m.client.Drop(ctx, collection); err != nil {
		return fmt.Errorf("drop memory: %w", err)
	}
	return nil
}
