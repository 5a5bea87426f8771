package questioning

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A field that Equal forgets would be lost where only what changed is stored.
func TestSlotStatesThatDifferInAnyFieldAreNotEqual(t *testing.T) {
	full := SlotState{
		Status: StatusAnswered, Value: []any{"a"}, Words: "a", Answers: []int{1}, Clarified: true, Confirmed: true, Passed: 1, Source: "a", Reopened: 1,
	}
	same := full
	same.Value, same.Answers = []any{"a"}, []int{1}
	assert.True(t, full.Equal(&same))
	fields := reflect.TypeFor[SlotState]()
	for i := range fields.NumField() {
		other := full
		reflect.ValueOf(&other).Elem().Field(i).SetZero()
		assert.False(t, full.Equal(&other), fields.Field(i).Name)
	}
}
