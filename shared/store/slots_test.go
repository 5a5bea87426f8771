package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSlotsAreDecodedOnce(t *testing.T) {
	t.Parallel()
	var cache slotCache
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
	assert.Len(t, cache.decoded, 2)
}

// Who calls decides what slots there are.
func TestTheSlotsThatAStoreKeepsAreBounded(t *testing.T) {
	t.Parallel()
	var cache slotCache
	for i := range 200 {
		slots, err := cache.of(fmt.Appendf(nil, `{"key": "k%d", "description": %q}`+"\x00", i, strings.Repeat("x", 2000)))
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint("k", i), slots[0].Key)
		assert.LessOrEqual(t, cache.bytes, maxSlotBytes)
	}
	assert.Greater(t, len(cache.decoded), 1)
	_, err := cache.of(fmt.Appendf(nil, `{"key": "large", "description": %q}`+"\x00", strings.Repeat("x", maxSlotBytes)))
	require.NoError(t, err)
	assert.LessOrEqual(t, cache.bytes, maxSlotBytes)
}
