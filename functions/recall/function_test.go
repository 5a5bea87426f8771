package recall

import (
	"testing"

	"github.com/sequential-questioning/sequential-questioning/shared/tool/tooltest"
)

func TestSnapshotOfWhatClientsSee(t *testing.T) { tooltest.Snapshot(t, Tool(nil)) }

func TestHintsAreTruthful(t *testing.T) {
	tooltest.Hints(t, Tool(nil), tooltest.ReadOnly, tooltest.Idempotent)
}
