// Package memorytest gives tests a memory, and says what it holds.
package memorytest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

// Open returns the memory of the Qdrant at a URL, none for "", closed when the test ends.
func Open(t testing.TB, url string, options ...memory.Option) *memory.Memory {
	t.Helper()
	m, err := memory.Open(qdrant.Config{URL: url, Timeout: 2 * time.Second}, options...)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

// Values returns the values that memory holds of a principal's conversations about a trip, by
// slot: each once, or the test fails.
func Values(t testing.TB, m *memory.Memory, as string) map[string]any {
	t.Helper()
	found, err := m.Recall(t.Context(), as, "", "book a trip destination budget class start date insurance", memory.MaxRecalled)
	require.NoError(t, err)
	values := map[string]any{}
	for _, f := range found {
		require.NotContains(t, values, f.Slot, "remembered twice")
		values[f.Slot] = f.Value
	}
	return values
}
