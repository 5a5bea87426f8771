package fault_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
)

func TestWithinPutsThePathInFront(t *testing.T) {
	assert.EqualError(t, fault.Within("answers[0]", fault.Invalidf("value", "is wrong")), "answers[0].value: is wrong")
	assert.EqualError(t, fault.Within("list", fault.Invalidf("[2].key", "is wrong")), "list[2].key: is wrong")
	assert.EqualError(t, fault.Within("answers[0]", fault.Invalidf("", "is wrong")), "answers[0]: is wrong")
	other := errors.New("other")
	assert.Equal(t, other, fault.Within("x", other))
}

func TestAnInvalidIsOneShortLine(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	err := fault.Invalidf("a\nb"+long, "%s", "x\r\ny"+long)
	assert.Less(t, utf8.RuneCountInString(err.Error()), 2300)
	assert.NotContains(t, err.Error(), "\n")
	assert.Contains(t, err.Error(), "a b")
	assert.Contains(t, err.Error(), "x y")
}
