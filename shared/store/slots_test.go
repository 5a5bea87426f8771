package store

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASlotIsDecodedOnce(t *testing.T) {
	t.Parallel()
	cache := newSlotCache()
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
	assert.Equal(t, 1, cache.Len())
}

// Each call of a conversation loads all of its slots.
func TestASlotThatIsKnownCostsNoAllocation(t *testing.T) {
	cache := newSlotCache()
	definition := []byte(`{"key": "class", "type": "choice", "title": "Class", "options": [{"value": "economy"}]}`)
	of := func() { _, _ = cache.of(definition) }
	of()
	assert.Zero(t, testing.AllocsPerRun(100, of))
}
