package parse_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

func TestANumberOfPeopleCountsWhoIsNamedApart(t *testing.T) {
	slots := []questioning.Slot{{Key: "guests", Title: "Number of guests", Type: questioning.Integer}}
	told := func(text string) any {
		for _, part := range parse.ReadReply(text, nil, slots, parse.Context{Now: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)}).Volunteered {
			return part.Value
		}
		return nil
	}
	assert.Equal(t, 20.0, told("Plan a birthday party for my son who turns 7, 20 people on June 5 in Berlin"))
	assert.Equal(t, 12.0, told("a dinner with my wife for 12 people"))
	assert.Equal(t, 20.0, told("Eine Feier für meinen Sohn, 20 Personen am 5. Juni"))
	assert.Equal(t, nil, told("my dog and 3 people"), "one who is not counted may come too")
	assert.Equal(t, nil, told("my son and 3 of his friends, maybe"))
}

func TestANumberInAllCountsThoseWhoAreNamedApart(t *testing.T) {
	slot := questioning.Slot{Key: "guests", Title: "Number of guests", Type: questioning.Integer}
	for words, want := range map[string]any{
		"12 kids, 30 in total": 30.0, "30 in total, 12 kids": 30.0, "4 generations, 8 total!": 8.0, "2 adults, 3 kids, 5 altogether": 5.0,
		"2 adults, 3 kids, 4 in total": nil, "2 people, budget 120 total": 2.0, "2 people, 30 in total or 40": nil,
		"12 Kinder, insgesamt 30": 30.0, "12 enfants, 30 en tout": 30.0, "12 niños, 30 en total": 30.0, "12 bambini, 30 in totale": 30.0,
		"a visit from 3 women and 4 kids": 7.0, "a visit from 3 women": nil,
	} {
		assert.Equal(t, want, parse.Read(slot, words, parse.Context{}).Value, words)
	}
}

// A correction that names no people is a second candidate all the same.
func TestAnotherNumberBesideAPartyIsAsked(t *testing.T) {
	slot := questioning.Slot{Key: "guests", Title: "Number of guests", Type: questioning.Integer}
	for words, want := range map[string]any{
		"5 people. Actually 6.": nil, "5 people. Actually, make it 6!": nil, "3 people, one, two, three!": nil, "5 people. 5!": 5.0,
		"5 people. At 7.": 5.0, "5 people, 7, Friday": 5.0, "5 adults, kids: 2": nil, "6 kids and their parents": nil, "me and my parents": 3.0, "5 and counting": nil, "5 Personen. Doch 6.": nil, "5 Personen am 6. Juni": 5.0, "5 personnes. Non, 6": nil, "3 tables for 4": nil, "a table for 4": 4.0, "1 table for 4": 4.0,
	} {
		assert.Equal(t, want, parse.Read(slot, words, parse.Context{}).Value, words)
	}
}
