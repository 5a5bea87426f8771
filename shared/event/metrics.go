package event

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const meterName = "github.com/sequential-questioning/sequential-questioning/shared/event"

type metrics struct {
	out, failures   metric.Int64Counter
	dead            metric.Int64Counter
	waiting, parked metric.Int64Gauge
	oldest          metric.Float64Gauge
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
		metric.WithDescription("How long the oldest event waits that is not parked, after a drain."))
	return &metrics{
		out:      counter("questioning.events.published", "Events published, by type."),
		failures: counter("questioning.events.failed", "Tries to publish an event that failed, by type and what became of it: retried or parked."),
		dead:     counter("questioning.events.dead", "Events that the broker gave up and brought back, by type."),
		waiting:  gauge("questioning.outbox.waiting", "Events that wait to be published, after a drain."),
		parked:   gauge("questioning.outbox.parked", "Events that were given up."),
		oldest:   oldest,
	}
}

func (m *metrics) published(ctx context.Context, t Type) {
	m.out.Add(ctx, 1, metric.WithAttributes(attribute.String("type", string(t))))
}

func (m *metrics) failed(ctx context.Context, f Failure) {
	became := "retried"
	if f.Park {
		became = "parked"
	}
	m.failures.Add(ctx, 1, metric.WithAttributes(attribute.String("type", string(f.Type)), attribute.String("became", became)))
}

func (m *metrics) backlog(ctx context.Context, b Backlog) {
	m.waiting.Record(ctx, int64(b.Waiting))
	m.parked.Record(ctx, int64(b.Parked))
	m.oldest.Record(ctx, b.Oldest.Seconds())
}
