package model

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scope = "github.com/sequential-questioning/sequential-questioning/shared/model"

// metrics counts what is asked of the model. It holds no words.
type metrics struct {
	calls, tokens metric.Int64Counter
	duration      metric.Float64Histogram
}

func newMetrics() *metrics {
	meter := otel.Meter(scope)
	// Instruments err on a bad name only.
	calls, _ := meter.Int64Counter("questioning.model.calls",
		metric.WithDescription("Operations asked of the model, by operation and outcome."))
	tokens, _ := meter.Int64Counter("questioning.model.tokens",
		metric.WithDescription("Tokens that the endpoint counted, by operation and direction."))
	duration, _ := meter.Float64Histogram("questioning.model.duration", metric.WithUnit("s"),
		metric.WithDescription("Time an operation took, repeated attempts included."),
		metric.WithExplicitBucketBoundaries(.05, .1, .25, .5, 1, 1.5, 2, 3, 5, 10))
	return &metrics{calls: calls, tokens: tokens, duration: duration}
}

// called counts an operation by its outcome and times it, attempts and pauses
// included.
func (m *metrics) called(ctx context.Context, op string, outcome string, took time.Duration) {
	attributes := metric.WithAttributes(attribute.String("operation", op), attribute.String("outcome", outcome))
	m.calls.Add(ctx, 1, attributes)
	m.duration.Record(ctx, took.Seconds(), attributes)
}

// usage is what an endpoint says that an answer cost, in tokens.
type usage struct {
	In  int64 `json:"prompt_tokens"`
	Out int64 `json:"completion_tokens"`
}

// maxUsage is more than any one answer costs: a count above is not believed.
const maxUsage = 10_000_000

// used counts tokens as the endpoint reports them; one that reports none counts
// none.
func (m *metrics) used(ctx context.Context, op string, cost usage) {
	for direction, count := range map[string]int64{"in": cost.In, "out": cost.Out} {
		if count > 0 && count <= maxUsage {
			m.tokens.Add(ctx, count, metric.WithAttributes(
				attribute.String("operation", op), attribute.String("direction", direction)))
		}
	}
}
