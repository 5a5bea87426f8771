package model

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/sony/gobreaker/v2"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// operation is a kind of call. Each has a circuit breaker of its own.
type operation string

const (
	proposing  operation = "propose_slots"
	rephrasing operation = "rephrase"
	embedding  operation = "embed"
)

var errSlow = fmt.Errorf("the time limit has passed: %w", context.DeadlineExceeded)

// unusable is an answer that is worth asking for once more.
func unusable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnusable, fmt.Sprintf(format, args...))
}

// newBreaker opens when the model is away. Answers that cannot be used do not
// count: what one person writes is not to cut off another.
func newBreaker(config Config, op operation) *gobreaker.CircuitBreaker[struct{}] {
	return gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         string(op),
		Timeout:      config.BreakerPause,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= config.BreakerFailures },
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, ErrUnusable) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) }, // the caller went away
		OnStateChange: func(op string, _, to gobreaker.State) {
			slog.Info("circuit breaker of the model", "operation", op, "state", to.String())
		},
	})
}

// do runs an operation: bounded in time and number, behind its breaker,
// repeated where that may help, and counted.
func do[T any](ctx context.Context, c *Client, op operation, attempt func(context.Context) (T, error)) (T, error) {
	start := time.Now()
	ctx, span := otel.Tracer(scope).Start(ctx, "model "+string(op), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("operation", string(op)), attribute.String("model", c.named(op))))
	defer span.End()
	result, err := guarded(ctx, c, op, attempt)
	outcome := outcomeOf(err)
	span.SetAttributes(attribute.String("outcome", outcome))
	if err != nil {
		span.SetStatus(codes.Error, outcome)
	}
	c.metrics.called(ctx, op, outcome, time.Since(start))
	return result, err
}

// named is the name of the model that does an operation.
func (c *Client) named(op operation) string {
	if op == embedding {
		return c.config.EmbeddingName
	}
	return c.config.Name
}

func guarded[T any](ctx context.Context, c *Client, op operation, attempt func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.Timeout, errSlow)
	defer cancel()
	var result T
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
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

// repeated tries again what may succeed then, as long as there is time. An
// answer that cannot be used is asked for once more at most.
func repeated[T any](ctx context.Context, config Config, attempt func(context.Context) (T, error)) (T, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.Multiplier, pause.MaxInterval = config.RetryPause, 2, config.Timeout
	deadline, _ := ctx.Deadline()
	wasUnusable := false
	return backoff.Retry(ctx, func() (T, error) {
		result, err := attempt(ctx)
		var refused *refusal
		switch {
		case errors.As(err, &refused) && !refused.passing(), errors.Is(err, ErrUnusable) && wasUnusable:
			err = backoff.Permanent(err)
		case errors.As(err, &refused) && refused.retryAfter > 0:
			err = errors.Join(err, &backoff.RetryAfterError{Duration: refused.retryAfter})
		}
		wasUnusable = wasUnusable || errors.Is(err, ErrUnusable)
		return result, err
	},
		backoff.WithBackOff(pause),
		backoff.WithMaxTries(uint(config.MaxAttempts)),
		backoff.WithMaxElapsedTime(max(time.Until(deadline), 1)))
}

// answered tells the library's errors apart. Only this package's own texts go
// on: a parser's could repeat what people said.
func answered(err error) error {
	var refused *refusal
	var away *awayError
	switch {
	case err == nil, errors.As(err, &refused), errors.As(err, &away):
		return err
	case errors.Is(err, errTooLarge):
		return unusable("%v", errTooLarge)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &awayError{err}
	}
	return unusable("it is not what the API promises")
}

// ofKind makes an error one of the kinds that callers know.
func ofKind(err error) error {
	var refused *refusal
	switch {
	case err == nil, errors.Is(err, ErrUnusable), errors.Is(err, ErrUnavailable):
		return err
	case errors.As(err, &refused) && refused.ofRequest():
		return unusable("%v", refused)
	case errors.As(err, &refused):
		return fmt.Errorf("%w: %w", ErrUnavailable, refused)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return "left_alone"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, ErrUnusable):
		return "unusable"
	}
	return "unavailable"
}
