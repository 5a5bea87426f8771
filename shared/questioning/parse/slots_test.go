package parse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	q "github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// What a slot's own words say decides what an amount, a bound or an option is.
func TestReadByWhatTheSlotAsks(t *testing.T) {
	guests := q.Slot{Key: "guests", Title: "Number of guests", Type: q.Integer}
	price := q.Slot{Key: "price", Title: "Price", Type: q.Number}
	meal := q.Slot{Key: "time", Title: "Time", Type: q.Time}
	back := q.Slot{Key: "return_date", Title: "Return date", Type: q.Date}
	insurance := q.Slot{Key: "insurance", Title: "Insurance", Type: q.Boolean}
	goals := q.Slot{Type: q.Choice, Options: options("Lose weight", "Build muscle", "Run a marathon")}
	often := q.Slot{Type: q.Choice, Options: options("Once a day", "Twice a day", "Never")}
	counts := q.Slot{Type: q.Choice, Options: options("1", "2", "3 or more")}
	extras := q.Slot{Type: q.Choices, Options: options("wifi", "parking", "breakfast")}
	for _, c := range []struct {
		slot  q.Slot
		words string
		want  any
	}{
		{guests, "just me", 1.0}, {guests, "me and four of my friends", 5.0}, {guests, "5 adults and 1 child", 6.0}, {guests, "two couples", 4.0}, {guests, "about 20", 20.0},
		{guests, "4 adults 2 kids", 6.0}, {guests, "me, my parents and my sister", 4.0}, {guests, "my wife and I and our two kids", 4.0}, {guests, "8 people including me", 8.0}, {guests, "do you have a table for 6?", 6.0},
		{guests, "a total of 5", 5.0}, {guests, "my dog and 3 people", ask}, {guests, "2 zorps and 3 kids", ask}, {guests, "another person", ask}, {guests, "2 more people", ask}, {guests, "5, 2 of them kids", ask}, {guests, "me and a couple of friends", 3.0}, {guests, "a couple of people", 2.0},
		{meal, "8;30", ask}, {meal, "change it to 8", "08:00:00"}, {meal, "I was wondering if you have a table at 8", "08:00:00"}, {meal, "table for 8", ask}, {meal, "a party of 8", ask}, {meal, "at 8 tables", ask}, {guests, "one of us", ask}, {guests, "please book that for me", ask}, {guests, "bringing 3 friends", ask},
		{meal, "party of six at 7:30", "07:30:00"}, {meal, "for 4 at 8pm", "20:00:00"}, {meal, "table for 4 at 7", "07:00:00"}, {meal, "dinner at 8", "08:00:00"}, {meal, "8pm under Smith", "20:00:00"}, {meal, "8 sharp", "08:00:00"},
		{meal, "8pm under 20 minutes", ask}, {meal, "the latest at 8", ask}, {meal, "at 5 km", ask}, {meal, "for 4 at 7 or 8", ask},
		{guests, "with my 3 friends", ask}, {guests, "2 hours", ask}, {guests, "20 dollars", ask},
		{price, "about 400 euros", 400.0}, {price, "Let me check with my 2 colleagues", ask}, {price, "2 hours", ask}, {price, "400 per person", ask}, {price, "under 400", ask},
		{back, "until the 11th, please", "2026-12-11"}, {back, "not before the 11th", ask}, {q.Slot{Type: q.Date, Title: "Date"}, "until the 11th", ask},
		{insurance, "I don't need insurance", false}, {insurance, "I need insurance", true}, {insurance, "no insurance", false}, {insurance, "I need a hotel", ask},
		{goals, "lose some weight", "Lose weight"}, {goals, "I want to lose weight", "Lose weight"}, {goals, "not lose weight", ask}, {goals, "lose weight or build muscle", ask},
		{often, "once a day", "Once a day"}, {often, "take it once", "Once a day"}, {counts, "two tickets", "2"}, {counts, "two or three", ask},
		{extras, "everything but wifi", []any{"parking", "breakfast"}}, {extras, "all except parking and wifi", []any{"breakfast"}}, {extras, "wifi or parking", ask}, {extras, "wifi and a pool", ask},
	} {
		t.Run(c.slot.Title+" "+c.words, func(t *testing.T) {
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

func TestAProblemQuotesTheWordsInTheWay(t *testing.T) {
	for words, want := range map[string]string{"at least 30": "at least", "30 zorps": "zorps", "not 30": "not", "30 or 40": "40", "30 if it rains": "if", "30, or so they say": "", "what is 30?": "what"} {
		got := parse.Read(q.Slot{Type: q.Number}, words, parse.Context{Now: now, Language: "en"})
		if want == "" {
			continue
		}
		assert.Contains(t, strings.ToLower(got.Obstacle), want, words)
		assert.Contains(t, got.Problem, got.Obstacle)
	}
}

func TestFindGivesCandidatesWithTheirSpans(t *testing.T) {
	const text = "20 people on June 5 in Berlin, budget about 400 euros, not on Sunday"
	found := parse.Find(q.Slot{Type: q.Date, Title: "Date"}, text, at)
	assert.Len(t, found, 2)
	assert.Equal(t, "June 5", text[found[0].Start:found[0].End])
	assert.Equal(t, "2027-06-05", found[0].Value)
	assert.Contains(t, found[1].Problem, "negation")
}

func TestAReplyIsReadQuickly(t *testing.T) {
	long := strings.Repeat("so on March 3rd, 20 people, ", (256<<10)/28)
	for _, slot := range fuzzSlots {
		start := time.Now()
		parse.Read(slot, long, at)
		assert.Less(t, time.Since(start), 2*time.Second, slot.Type) // 100 ms where nothing else runs; see BenchmarkRead
	}
}

func BenchmarkRead(b *testing.B) {
	long := strings.Repeat("so on March 3rd, 20 people, ", (256<<10)/28)
	for name, words := range map[string]string{"short": "I would like 3 tickets please", "date": "on Tuesday next week", "256KiB": long} {
		for _, slot := range []q.Slot{{Type: q.Number}, {Type: q.Date}, {Type: q.List}} {
			b.Run(name+" "+string(slot.Type), func(b *testing.B) {
				for b.Loop() {
					parse.Read(slot, words, parse.Context{Now: now, Language: "en"})
				}
			})
		}
	}
}

// FuzzUnknownWord holds the rule: a word that nobody understands beside a value
// leaves its reading as it is, or takes it away, but never gives another.
func FuzzUnknownWord(f *testing.F) {
	for i := range fuzzSlots {
		for _, words := range []string{"30", "an hour and a half", "five thousand", "23 Nov 2026 at 2pm", "half past nine", "friday the 27th", "I don't need it", "red and blue", "3 weeks ago", "quatre-vingt-dix", "5 Millionen", "2.3万"} {
			f.Add(words, uint8(i), uint8(1))
		}
	}
	f.Fuzz(func(t *testing.T, words string, which, place uint8) {
		slot := fuzzSlots[int(which)%len(fuzzSlots)]
		if slot.Type == q.Text || slot.Type == q.List || slot.Type == "other" || len(words) > 200 {
			return
		}
		c := parse.Context{Now: now, Language: "en"}
		before := parse.Read(slot, words, c)
		if before.Value == nil {
			return
		}
		fields := strings.Fields(words)
		i := int(place) % (len(fields) + 1)
		with := strings.Join(fields[:i], " ") + " zorpling " + strings.Join(fields[i:], " ")
		if i > 0 && i < len(fields) {
			return // within the value there may be another
		}
		if after := parse.Read(slot, with, c); after.Value != nil {
			assert.Equal(t, before.Value, after.Value, "%q", with)
		}
	})
}

func ExampleRead() {
	people := q.Slot{Type: q.Integer, Title: "Number of people"}
	c := parse.Context{Now: time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)}
	fmt.Println(parse.Read(people, "me and two friends", c).Value)
	fmt.Println(parse.Read(people, "at least 30", c).Problem)
	fmt.Println(parse.Read(people, "keine Ahnung", c).Outcome)
	// Output:
	// 3
	// "at least": this is a range, not one value; expected a whole number
	// unknown
}

func ExampleFind() {
	date := q.Slot{Type: q.Date, Title: "Date"}
	c := parse.Context{Now: time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)}
	text := "a dinner for 20 people on June 5 in Berlin"
	for _, f := range parse.Find(date, text, c) {
		fmt.Println(text[f.Start:f.End], f.Value)
	}
	// Output: June 5 2027-06-05
}
