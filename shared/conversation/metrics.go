package conversation

import (
	"cmp"
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

// metrics counts what conversations come to. It holds no answers, and no label has a
// value that a caller chooses: their number is bounded.
type metrics struct {
	conversations, completed metric.Int64Counter
	questions, answers       metric.Int64Counter
	lookups                  metric.Int64Counter
	bits                     metric.Float64Counter
	labels                   *telemetry.Labels[label]
}

// label is the one that a counter has.
type label struct{ name, value string }

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
		labels: telemetry.NewLabels(func(l label) []attribute.KeyValue {
			return []attribute.KeyValue{attribute.String(l.name, l.value)}
		}),
	}
}

// count adds one to a counter under a label.
func (m *metrics) count(ctx context.Context, c metric.Int64Counter, name, value string) {
	c.Add(ctx, 1, m.labels.For(label{name, value}))
}

// opened counts by playbook; slots that the caller names count as one.
func (m *metrics) opened(ctx context.Context, playbook string) {
	m.count(ctx, m.conversations, "playbook", cmp.Or(playbook, "caller"))
}

// advanced counts a change that was saved. A call that is repeated, or that loses a race
// and starts over, is counted once.
func (m *metrics) advanced(ctx context.Context, c store.Change) {
	for _, q := range c.Batch.Questions[len(c.Batch.Questions)-min(c.Batch.New, len(c.Batch.Questions)):] {
		m.count(ctx, m.questions, "purpose", string(q.Purpose))
	}
	for _, a := range c.Answers {
		outcome := string(a.Outcome)
		if a.Problem != "" {
			outcome = string(questioning.StatusUnclear)
		}
		m.count(ctx, m.answers, "outcome", outcome)
		m.bits.Add(ctx, a.Bits)
	}
	if c.Completed {
		m.count(ctx, m.completed, "reason", string(c.Batch.Stop.Reason))
	}
}

// lookedUp counts a question to memory, not what came of it: a rising share of failures
// is what an operator acts on.
func (m *metrics) lookedUp(ctx context.Context, err error) {
	outcome := "answered"
	if err != nil {
		outcome = "failed"
	}
	m.count(ctx, m.lookups, "outcome", outcome)
}
