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
	for hint, set := range map[Hint]*bool{
		ReadOnly: given.ReadOnlyHint, Destructive: given.DestructiveHint,
		Idempotent: given.IdempotentHint, OpenWorld: given.OpenWorldHint,
	} {
		if assert.NotNil(t, set, hint) {
			assert.Equal(t, slices.Contains(want, hint), *set, hint)
		}
	}
}
