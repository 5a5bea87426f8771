package model

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The kinds of failure. Every error of an operation is one of them, or a text
// that the caller should not have passed.
var (
	// ErrNotConfigured means that there is no model for the operation.
	ErrNotConfigured = errors.New("no model is configured")
	// ErrUnavailable means that the model did not answer in time, or that its
	// circuit breaker is open because it did not.
	ErrUnavailable = errors.New("the model is not available")
	// ErrUnusable means that the model answered, and that the answer cannot be
	// used.
	ErrUnusable = errors.New("the model's answer cannot be used")
)

// unusable is an answer that is worth asking for once more.
func unusable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnusable, fmt.Sprintf(format, args...))
}

// noAnswer is a failure to get an answer at all.
type noAnswer struct{ err error }

func (e *noAnswer) Error() string { return "no answer: " + e.err.Error() }
func (e *noAnswer) Unwrap() error { return e.err }

// refusal is an answer with a status other than success. Its text is not part
// of the message, because it may repeat what people said.
type refusal struct {
	status     int
	retryAfter time.Duration // 0 when not given
	text       string
}

func (e *refusal) Error() string { return fmt.Sprintf("the answer has status %d", e.status) }

// transient reports whether the same request may be answered a moment later.
func (e *refusal) transient() bool {
	return e.status == http.StatusRequestTimeout || e.status == http.StatusTooManyRequests || e.status >= 500
}

// ofRequest reports whether it was this request that was refused, not any.
func (e *refusal) ofRequest() bool {
	return e.status == http.StatusBadRequest || e.status == http.StatusRequestEntityTooLarge ||
		e.status == http.StatusUnprocessableEntity
}

// ofKind makes an error one of the kinds that callers know.
func ofKind(err error) error {
	var refused *refusal
	switch {
	case err == nil, errors.Is(err, ErrUnusable), errors.Is(err, ErrUnavailable):
		return err
	case errors.As(err, &refused) && refused.ofRequest():
		return unusable("%v", refused)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// outcomeOf is the value of the metrics' label outcome.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return "circuit_open"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, ErrUnusable):
		return "unusable"
	}
	return "unavailable"
}
