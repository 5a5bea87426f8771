package store

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSlotsAreDecodedOnce(t *testing.T) {
	t.Parallel()
	cache := newSlotCache()
	definitions := []byte(`{"key": "class", "type": "choice", "title": "Class\u0007", "options": [{"value": "economy"}]}` + "\x00" + `{"key": "seat"}` + "\x00")
	first, err := cache.of(definitions)
	require.NoError(t, err)
	again, err := cache.of(definitions)
	require.NoError(t, err)
	require.Len(t, again, 2)
	assert.Equal(t, "Class", strings.TrimSpace(again[0].Title), "as plain as when it is not known")
	assert.Equal(t, "seat", again[1].Key)
	assert.Same(t, &first[0], &again[0])
	_, err = cache.of([]byte("{\x00"))
	assert.ErrorContains(t, err, "definition of a slot")
	none, err := cache.of(nil)
	require.NoError(t, err)
	assert.Empty(t, none)
}

// Each call of a conversation loads all of its slots.
func TestSlotsThatAreKnownCostNoAllocation(t *testing.T) {
	cache := newSlotCache()
	definitions := []byte(`{"key": "class", "type": "choice", "title": "Class", "options": [{"value": "economy"}]}` + "\x00")
	of := func() { _, _ = cache.of(definitions) }
	of()
	assert.Zero(t, testing.AllocsPerRun(100, of))
}
