package conversation

import (
	"cmp"
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// formMetrics counts what becomes of forms.
type formMetrics struct{ forms metric.Int64Counter }

func newFormMetrics() *formMetrics {
	// It errs on a bad name only.
	forms, _ := otel.Meter("github.com/sequential-questioning/sequential-questioning/shared/conversation").
		Int64Counter("questioning.forms.answered", metric.WithDescription("Forms that came back, by what the person did."))
	return &formMetrics{forms}
}

func (m *formMetrics) answered(ctx context.Context, action mcp.ElicitationResponseAction, status Status) {
	outcome := string(action)
	switch status {
	case StatusBatch:
		outcome = "not_shown"
	case StatusOpen:
		outcome = "empty"
	}
	m.forms.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", cmp.Or(outcome, "unknown"))))
}
