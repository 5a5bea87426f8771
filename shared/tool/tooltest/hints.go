package tooltest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// Hint is what an annotation may say of a tool.
type Hint string

// The hints that a tool may give.
const (
	ReadOnly    Hint = "readOnlyHint"
	Destructive Hint = "destructiveHint"
	Idempotent  Hint = "idempotentHint"
	OpenWorld   Hint = "openWorldHint"
)

// Hints checks that a tool gives just these hints.
func Hints(t *testing.T, declared tool.Tool, want ...Hint) {
	t.Helper()
	given := declared.Declaration.Annotations
	// What is left out is so by default, in the protocol's schema.
	for hint, of := range map[Hint]struct {
		set       *bool
		byDefault bool
	}{
		ReadOnly: {given.ReadOnlyHint, false}, Destructive: {given.DestructiveHint, !slices.Contains(want, ReadOnly)},
		Idempotent: {given.IdempotentHint, false}, OpenWorld: {given.OpenWorldHint, true},
	} {
		holds := of.byDefault
		if of.set != nil {
			holds = *of.set
		}
		assert.Equal(t, slices.Contains(want, hint), holds, hint)
	}
}
