package conversation

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInformationNeededIsReadOnce(t *testing.T) {
	cache := newNeededCache()
	raw := []byte(`{"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}`)
	first, err := cache.of(t.Context(), raw)
	require.NoError(t, err)
	again, err := cache.of(t.Context(), append([]byte(nil), raw...))
	require.NoError(t, err)
	assert.Same(t, first.schema, again.schema)
	assert.Equal(t, schemaKeyOf("", raw), again.schemaKey)

	other, err := cache.of(t.Context(), []byte(strings.ReplaceAll(string(raw), "city", "town")))
	require.NoError(t, err)
	assert.Equal(t, "town", other.Slots[0].Key)
	list, err := cache.of(t.Context(), []byte(`["city"]`))
	require.NoError(t, err)
	assert.Nil(t, list.schema)
	assert.Equal(t, 3, cache.Len())
}

func TestWhatIsRefusedIsNotKept(t *testing.T) {
	cache := newNeededCache()
	for _, raw := range []string{`{"type": "object"`, `{"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}`} {
		_, err := cache.of(t.Context(), []byte(raw))
		assert.Error(t, err, raw)
	}
	assert.Zero(t, cache.Len())
}

// A caller chooses what is read: neither many nor large schemas may fill the memory.
func TestWhatIsKeptOfInformationNeededIsBounded(t *testing.T) {
	cache := newNeededCache()
	most := 0
	for i := range 200 {
		_, err := cache.of(t.Context(), []byte(fmt.Sprintf(`{"type": "object", "properties": {"a%d": {"type": "string", "pattern": "^[a-z]{%d}$"}}}`, i, 400+i)))
		require.NoError(t, err)
		most = max(most, cache.Len())
	}
	assert.Greater(t, most, 5)
	assert.Less(t, most, 100)
}
