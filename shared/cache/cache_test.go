package cache

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// upper is what these tests make of a key: a value that takes no more than the key.
func upper(key []byte) func() (string, int, error) {
	return func() (string, int, error) { return strings.ToUpper(string(key)), 0, nil }
}

func TestAValueIsMadeOnce(t *testing.T) {
	t.Parallel()
	c, made := New[int](100), 0
	read := func() (int, int, error) { made++; return made, 10, nil }
	for range 3 {
		value, err := c.Get([]byte("a"), read)
		require.NoError(t, err)
		assert.Equal(t, 1, value)
	}
	value, err := c.Get([]byte("b"), read)
	require.NoError(t, err)
	assert.Equal(t, 2, value)
	assert.Equal(t, 2, c.Len())
}

func TestWhatComesWithAnErrorIsReturnedAndNotKept(t *testing.T) {
	t.Parallel()
	c := New[string](100)
	value, err := c.Get([]byte("a"), func() (string, int, error) { return "half", 1, errors.New("broken") })
	assert.EqualError(t, err, "broken")
	assert.Equal(t, "half", value)
	assert.Zero(t, c.Len())
	value, err = c.Get([]byte("a"), upper([]byte("a")))
	require.NoError(t, err)
	assert.Equal(t, "A", value)
}

// Whoever calls chooses the keys: neither many nor large values may fill the memory.
func TestACacheIsBounded(t *testing.T) {
	t.Parallel()
	c := New[string](1000)
	most := 0
	for i := range 200 {
		key := []byte(fmt.Sprintf("%03d", i))
		value, err := c.Get(key, func() (string, int, error) { return string(key), 97, nil })
		require.NoError(t, err)
		assert.Equal(t, string(key), value)
		assert.LessOrEqual(t, c.bytes, 1000)
		assert.Equal(t, 100*c.Len(), c.bytes)
		most = max(most, c.Len())
	}
	assert.Equal(t, 10, most, "it is filled")
	held := c.Len()
	large := []byte(strings.Repeat("x", 1001))
	value, err := c.Get(large, upper(large))
	require.NoError(t, err)
	assert.Equal(t, strings.ToUpper(string(large)), value)
	assert.Equal(t, held, c.Len(), "one that fits nowhere empties nothing")
}

// Each call of a conversation looks up all of its slots.
func TestAValueThatIsHeldCostsNoAllocation(t *testing.T) {
	c, key := New[string](1000), []byte(strings.Repeat("long ", 100))
	get := func() {
		_, _ = c.Get(key, func() (string, int, error) { return strings.ToUpper(string(key)), 0, nil })
	}
	get()
	assert.Zero(t, testing.AllocsPerRun(100, get))
}

// A value that two calls make at once counts once.
func TestCallsAtOnceGetAValueEach(t *testing.T) {
	t.Parallel()
	c := New[string](1000)
	var both, calls sync.WaitGroup
	both.Add(2)
	for range 2 {
		calls.Go(func() {
			value, err := c.Get([]byte("a"), func() (string, int, error) {
				both.Done()
				both.Wait() // neither finds the other's
				return "A", 9, nil
			})
			assert.NoError(t, err)
			assert.Equal(t, "A", value)
		})
	}
	calls.Wait()
	assert.Equal(t, 10, c.bytes)
}
