package slotspec

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// maxWarnings bounds the warnings of one document. They are read by a model, which
// pays for each in tokens; what is wrong with a generator shows in the first few.
const maxWarnings = 12

// notes are the warnings about one document. They are for what could be left out
// without changing what is asked for; everything else is an error. A document that
// is refused returns none.
type notes struct {
	prefix string // path of the schema within what was sent
	texts  []string
	more   int
}

// add notes what is set aside, once. The same definition may be reached by several
// references, hence once.
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
	case path[0] == '[':
		return prefix + path
	}
	return join(prefix, path)
}

// within puts a path before that of an error. Paths lead from the root of what the
// caller sent, so that a model can find the place; what is below a wrapper is read
// as if it were the root. Other errors, such as that of a context, pass unchanged.
func within(path string, err error) error {
	var problem *Error
	if errors.As(err, &problem) {
		return errorf(prefixed(path, problem.Path), "%s", problem.Problem)
	}
	return err
}
