// Package automatic leads conversations by asking the person itself, form by form
// (MCP elicitation): a call asks until everything wanted is known, or until the
// person, the client or a limit ends it. It is a client of the conversation
// service and stores nothing of its own: what a call has to remember between two
// forms travels with the client, sealed.
package automatic

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/requeststate"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
)

// Config is how people are asked.
type Config struct {
	// RequestStateKeys seal what a client carries from form to form: see requeststate.New.
	RequestStateKeys string `env:"REQUEST_STATE_KEYS"`
	// FormSize is how many questions a form has at most; 0 stands for 5.
	FormSize int
	// ShownAfter is the least time in which a person can have read a form: one declined
	// or closed sooner was not shown. 0 stands for elicitation.ShownAfter.
	ShownAfter time.Duration
}

// formSize is how many questions a form has at most, and how many assumptions:
// clients show it as one dialog.
const formSize = 5

// Service asks people. It is safe for concurrent use.
type Service struct {
	*conversation.Service
	config  Config
	sealer  *requeststate.Sealer
	metrics *metrics
}

// Open returns a service as the environment describes it: see conversation.Open.
func Open(extensions ...conversation.Extension) (*Service, error) {
	var config Config
	if err := settings.Parse(&config); err != nil {
		return nil, err
	}
	// First what can be wrong, so that nothing is left open.
	s, err := New(nil, config)
	if err != nil {
		return nil, err
	}
	s.Service, err = conversation.Open(extensions...)
	return s, err
}

// New returns a service on conversations, which it then owns.
func New(conversations *conversation.Service, config Config) (*Service, error) {
	sealer, err := requeststate.New(config.RequestStateKeys)
	if err != nil {
		return nil, fmt.Errorf("REQUEST_STATE_KEYS %w", err)
	}
	if config.FormSize == 0 {
		config.FormSize = formSize
	}
	if config.ShownAfter == 0 {
		config.ShownAfter = elicitation.ShownAfter
	}
	return &Service{conversations, config, sealer, newMetrics()}, nil
}

// metrics counts how people respond to forms.
type metrics struct{ forms metric.Int64Counter }

func newMetrics() *metrics {
	// It errs on a bad name only.
	forms, _ := otel.Meter("github.com/sequential-questioning/sequential-questioning/shared/conversation").
		Int64Counter("questioning.forms.answered", metric.WithDescription("Forms that came back, by what the person did."))
	return &metrics{forms}
}

// responded counts a response by its action; one that says nothing about the
// person counts as not_shown, an accepted form without a field as empty.
func (m *metrics) responded(ctx context.Context, action mcp.ElicitationResponseAction, status Status) {
	outcome := string(action)
	switch status {
	case StatusBatch:
		outcome = "not_shown"
	case StatusOpen:
		outcome = "empty"
	}
	m.forms.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", cmp.Or(outcome, "unknown"))))
}
