package qdrant

import (
	"context"
	"errors"
	"fmt"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	// ErrNotConfigured says that QDRANT_URL is empty.
	ErrNotConfigured = errors.New("qdrant is not configured: QDRANT_URL is empty")
	// ErrUnavailable says that Qdrant is down, too slow or turning requests
	// down for now. Trying later can help.
	ErrUnavailable = errors.New("qdrant is unavailable")
	// ErrNoCollection says that the collection does not exist.
	ErrNoCollection = errors.New("qdrant has no such collection")
	// ErrMismatch says that a collection exists with other vectors than asked
	// for. Drop and rebuild it.
	ErrMismatch = errors.New("the collection has other vectors")
)

// explain names the operation and adds the error of this package that fits.
func explain(operation, collection string, err error) error {
	if err == nil {
		return nil
	}
	what := "qdrant: " + operation
	if collection != "" {
		what += " " + collection
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%s: %w: %w", what, kind, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// kindOf is the error of this package that an error of gRPC means, or nil. A
// cancelled context is none of them: the caller has gone, and Qdrant may be well.
func kindOf(err error) error {
	var busy *api.QdrantResourceExhaustedError
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &busy) {
		return ErrUnavailable
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded:
		return ErrUnavailable
	case codes.NotFound:
		return ErrNoCollection
	}
	return nil
}
