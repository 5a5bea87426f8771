package followup

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/tool/tooltest"
)

func TestSnapshotOfWhatClientsSee(t *testing.T) { tooltest.Snapshot(t, Tool(nil)) }

func TestAnnotationsAreTruthful(t *testing.T) {
	hints := Tool(nil).Declaration.Annotations
	assert.Equal(t, false, *hints.ReadOnlyHint)
	assert.Equal(t, true, *hints.IdempotentHint)
	assert.False(t, *hints.DestructiveHint)
	assert.False(t, *hints.OpenWorldHint)
}

func TestStartNamesAMissingSetting(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	f := New()
	require.ErrorContains(t, f.Start(t.Context(), nil), "DATABASE_URL")
	ready, err := f.Ready(t.Context())
	assert.False(t, ready)
	assert.Error(t, err)
}
