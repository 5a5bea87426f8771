package columns

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var lines = [][]string{{"call", "ms", ""}, {"open", "≥ 12.5", "x"}, {"a report", "3", ""}}

func TestATerminalSeesColumns(t *testing.T) {
	var b strings.Builder
	Text(&b, lines)
	assert.Equal(t, "  call          ms\n  open      ≥ 12.5  x\n  a report       3\n", b.String())
}

func TestAPageHasATable(t *testing.T) {
	var b strings.Builder
	Markdown(&b, lines)
	assert.Equal(t, "| call | ms |  |\n| --- | ---: | ---: |\n| open | ≥ 12.5 | x |\n| a report | 3 |  |\n", b.String())
}
