package lazyregexp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnExpressionIsCompiledWhenItIsUsed(t *testing.T) {
	built := 0
	digits := Built(func() string { built++; return `\d+` })
	assert.Zero(t, built)
	assert.True(t, digits.MatchString("a1"))
	assert.True(t, digits.Match([]byte("1")))
	assert.Equal(t, []string{"1", "23"}, digits.FindAllString("1 23", -1))
	assert.Equal(t, [][]int{{0, 1}, {2, 4}}, digits.FindAllStringIndex("1 23", -1))
	assert.Equal(t, []string{"23"}, digits.FindStringSubmatch("a23"))
	assert.Equal(t, "A-", digits.ReplaceAllStringFunc("A1", func(s string) string { return strings.Repeat("-", len(s)) }))
	assert.Equal(t, 1, built)
	assert.Panics(t, func() { New("(").MatchString("") })
}
