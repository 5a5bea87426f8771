package delivery

import (
	"context"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const meterName = "github.com/sequential-questioning/sequential-questioning/shared/event"

// metrics are the relay's instruments. The gauges are set after each drain:
// observing them on demand would query the database at every scrape.
type metrics struct {
	publishedEvents, failures, returnedEvents metric.Int64Counter
	waiting, deadLetters                      metric.Int64Gauge
	oldest                                    metric.Float64Gauge
}

func newMetrics() *metrics {
	meter := otel.Meter(meterName)
	counter := func(name, description string) metric.Int64Counter {
		c, _ := meter.Int64Counter(name, metric.WithDescription(description)) // errs on a bad name only
		return c
	}
	gauge := func(name, description string) metric.Int64Gauge {
		g, _ := meter.Int64Gauge(name, metric.WithDescription(description))
		return g
	}
	oldest, _ := meter.Float64Gauge("questioning.outbox.oldest", metric.WithUnit("s"),
		metric.WithDescription("Age of the oldest event that waits to be published, after a drain; dead letters do not count."))
	return &metrics{
		publishedEvents: counter("questioning.events.published", "Events published, by type."),
		failures:        counter("questioning.events.failed", "Attempts to publish an event that failed, by type and outcome: retried or dead_lettered."),
		returnedEvents:  counter("questioning.events.returned", "Events that the broker could not deliver and returned as dead letters, by type."),
		waiting:         gauge("questioning.outbox.waiting", "Events that wait to be published, after a drain."),
		deadLetters:     gauge("questioning.outbox.dead_letters", "Dead letters in the outbox, after a drain."),
		oldest:          oldest,
	}
}

func ofType(t event.Type) attribute.KeyValue { return attribute.String("type", string(t)) }

func (m *metrics) published(ctx context.Context, t event.Type) {
	m.publishedEvents.Add(ctx, 1, metric.WithAttributes(ofType(t)))
}

func (m *metrics) returned(ctx context.Context, t event.Type) {
	m.returnedEvents.Add(ctx, 1, metric.WithAttributes(ofType(t)))
}

func (m *metrics) failed(ctx context.Context, f Failure) {
	outcome := "retried"
	if f.DeadLettered {
		outcome = "dead_lettered"
	}
	m.failures.Add(ctx, 1, metric.WithAttributes(ofType(f.Type), attribute.String("outcome", outcome)))
}

func (m *metrics) backlog(ctx context.Context, b Backlog) {
	m.waiting.Record(ctx, int64(b.Waiting))
	m.deadLetters.Record(ctx, int64(b.DeadLetters))
	m.oldest.Record(ctx, b.Oldest.Seconds())
}
