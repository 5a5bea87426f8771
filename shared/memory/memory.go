// Package memory is what is remembered of earlier conversations: one point in
// Qdrant for each slot that was answered, found again by what it is about. It
// holds nothing that Postgres does not, and is rebuilt from there.
package memory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/secret"
)

// ErrNotConfigured says that there is no memory: QDRANT_URL is not set. A
// memory that is configured and away is qdrant.ErrUnavailable.
var ErrNotConfigured = errors.New("memory is not configured: QDRANT_URL is not set")

// Config bounds what is taken from memory, from the environment.
type Config struct {
	// Similarity, from 0 to 1, is how much the titles of two slots have to share
	// for the answer of one to be known for the other; above 1 for never.
	Similarity float64 `env:"MEMORY_SIMILARITY" envDefault:"0.75"`
	// Candidates is how many earlier answers are looked at for a new conversation,
	// those of the latest conversations.
	Candidates int `env:"MEMORY_CANDIDATES" envDefault:"200"`
}

// Embedder turns texts into vectors by a model. It may fail or be slow: memory
// then finds by words alone.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	Dimensions() int
}

// Item is one remembered answer.
type Item struct {
	Principal      string
	UserID         string // "" when the caller named nobody
	SessionID      string
	ConversationID string
	Goal           string
	Slot           string
	Title          string
	Type           questioning.Type
	Question       string // the text of the question it answers; "" for none
	Value          any
	Words          string
	AnswerNumber   int
	AnsweredAt     time.Time

	description string // of the slot, as read from Postgres; memory does not hold it
}

// secret says that an item is, or looks like, a secret: an earlier version took
// slots that ask for one, and a person may write a card number anywhere. It is
// neither remembered nor proposed.
func (i Item) secret() bool {
	slot := questioning.Slot{Key: i.Slot, Title: i.Title, Question: i.Question, Description: i.description, Type: i.Type}
	return secret.Holds(slot, i.Value, i.Words)
}

// Found is an item with how well it fits: for Recall comparable within one
// result only, for Known from 0 to 1.
type Found struct {
	Item
	Score float64
}

// Memory is safe for concurrent use. Its calls are bounded in time by Qdrant's
// configuration.
type Memory struct {
	client   *qdrant.Client // nil when not configured
	config   Config
	embedder Embedder
	now      func() time.Time
	ensured  onceDone
}

// Option is a choice at opening.
type Option func(*Memory)

// WithEmbedder makes memory find by a model's vectors as well as by words.
func WithEmbedder(e Embedder) Option { return func(m *Memory) { m.embedder = e } }

// WithConfig bounds what is taken from memory; without, Config's defaults do.
func WithConfig(c Config) Option { return func(m *Memory) { m.config = c } }

// Open returns a memory without connecting. Without a URL every call answers
// ErrNotConfigured.
func Open(config qdrant.Config, options ...Option) (*Memory, error) {
	m := &Memory{config: Config{Similarity: 0.75, Candidates: 200}, now: time.Now}
	for _, option := range options {
		option(m)
	}
	if m.config.Candidates < 1 || m.config.Candidates > 10_000 {
		return nil, fmt.Errorf("MEMORY_CANDIDATES is %d, want 1 to 10000", m.config.Candidates)
	}
	if m.config.Similarity <= 0 {
		return nil, fmt.Errorf("MEMORY_SIMILARITY is %v, want more than 0", m.config.Similarity)
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

// Configured says whether there is a memory at all.
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
