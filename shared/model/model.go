// Package model asks a language model, behind any endpoint that speaks OpenAI's
// API, for what is nice to have: slots for a goal, questions in the person's own
// language, vectors for meaning. It is optional. Whatever it answers is checked
// before it counts, and every failure is one that a caller goes on without.
package model

import (
	"errors"

	"github.com/openai/openai-go/v3"
	"github.com/sony/gobreaker/v2"
)

// The kinds of failure. Every error of an operation is one of them, or a text
// that the caller should not have passed.
var (
	// ErrNotConfigured means that there is no model for the operation.
	ErrNotConfigured = errors.New("no model is configured")
	// ErrUnavailable means that the model did not answer in time, or is left
	// alone for a while because it did not.
	ErrUnavailable = errors.New("the model is not available")
	// ErrUnusable means that the model answered, and that the answer cannot be
	// used.
	ErrUnusable = errors.New("the model's answer cannot be used")
)

// Client asks a model. It is safe for concurrent use. A nil client is one
// without a model.
type Client struct {
	config     Config
	chat       openai.ChatCompletionService
	embeddings openai.EmbeddingService
	dialect    dialect
	places     chan struct{} // one for each operation under way
	breakers   map[operation]*gobreaker.CircuitBreaker[struct{}]
	metrics    *metrics
}

// Open returns a client for the model that the configuration names, or nil when
// it names none. It connects nowhere.
func Open(config Config) (*Client, error) {
	config, wanted, err := config.settled()
	if err != nil || !wanted {
		return nil, err
	}
	c := &Client{
		config:   config,
		places:   make(chan struct{}, config.MaxConcurrent),
		breakers: map[operation]*gobreaker.CircuitBreaker[struct{}]{},
		metrics:  newMetrics(),
	}
	for _, op := range []operation{proposing, rephrasing, embedding} {
		c.breakers[op] = newBreaker(config, op)
	}
	transport := newTransport(config)
	c.chat = openai.NewChatCompletionService(options(config.BaseURL, config.APIKey, transport, config.MaxResponseBytes)...)
	// A number in a vector takes about 22 bytes of JSON.
	vectors := config.EmbeddingBatch * config.EmbeddingDimensions * 32
	c.embeddings = openai.NewEmbeddingService(options(config.EmbeddingBaseURL, config.EmbeddingAPIKey, transport, config.MaxResponseBytes+vectors)...)
	return c, nil
}

// Asks reports whether there is a model to propose slots and rephrase questions.
func (c *Client) Asks() bool { return c != nil && c.config.Name != "" }

// Embeds reports whether there is a model that embeds.
func (c *Client) Embeds() bool { return c != nil && c.config.EmbeddingName != "" }

// Dimensions is the length of the vectors that Embed returns; 0 without a model
// that embeds.
func (c *Client) Dimensions() int {
	if !c.Embeds() {
		return 0
	}
	return c.config.EmbeddingDimensions
}
