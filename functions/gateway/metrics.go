package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

// meters are the gateway's own metrics. Functions have theirs; the difference of the
// durations is the way between them and the start of an instance.
type meters struct {
	calls    metric.Int64Counter
	duration metric.Float64Histogram
	waiting  metric.Int64UpDownCounter
	wakes    metric.Int64Counter
	outcomes *telemetry.Labels[toolOutcome] // of calls
	starts   *telemetry.Labels[toolStart]   // of durations
}

type toolOutcome struct{ tool, outcome string }

type toolStart struct {
	tool string
	cold bool
}

// newMeters registers them with the global meter provider.
func newMeters() (meters, error) {
	meter := otel.Meter("github.com/sequential-questioning/sequential-questioning/functions/gateway")
	calls, err := meter.Int64Counter("mcp.gateway.calls",
		metric.WithDescription("Tool calls forwarded, by tool and outcome."))
	if err != nil {
		return meters{}, fmt.Errorf("calls counter: %w", err)
	}
	duration, err := meter.Float64Histogram("mcp.gateway.call.duration",
		metric.WithUnit("s"),
		metric.WithDescription("Time from forwarding a tool call to its result, less the waiting for a person, and whether its function had to be started."),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30))
	if err != nil {
		return meters{}, fmt.Errorf("call duration histogram: %w", err)
	}
	waiting, err := meter.Int64UpDownCounter("mcp.gateway.waiting",
		metric.WithDescription("Calls of older clients that wait for a person."))
	if err != nil {
		return meters{}, fmt.Errorf("waiting calls counter: %w", err)
	}
	wakes, err := meter.Int64Counter("mcp.gateway.wakes",
		metric.WithDescription("Requests that start a tool's function before it is called, by tool."))
	if err != nil {
		return meters{}, fmt.Errorf("wakes counter: %w", err)
	}
	outcomes := telemetry.NewLabels(func(k toolOutcome) []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("tool", k.tool), attribute.String("outcome", k.outcome)}
	})
	starts := telemetry.NewLabels(func(k toolStart) []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("tool", k.tool), attribute.Bool("cold", k.cold)}
	})
	return meters{calls, duration, waiting, wakes, outcomes, starts}, nil
}

// observe counts a call and logs it when it failed, never with its arguments.
func (m meters) observe(ctx context.Context, t *target, outcome string, took time.Duration, cold bool, failed *failure) {
	ctx = context.WithoutCancel(ctx)
	m.calls.Add(ctx, 1, m.outcomes.For(toolOutcome{t.tool.Name, outcome}))
	m.duration.Record(ctx, took.Seconds(), m.starts.For(toolStart{t.tool.Name, cold}))
	if failed == nil {
		return
	}
	level := slog.LevelWarn
	if outcome == outcomeCanceled {
		level = slog.LevelInfo
	}
	slog.Log(ctx, level, "tool call failed",
		"tool", t.tool.Name, "function", t.function, "outcome", outcome,
		"duration_ms", float64(took.Microseconds())/1000, "error", failed.Error(), "cause", failed.causeText())
}
