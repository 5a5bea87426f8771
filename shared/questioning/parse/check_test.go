package parse

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// A date that programs write is not read by the recognizers, which would find the same.
func TestADateAsProgramsWriteItIsWhatTheRecognizersRead(t *testing.T) {
	slot := questioning.Slot{Key: "day", Title: "Day", Type: questioning.Date}
	c := Context{Now: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)}
	for _, year := range []int{0, 1, 999, 1900, 2026, 2028, 9999} {
		for _, day := range []string{"01-01", "02-29", "06-31", "12-31", "13-01", "1-1"} {
			words := fmt.Sprintf("%04d-%s", year, day)
			read := textOf(slot, words, c)
			read.exact = true
			value, _ := read.readDate()
			checked, err := Check(slot, words, c)
			assert.Equal(t, value, checked, words)
			assert.Equal(t, value == nil, err != nil, words)
		}
	}
}
