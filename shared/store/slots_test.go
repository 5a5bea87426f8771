package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASlotIsDecodedOnce(t *testing.T) {
	t.Parallel()
	var cache slotCache
	definition := []byte(`{"key": "class", "type": "choice", "title": "Class\u0007", "options": [{"value": "economy"}]}`)
	first, err := cache.of(definition)
	require.NoError(t, err)
	again, err := cache.of(definition)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Equal(t, "Class", strings.TrimSpace(again.Title), "as plain as when it is not known")
	assert.Same(t, &first.Options[0], &again.Options[0])
	_, err = cache.of([]byte(`{`))
	assert.ErrorContains(t, err, "definition of a slot")
	assert.Len(t, cache.decoded, 1)
}

// Who calls decides what slots there are.
func TestTheSlotsThatAStoreKeepsAreBounded(t *testing.T) {
	t.Parallel()
	var cache slotCache
	for i := range 200 {
		slot, err := cache.of([]byte(fmt.Sprintf(`{"key": "k%d", "description": %q}`, i, strings.Repeat("x", 2000))))
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint("k", i), slot.Key)
		assert.LessOrEqual(t, cache.bytes, maxSlotBytes)
	}
	assert.Greater(t, len(cache.decoded), 1)
	_, err := cache.of([]byte(fmt.Sprintf(`{"key": "large", "description": %q}`, strings.Repeat("x", maxSlotBytes))))
	require.NoError(t, err)
	assert.LessOrEqual(t, cache.bytes, maxSlotBytes)
}
