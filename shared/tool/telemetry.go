package tool

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

const scope = "github.com/sequential-questioning/sequential-questioning/shared/tool"

// instruments are those of all tools of a process; the label tool distinguishes them.
type instruments struct {
	calls    metric.Int64Counter
	errors   metric.Int64Counter
	duration metric.Float64Histogram
	tools    *telemetry.Labels[string]
}

// The names are right, so that making the instruments cannot fail.
var instrumentsOnce = sync.OnceValue(func() instruments {
	meter := otel.Meter(scope)
	calls, _ := meter.Int64Counter("mcp.tool.calls", metric.WithDescription("Tool calls."))
	failed, _ := meter.Int64Counter("mcp.tool.errors", metric.WithDescription("Tool calls that failed, by kind."))
	duration, _ := meter.Float64Histogram("mcp.tool.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Time from a call's arguments to its result."),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10))
	tools := telemetry.NewLabels(func(name string) []attribute.KeyValue { return []attribute.KeyValue{attribute.String("tool", name)} })
	return instruments{calls, failed, duration, tools}
})

// observe opens a call's span; done closes it and counts the call. Neither
// arguments nor results go into it: they are people's words.
func observe(ctx context.Context, name string) (context.Context, func(context.Context, error)) {
	start := time.Now()
	ctx, span := otel.Tracer(scope).Start(ctx, "tools/call "+name,
		trace.WithAttributes(attribute.String("mcp.tool.name", name)))
	return ctx, func(ctx context.Context, err error) {
		i := instrumentsOnce()
		tool := i.tools.For(name)
		i.calls.Add(ctx, 1, tool)
		i.duration.Record(ctx, time.Since(start).Seconds(), tool)
		if err != nil {
			kind := errorKind(err)
			i.errors.Add(ctx, 1, metric.WithAttributes(attribute.String("tool", name), attribute.String("kind", kind)))
			span.SetAttributes(attribute.String("error.type", kind))
			span.SetStatus(codes.Error, kind)
		}
		span.End()
	}
}

// errorKind is the label kind of the errors. Alerts use internal and unavailable;
// invalid and canceled are the caller's.
func errorKind(err error) string {
	var invalid *fault.Invalid
	var unavailable *fault.Unavailable
	switch {
	case errors.Is(err, context.Canceled): // by the caller, who no longer waits
		return "canceled"
	case errors.As(err, &invalid):
		return "invalid"
	case errors.As(err, &unavailable):
		return "unavailable"
	}
	return "internal"
}
