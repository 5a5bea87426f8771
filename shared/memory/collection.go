package memory

import (
	"context"
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

const collection = "answers"

// The vectors of a point: by stems, by runs of characters, by a model.
const (
	wordsVector   = "words"
	gramsVector   = "grams"
	meaningVector = "meaning"
)

// Payload fields that are filtered by.
const (
	byPrincipal    = "principal"
	byUser         = "user_id"
	byConversation = "conversation_id"
	bySlot         = "slot"
	byRebuild      = "rebuild"
)

// onceDone runs something until it has succeeded once.
type onceDone struct {
	mu   sync.Mutex
	done bool
}

func (o *onceDone) do(run func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return nil
	}
	err := run()
	o.done = err == nil
	return err
}

func (o *onceDone) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done = false
}

// ensure makes the collection where it is missing.
func (m *Memory) ensure(ctx context.Context) error {
	return m.ensured.do(func() error {
		c := qdrant.Collection{
			Name:     collection,
			Sparse:   []string{wordsVector, gramsVector},
			Keywords: []string{byPrincipal, byUser, byConversation, bySlot, byRebuild},
		}
		if m.embedder != nil {
			c.Dense = map[string]uint64{meaningVector: uint64(m.embedder.Dimensions())}
		}
		return m.client.Ensure(ctx, c)
	})
}
