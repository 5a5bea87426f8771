package memory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestWhatASlotAsksForIsReadOnceAndRememberedWithinBounds(t *testing.T) {
	t.Parallel()
	var a asked
	password := slotTexts{key: "login", description: "Your password for the server", kind: questioning.Text}
	class := slotTexts{key: "login", description: "How you travel", kind: questioning.Text}
	for range 2 {
		assert.True(t, a.secret(password))
		assert.False(t, a.secret(class), "the key alone does not tell them apart")
	}
	assert.Len(t, a.slots, 2)
	for i := range 100 {
		assert.False(t, a.secret(slotTexts{key: fmt.Sprint("k", i), title: strings.Repeat("long ", 1000), kind: questioning.Boolean}))
		assert.LessOrEqual(t, a.bytes, maxAskedBytes)
	}
	assert.True(t, a.secret(password), "forgotten, and read again")
}

func TestAnItemIsSecretByItsSlotOrByWhatItHolds(t *testing.T) {
	t.Parallel()
	for _, i := range []Item{
		{Slot: "note", Title: "Note", Type: questioning.Text, Value: "pay with 4111111111111111"},
		{Slot: "note", Title: "Note", Type: questioning.Text, Value: "by card", Words: "4111 1111 1111 1111"},
		{Slot: "note", Title: "Note", Type: questioning.Text, Value: "the wifi password is sesame"},
		{Slot: "log", Title: "Log", Type: questioning.Text, Value: "see attached", Words: "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"},
		{Slot: "n", Title: "Number", Type: questioning.Number, Value: 4111111111111111.0},
		{Slot: "password", Title: "Password", Type: questioning.Text, Value: "sesame"},
	} {
		assert.True(t, isSecret(i), i)
	}
	assert.False(t, isSecret(Item{Slot: "note", Title: "Note", Type: questioning.Text, Value: "hello", Words: "hello"}))
}
