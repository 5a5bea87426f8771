package memory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestWhatASlotAsksForIsReadOnceAndRememberedWithinBounds(t *testing.T) {
	password := questioning.Slot{Key: "login", Description: "Your password for the server", Type: questioning.Text}
	class := questioning.Slot{Key: "login", Description: "How you travel", Type: questioning.Text}
	for range 2 {
		assert.True(t, asksForSecret(password))
		assert.False(t, asksForSecret(class), "the key alone does not tell them apart")
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { asksForSecret(password) }), "read once")
	for i := range 100 {
		assert.False(t, asksForSecret(questioning.Slot{Key: fmt.Sprint("k", i), Title: strings.Repeat("long ", 1000), Type: questioning.Boolean}))
	}
	assert.Less(t, asked.Len(), 60, "not all of them")
	assert.True(t, asksForSecret(password), "forgotten, and read again")
}

// Where one text ends tells slots apart too.
func TestSlotsOfTheSameLettersAreReadEach(t *testing.T) {
	t.Parallel()
	assert.True(t, asksForSecret(questioning.Slot{Key: "x", Title: "Password", Type: questioning.Text}))
	assert.False(t, asksForSecret(questioning.Slot{Key: "x", Title: "Pass", Question: "word", Type: questioning.Text}))
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
