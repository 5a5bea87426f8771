package bounds

import (
	"fmt"
	"strconv"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// An error shows so many characters of what may be as long as the schema.
const (
	maxPath    = 200
	maxProblem = 400
)

// Error is what is wrong with a schema, and where.
type Error struct {
	Path    string // from the root: properties.budget.type, or [2].key; "" is the whole
	Problem string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Problem
	}
	return e.Path + ": " + e.Problem
}

// Errorf makes an *Error.
func Errorf(path, format string, args ...any) error {
	return &Error{Path: plain.Excerpt(path, maxPath), Problem: plain.Excerpt(fmt.Sprintf(format, args...), maxProblem)}
}

// Join is the path of a member of what is at path.
func Join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// quoted is a text of the caller's, short and on one line.
func quoted(text string) string { return strconv.Quote(plain.Excerpt(text, 80)) }
