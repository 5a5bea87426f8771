package automatic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/tool/tooltest"
)

func TestSnapshotOfWhatClientsSee(t *testing.T) { tooltest.Snapshot(t, Tool(nil)) }

func TestHintsAreTruthful(t *testing.T) { tooltest.Hints(t, Tool(nil)) }

func TestItDoesNotStartWithoutAKey(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://nowhere:1/x")
	t.Setenv("ALLOW_UNAUTHENTICATED", "true")
	for ring, says := range map[string]string{"": "REQUEST_STATE_KEYS is not set", "k1:short": "REQUEST_STATE_KEYS entry 1"} {
		t.Setenv("REQUEST_STATE_KEYS", ring)
		require.ErrorContains(t, New().Start(t.Context(), nil), says)
	}
	t.Setenv("REQUEST_STATE_KEYS", keyring.Generate())
	require.NoError(t, New().Start(t.Context(), nil), "it connects nowhere")
}
