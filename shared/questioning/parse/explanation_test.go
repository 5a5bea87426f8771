package parse_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	q "github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// The first part of what somebody writes is the answer. What follows a comma, a
// bracket or "because" explains it, and is not taken for it.
func TestAValueInAnExplanationIsNoAnswer(t *testing.T) {
	guests := q.Slot{Key: "guests", Title: "Number of guests", Type: q.Integer}
	day := q.Slot{Key: "day", Title: "Day", Type: q.Date}
	indoors := q.Slot{Key: "indoors", Title: "Indoors", Type: q.Boolean}
	food := q.Slot{Key: "food", Title: "Food", Type: q.Choice, Options: options("buffet", "barbecue")}
	for _, c := range []struct {
		slot  q.Slot
		words string
		want  any
	}{
		{guests, "Bob (answer 9)", ask}, {guests, "Bob, 9", ask}, {guests, "Bob: 9", ask}, {guests, "(Bob) 9", ask},
		{guests, "see above (9)", ask}, {guests, "the usual (9)", ask}, {guests, "twelve (9)", ask},
		{day, "Bob (May 5)", ask}, {indoors, "Bob (yes)", ask}, {food, "Bob (buffet)", ask},

		{guests, "9 (Bob)", 9.0}, {guests, "9, for Bob", 9.0}, {guests, "9 because Bob comes", 9.0},
		{guests, "Guests: 9", 9.0}, {guests, "Well, 9", 9.0}, {guests, "(9)", 9.0},
		{day, "Cortana, can you please set something up on the 18th", "2026-12-18"}, {food, "Bob, buffet", "buffet"},
	} {
		t.Run(c.words, func(t *testing.T) {
			got := parse.Read(c.slot, c.words, parse.Context{Now: now, Language: "en"})
			if c.want == ask {
				assert.Nil(t, got.Value)
				assert.NotEmpty(t, got.Problem)
				return
			}
			assert.Equal(t, c.want, got.Value, got.Problem)
		})
	}
}

// What a program sends as a value has no words beside it but an explanation.
func TestAStructuredValueIsAccountedForWhole(t *testing.T) {
	guests := q.Slot{Key: "guests", Title: "Number of guests", Type: q.Integer}
	day := q.Slot{Key: "day", Title: "Day", Type: q.Date}
	for _, c := range []struct {
		slot  q.Slot
		words string
		want  any
	}{
		{guests, "Bob (answer 9)", nil}, {guests, "Bob - 9", nil}, {guests, "Bob. 9", nil}, {guests, "Bob sees maybe 9", nil},
		{day, "Bob, May 5", nil}, {day, "the party of Bob is on May 5", nil},
		{guests, "9", 9.0}, {guests, "about 9 people", 9.0}, {guests, "9 (Bob)", 9.0}, {day, "on May 5, 2027", "2027-05-05"},
	} {
		t.Run(c.words, func(t *testing.T) {
			got, err := parse.Check(c.slot, c.words, parse.Context{Now: now, Language: "en"})
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.want == nil, err != nil)
		})
	}
}
