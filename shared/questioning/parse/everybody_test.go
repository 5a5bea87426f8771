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
