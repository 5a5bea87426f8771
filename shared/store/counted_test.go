package store

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestContributionsAreKeptWithinABoundAndThoseInUseStay(t *testing.T) {
	var c countedCache
	const size = maxCountedBytes / 10
	for n := range 100 {
		c.keep(map[string]countedDocument{fmt.Sprint(n): {bytes: size}})
		known, _ := c.of([]string{"0"})
		assert.Len(t, known, 1, "in use, after %d others", n)
		assert.LessOrEqual(t, len(c.young)+len(c.old), 20)
		assert.LessOrEqual(t, c.bytes, maxCountedBytes)
	}
	known, unknown := c.of([]string{"99", "1", "none"})
	assert.Len(t, known, 1)
	assert.Equal(t, []string{"1", "none"}, unknown)
	c.keep(map[string]countedDocument{"large": {bytes: 2 * maxCountedBytes}})
	known, _ = c.of([]string{"large"})
	assert.Len(t, known, 1, "until the next one")
}
