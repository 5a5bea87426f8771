package indexer

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
)

// Outcome says how an event was processed. It is a label of the metric.
type Outcome string

// The outcomes of an event that was processed.
const (
	Indexed   Outcome = "indexed"
	Duplicate Outcome = "duplicate" // processed before
	Dropped   Outcome = "dropped"   // its conversation is erased
	Passed    Outcome = "passed"    // nothing to do
)

// ErrInvalid says that an event cannot be processed, now or later.
var ErrInvalid = errors.New("the event cannot be processed")

type metrics struct{ events metric.Int64Counter }

func newMetrics() *metrics {
	meter := otel.Meter("github.com/sequential-questioning/sequential-questioning/shared/event/indexer")
	events, _ := meter.Int64Counter("questioning.events.indexed", // errs on a bad name only
		metric.WithDescription("Events delivered, by type and outcome: indexed, passed, duplicate, dropped, invalid or failed."))
	return &metrics{events}
}

func (m *metrics) indexed(ctx context.Context, kind string, outcome Outcome, err error) {
	switch {
	case errors.Is(err, ErrInvalid):
		outcome = "invalid"
	case err != nil:
		outcome = "failed"
	}
	if errors.Is(err, event.ErrUnknownType) {
		kind = "unknown" // callers cannot make as many series as they like
	}
	m.events.Add(ctx, 1, metric.WithAttributes(attribute.String("type", kind), attribute.String("outcome", string(outcome))))
}
