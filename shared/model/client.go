// Package model asks a language model, behind any endpoint that speaks OpenAI's
// API, for what is nice to have: slots for a goal, questions in the person's own
// language, vectors for meaning. It is optional. Whatever it answers is checked
// before it counts, and every failure is one that a caller continues without.
package model

import (
	"context"
	"errors"
	"log/slog"

	"github.com/sony/gobreaker/v2"
)

// operation is a kind of call. Each has its own circuit breaker. Otherwise an
// endpoint that does not embed would also stop the wording of questions.
type operation string

const (
	proposing  operation = "propose_slots"
	rephrasing operation = "rephrase"
	embedding  operation = "embed"
)

// Client asks a model. It is safe for concurrent use. A nil client is one
// without a model.
//
// It owns its connections, which close when idle; there is nothing to close.
type Client struct {
	config     Config
	chat       endpoint
	embeddings endpoint
	dialect    dialect
	running    chan struct{} // a semaphore: one entry for each operation under way
	breakers   map[operation]*gobreaker.CircuitBreaker[struct{}]
	metrics    *metrics
}

// Open returns a client for the model that the configuration names, or nil when
// it names none. It connects nowhere.
func Open(config Config) (*Client, error) {
	config, wanted, err := config.resolve()
	if err != nil || !wanted {
		return nil, err
	}
	limits, transport := config.Limits, newTransport(config)
	c := &Client{
		config:  config,
		chat:    newEndpoint(config.BaseURL, config.APIKey, transport, limits.ResponseBytes),
		running: make(chan struct{}, limits.Concurrent),
		embeddings: newEndpoint(config.EmbeddingBaseURL, config.EmbeddingAPIKey, transport,
			limits.ResponseBytes+limits.Batch*config.EmbeddingDimensions*numberBytes),
		breakers: map[operation]*gobreaker.CircuitBreaker[struct{}]{},
		metrics:  newMetrics(),
	}
	for _, op := range []operation{proposing, rephrasing, embedding} {
		c.breakers[op] = newBreaker(limits, op)
	}
	return c, nil
}

// newBreaker opens when the model is down. Answers that cannot be used do not
// count: what one person writes is not to cut off another.
func newBreaker(limits Limits, op operation) *gobreaker.CircuitBreaker[struct{}] {
	return gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         string(op),
		Timeout:      limits.BreakerPause,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= limits.BreakerFailures },
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, ErrUnusable) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) }, // the caller has gone
		OnStateChange: func(op string, _, to gobreaker.State) {
			slog.Info("circuit breaker of the model", "operation", op, "state", to.String())
		},
	})
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

// modelFor is the name of the model that does an operation.
func (c *Client) modelFor(op operation) string {
	if op == embedding {
		return c.config.EmbeddingName
	}
	return c.config.Name
}
