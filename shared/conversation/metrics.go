package conversation

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// metrics counts what conversations come to. It holds no answers.
type metrics struct {
	conversations, completed metric.Int64Counter
	questions, answers       metric.Int64Counter
	lookups                  metric.Int64Counter
	bits                     metric.Float64Counter
}

func newMetrics() *metrics {
	meter := otel.Meter("github.com/sequential-questioning/sequential-questioning/shared/conversation")
	counter := func(name, description string) metric.Int64Counter {
		c, _ := meter.Int64Counter(name, metric.WithDescription(description)) // errs on a bad name only
		return c
	}
	bits, _ := meter.Float64Counter("questioning.bits.gained",
		metric.WithDescription("Expected information, in bits, of the questions that were answered."))
	return &metrics{
		conversations: counter("questioning.conversations.opened", "Conversations opened."),
		completed:     counter("questioning.conversations.completed", "Conversations that came to a stop."),
		questions:     counter("questioning.questions.asked", "Questions put to a person."),
		answers:       counter("questioning.answers.recorded", "Answers recorded, by outcome."),
		lookups:       counter("questioning.memory.lookups", "Times that memory was asked, by outcome: answered or failed."),
		bits:          bits,
	}
}

func (m *metrics) opened(ctx context.Context, playbook *string) {
	name := "caller"
	if playbook != nil {
		name = *playbook
	}
	m.conversations.Add(ctx, 1, metric.WithAttributes(attribute.String("playbook", name)))
}

func (m *metrics) advanced(ctx context.Context, c change) {
	for _, q := range c.batch.Questions[len(c.batch.Questions)-min(c.batch.New, len(c.batch.Questions)):] {
		m.questions.Add(ctx, 1, metric.WithAttributes(attribute.String("purpose", string(q.Purpose))))
	}
	for _, a := range c.answers {
		outcome := string(a.Outcome)
		if a.Problem != "" {
			outcome = string(questioning.StatusUnclear)
		}
		m.answers.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
		m.bits.Add(ctx, a.Bits)
	}
	if c.completed {
		m.completed.Add(ctx, 1, metric.WithAttributes(attribute.String("reason", string(c.batch.Stop.Reason))))
	}
}

func (m *metrics) lookedUp(ctx context.Context, err error) {
	outcome := "answered"
	if err != nil {
		outcome = "failed"
	}
	m.lookups.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
}
