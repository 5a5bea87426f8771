package slotspec

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// maxWarnings bounds what a caller is told was set aside.
const maxWarnings = 12

// notes are the warnings about one document.
type notes struct {
	prefix string // path of the schema within what was sent
	texts  []string
	more   int
}

// add notes what is set aside, once.
func (n *notes) add(path, format string, args ...any) {
	text := bounds.Errorf(prefixed(n.prefix, path), format, args...).Error()
	switch {
	case slices.Contains(n.texts, text):
	case len(n.texts) < maxWarnings:
		n.texts = append(n.texts, text)
	default:
		n.more++
	}
}

// all are the warnings, and how many more there are.
func (n *notes) all() []string {
	if n.more > 0 {
		return append(n.texts, fmt.Sprintf("and %d more like these", n.more))
	}
	return n.texts
}

// prefixed is a path below another; either may be the root.
func prefixed(prefix, path string) string {
	switch {
	case prefix == "":
		return path
	case path == "":
		return prefix
	}
	return join(prefix, path)
}

// within puts a path before that of an error.
func within(path string, err error) error {
	var problem *Error
	if errors.As(err, &problem) {
		return errorf(prefixed(path, problem.Path), "%s", problem.Problem)
	}
	return err
}
