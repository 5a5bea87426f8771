// Package fault names the two kinds of failure a caller can act on: a request that
// is wrong, and a service that is unavailable. Anything else is a defect.
package fault

import (
	"errors"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// Invalid is a request that cannot be served as it stands. Nothing was stored.
type Invalid struct {
	Field   string // path of the argument: answers[0].value
	Problem string // what is wrong and what would be right
}

func (e *Invalid) Error() string {
	if e.Field == "" {
		return e.Problem
	}
	return e.Field + ": " + e.Problem
}

// An Invalid repeats so many characters of what was sent: a name or a value in it
// may be as long as the request.
const (
	maxField   = 200
	maxProblem = 2000
)

// Invalidf makes an Invalid for one field.
func Invalidf(field, format string, args ...any) error {
	return &Invalid{Field: plain.Excerpt(field, maxField), Problem: plain.Excerpt(fmt.Sprintf(format, args...), maxProblem)}
}

// Within adds a path before the field of an Invalid and returns any other error as it is.
func Within(path string, err error) error {
	var invalid *Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	field := path
	switch {
	case invalid.Field == "":
	case invalid.Field[0] == '[':
		field += invalid.Field
	default:
		field += "." + invalid.Field
	}
	return &Invalid{Field: field, Problem: invalid.Problem}
}

// Unavailable is a dependency that did not answer. Repeating the same call
// later is safe and may succeed.
type Unavailable struct {
	What string // what is unavailable: the database
	Err  error
}

func (e *Unavailable) Error() string { return fmt.Sprintf("%s is not available: %v", e.What, e.Err) }

func (e *Unavailable) Unwrap() error { return e.Err }
