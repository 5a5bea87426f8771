package memory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/memory/memorytest"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

var openMemory = memorytest.Open

// newMemory returns a memory on a Qdrant of its own, and Qdrant's URL.
func newMemory(t *testing.T, options ...memory.Option) (*memory.Memory, string) {
	t.Helper()
	url := qdranttest.URL(t)
	return openMemory(t, url, options...), url
}

// world is a store and a memory of it.
type world struct {
	store  *store.Store
	memory *memory.Memory
	qdrant string // its URL
	url    string // of the database
}

func newWorld(t *testing.T) world {
	t.Helper()
	s, url := storetest.New(t)
	m, qdrantURL := newMemory(t)
	return world{s, m, qdrantURL, url}
}

// sync brings memory to what slots of a conversation hold. It returns whether the
// principal has the conversation.
func (w world) sync(t *testing.T, as, id string, slots ...string) (exists bool) {
	t.Helper()
	ctx := principal.With(t.Context(), as)
	require.NoError(t, w.store.Write(ctx, func(tx *store.Tx) error {
		found, err := w.memory.Sync(ctx, tx, map[string][]string{id: slots})
		exists = len(found) == 1
		return err
	}))
	return exists
}

// answered opens a conversation, answers slots of it and has memory hold them.
func (w world) answered(t *testing.T, as, user string, values map[string]any) string {
	t.Helper()
	id := storetest.Answered(t, w.store, as, user, values)
	for slot := range values {
		require.True(t, w.sync(t, as, id, slot))
	}
	return id
}

// values returns what memory holds of a principal's only conversation, by slot.
func (w world) values(t *testing.T, as string) map[string]any {
	t.Helper()
	return memorytest.Values(t, w.memory, as)
}

// budget is an item of a conversation that was opened at a time.
func budget(opened time.Time, value float64) memory.Item {
	id := uuid.New()
	id[6] = id[6]&0x0f | 0x70
	for n := range 6 {
		id[n] = byte(opened.UnixMilli() >> (8 * (5 - n)))
	}
	return memory.Item{Principal: "local", ConversationID: id.String(), Slot: "budget", Title: "Budget",
		Type: questioning.Number, Value: value, Words: "x", AnsweredAt: opened}
}

// embedder is a model that knows two subjects, or is down.
type embedder struct{ down bool }

func (embedder) Dimensions() int { return 2 }

func (e embedder) Embed(_ context.Context, texts []string) ([][]float32, error) {
	if e.down {
		return nil, errors.New("the model is down")
	}
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = []float32{1, 0}
		if text == "finances" || len(text) > 5 && text[:6] == "Budget" {
			vectors[i] = []float32{0, 1}
		}
	}
	return vectors, nil
}
