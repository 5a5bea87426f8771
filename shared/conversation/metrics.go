package conversation

import (
	"cmp"
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// metrics counts what conversations come to. It holds no answers, and no label has a
// value that a caller chooses: their number is bounded.
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

// opened counts by playbook; slots that the caller names count as one.
func (m *metrics) opened(ctx context.Context, playbook string) {
	m.conversations.Add(ctx, 1, metric.WithAttributes(attribute.String("playbook", cmp.Or(playbook, "caller"))))
}

// advanced counts a change that was saved. A call that is repeated, or that loses a race
// and starts over, is counted once.
func (m *metrics) advanced(ctx context.Context, c store.Change) {
	for _, q := range c.Batch.Questions[len(c.Batch.Questions)-min(c.Batch.New, len(c.Batch.Questions)):] {
		m.questions.Add(ctx, 1, metric.WithAttributes(attribute.String("purpose", string(q.Purpose))))
	}
	for _, a := range c.Answers {
		outcome := string(a.Outcome)
		if a.Problem != "" {
			outcome = string(questioning.StatusUnclear)
		}
		m.answers.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
		m.bits.Add(ctx, a.Bits)
	}
	if c.Completed {
		m.completed.Add(ctx, 1, metric.WithAttributes(attribute.String("reason", string(c.Batch.Stop.Reason))))
	}
}

// lookedUp counts a question to memory, not what came of it: a rising share of failures
// is what an operator acts on.
func (m *metrics) lookedUp(ctx context.Context, err error) {
	outcome := "answered"
	if err != nil {
		outcome = "failed"
	}
	m.lookups.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
}
