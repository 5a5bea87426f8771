package model

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// errSlow is the cause of a context that ended by MODEL_TIMEOUT, unlike one that
// the caller ended.
var errSlow = fmt.Errorf("the time limit has passed: %w", context.DeadlineExceeded)

// do runs an operation: bounded in time and number, behind its breaker,
// repeated where that may help, and counted.
//
// Order matters. The timeout is outermost, since waiting for a place counts. The
// breaker encloses the repetition: one operation that failed after all its attempts
// is one failure, and an open breaker costs nothing.
func do[T any](ctx context.Context, c *Client, op operation, attempt func(context.Context) (T, error)) (T, error) {
	start := time.Now()
	ctx, span := otel.Tracer(scope).Start(ctx, "model "+string(op), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("operation", string(op)), attribute.String("model", c.modelFor(op))))
	defer span.End()
	result, err := guarded(ctx, c, op, attempt)
	outcome := outcomeOf(err)
	span.SetAttributes(attribute.String("outcome", outcome))
	if err != nil {
		span.SetStatus(codes.Error, outcome)
	}
	c.metrics.called(ctx, string(op), outcome, time.Since(start))
	return result, err
}

// guarded bounds an operation: by the timeout over all its attempts, by how many
// run at once, and by its breaker, which refuses at once after several failures
// in a row. Its errors are of a kind that callers know.
func guarded[T any](ctx context.Context, c *Client, op operation, attempt func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.Timeout, errSlow)
	defer cancel()
	var result T
	select {
	case c.running <- struct{}{}:
		defer func() { <-c.running }()
	case <-ctx.Done():
		return result, ofKind(fmt.Errorf("too many operations at once: %w", context.Cause(ctx)))
	}
	_, err := c.breakers[op].Execute(func() (struct{}, error) {
		var err error
		result, err = repeated(ctx, c.config, attempt)
		return struct{}{}, ofKind(err)
	})
	if err != nil {
		var none T
		return none, ofKind(err)
	}
	return result, nil
}

// repeated tries again what may succeed then, as long as there is time. An answer
// that cannot be used is asked for once more at most. Retry-After of the server
// wins over the exponential pause. If it is longer than the time that is left, the
// operation fails at once.
func repeated[T any](ctx context.Context, config Config, attempt func(context.Context) (T, error)) (T, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.Multiplier, pause.MaxInterval = config.Limits.RetryPause, 2, config.Timeout
	deadline, _ := ctx.Deadline()
	wasUnusable := false
	return backoff.Retry(ctx, func() (T, error) {
		result, err := attempt(ctx)
		var refused *refusal
		switch {
		case errors.As(err, &refused) && !refused.transient(), errors.Is(err, ErrUnusable) && wasUnusable:
			err = backoff.Permanent(err)
		case errors.As(err, &refused) && refused.retryAfter > 0:
			err = errors.Join(err, &backoff.RetryAfterError{Duration: refused.retryAfter})
		}
		wasUnusable = wasUnusable || errors.Is(err, ErrUnusable)
		return result, err
	},
		backoff.WithBackOff(pause),
		backoff.WithMaxTries(uint(config.Limits.Attempts)),
		backoff.WithMaxElapsedTime(max(time.Until(deadline), 1)))
}
