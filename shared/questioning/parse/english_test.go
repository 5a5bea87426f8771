package parse_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	q "github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// readings are words with the value that they have for a slot, or ask.
type readings map[string]any

// holds reads the words as an English answer for the slot.
func (r readings) holds(t *testing.T, slot q.Slot) {
	t.Helper()
	for words, want := range r {
		got := parse.Read(slot, words, parse.Context{Now: now, Language: "en"})
		if want == ask {
			assert.Nil(t, got.Value, words)
			assert.NotEmpty(t, got.Problem, words)
			continue
		}
		assert.Equal(t, want, got.Value, "%s: %s", words, got.Problem)
	}
}

func TestEnglishNumbersAreReadAsTheyAreSaid(t *testing.T) {
	readings{
		"hundred": 100.0, "hundred thousand": 1e5, "hundred and five": 105.0, "hundreds": ask, "couple of hundred": ask, "a few hundred": ask,
		"ninety - five": 95.0, "ninety - five hundred": 9500.0, "5 - 6": ask, "twenty twenty": ask, "one hundred and two hundred": ask,
		"one hundred and three quarters": 100.75, "two hundred and fifty-four hundredths": 200.54, "one hundred and thirty fifths": 26.0,
		"one hundred thirty fifths": ask, "five hundred fifths": 100.0, "one hundred fifth": ask,
		"five - eighths": 0.625, "2-1/2": 2.5, "one over four": 0.25, "3 divided by 4": 0.75, "120 over 80": ask, "over 5": ask, "1 over 4 days": ask,
		"one billion and a half million": 1.0005e9, "a million and a half": 1.5e6,
		"6.2x10^4": 62000.0, "6.2 × 10^-4": 0.00062, "10^6": 1e6, "2^10": 1024.0, "-2500^-1": -0.0004, "5 x 6": ask,
		"1.2b": 1.2e9, "5b": ask, "15 dollars and 15": 15.15, "15 dollars and 15 people": ask,
		"5 a day": ask, "upto 5": ask, "atleast 5": ask, "5 and change": ask, "5 give or take": 5.0,
	}.holds(t, q.Slot{Key: "value", Title: "Value", Type: q.Number})
}

// A verb before an amount with its unit says what was done with it, unless it
// makes a bound of the amount.
func TestAVerbBeforeAnAmountDoesNotChangeIt(t *testing.T) {
	readings{
		"we ended up paying $500": 500.0, "it was fined 300 euros": 300.0, "weighing 5 kg": 5.0,
		"exceeding $500": ask, "nearing $500": ask, "topping 300 euros": ask, "weighing 5": ask, "undr $500": ask,
	}.holds(t, q.Slot{Key: "value", Title: "Value", Type: q.Number})
}
