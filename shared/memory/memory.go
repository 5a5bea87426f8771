// Package memory is what the same user said in earlier conversations: one point
// in Qdrant for each answered slot, found again by what it is about. It holds
// nothing that PostgreSQL does not, and is rebuilt from there.
//
// Proposals and recollections are suggestions: the caller checks in the store that
// they still hold. Nothing waits for memory longer than Qdrant's time limit, and no
// failure of it is fatal. Begin with Memory.
package memory

import (
	"context"
	"sync"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/memory/remembered"
	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

// ErrNotConfigured says that there is no memory: QDRANT_URL is not set. The error
// of a memory that is configured and down is qdrant.ErrUnavailable.
var ErrNotConfigured = remembered.ErrNotConfigured

// Embedder turns texts into vectors by a model. It may fail or be slow: memory
// then searches by words alone.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	Dimensions() int
}

// Memory is the answers in one collection of Qdrant. It is safe for concurrent use.
// Its calls are bounded in time by Qdrant's configuration. The zero value is not
// configured: every call returns ErrNotConfigured.
type Memory struct {
	client   *qdrant.Client // nil when not configured
	embedder Embedder       // nil for none
	now      func() time.Time

	mu      sync.Mutex
	ensured bool // the collection exists, unless another process drops it
}

// Option is a choice at opening.
type Option func(*Memory)

// WithEmbedder makes memory search by a model's vectors as well as by words.
func WithEmbedder(e Embedder) Option { return func(m *Memory) { m.embedder = e } }

// Open returns a memory without connecting. Without a URL every call returns
// ErrNotConfigured.
func Open(config qdrant.Config, options ...Option) (*Memory, error) {
	m := &Memory{now: time.Now}
	for _, option := range options {
		option(m)
	}
	if config.URL == "" {
		return m, nil
	}
	client, err := qdrant.Open(config)
	if err != nil {
		return nil, err
	}
	m.client = client
	return m, nil
}

// Settings are all that the environment says of memory. Whoever writes it and
// whoever reads it have to use the same vectors.
type Settings struct {
	Qdrant qdrant.Config
	Model  model.Config
}

// Open returns the memory of these settings, without connecting.
func (s Settings) Open() (*Memory, error) {
	embedder, err := model.Open(s.Model)
	if err != nil {
		return nil, err
	}
	if embedder.Embeds() {
		return Open(s.Qdrant, WithEmbedder(embedder))
	}
	return Open(s.Qdrant)
}

// Configured reports whether there is a memory at all.
func (m *Memory) Configured() bool { return m.client != nil }

// Ready reports whether memory answers.
func (m *Memory) Ready(ctx context.Context) error {
	if m.client == nil {
		return ErrNotConfigured
	}
	return m.client.Ready(ctx)
}

// Close releases the connection.
func (m *Memory) Close() error {
	if m.client == nil {
		return nil
	}
	return m.client.Close()
}

// ensure creates the collection where it is missing, until it has succeeded once. It
// holds the lock during the request, so that concurrent first calls make one
// collection.
func (m *Memory) ensure(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ensured {
		return nil
	}
	c := qdrant.Collection{
		Name:     collection,
		Sparse:   []string{wordsVector, gramsVector},
		Keywords: []string{byPrincipal, byUser, byConversation, bySlot, byRebuild},
	}
	if m.embedder != nil {
		c.Dense = map[string]uint64{meaningVector: uint64(m.embedder.Dimensions())}
	}
	err := m.client.Ensure(ctx, c)
	m.ensured = err == nil
	return err
}

// forgetCollection makes the next upsert ensure that the collection exists.
func (m *Memory) forgetCollection() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ensured = false
}
