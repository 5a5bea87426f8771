package argocd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Uncertain reports whether a failed call may have taken effect nevertheless. The
// caller has to look at the state before it acts again.
// Errors that a server gave for a reason, such as a denial, are certain.
func Uncertain(err error) bool {
	switch code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Internal:
		return true
	}
	return false
}

// Busy reports whether Argo CD refused the call because a sync is running. Argo CD has
// no code of its own for it, so the text tells; a test with Argo CD's code holds it.
func Busy(err error) bool {
	return code(err) == codes.FailedPrecondition && strings.Contains(err.Error(), "in progress")
}

// failed returns an error with the action, the reason and a remedy. What gRPC says of
// itself, such as the name of a code, is left out.
func (s *Server) failed(doing string, err error) error {
	reason := status.Convert(err).Message()
	switch code(err) {
	case codes.Unauthenticated:
		return &callError{fmt.Sprintf("%s: Argo CD at %s rejects the login (%s): set ARGOCD_AUTH_TOKEN, or run `argocd login %s`", doing, s.address, reason, s.address), err}
	case codes.PermissionDenied:
		return &callError{fmt.Sprintf("%s: Argo CD at %s denies this account permission (%s)", doing, s.address, reason), err}
	case codes.Unavailable:
		return &callError{fmt.Sprintf("%s: Argo CD at %s is unavailable (%s)", doing, s.address, reason), err}
	case codes.DeadlineExceeded:
		return &callError{fmt.Sprintf("%s: Argo CD at %s did not respond in time", doing, s.address), err}
	case codes.Unknown:
		return &callError{fmt.Sprintf("%s: Argo CD at %s: %s", doing, s.address, strings.TrimPrefix(reason, "rpc error: ")), err}
	}
	return &callError{fmt.Sprintf("%s: %s", doing, reason), err}
}

// callError is a failed call in words, with the gRPC error below it, by which Uncertain
// and Busy decide.
type callError struct {
	text string
	err  error
}

func (e *callError) Error() string { return e.text }
func (e *callError) Unwrap() error { return e.err }

// code is the gRPC code of an error, also of a context's.
func code(err error) codes.Code {
	if errors.Is(err, context.DeadlineExceeded) {
		return codes.DeadlineExceeded
	}
	if errors.Is(err, context.Canceled) {
		return codes.Canceled
	}
	return status.Code(err)
}
