package parse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// onMonday is when everybody in these tests writes.
var onMonday = parse.Context{Now: time.Date(2026, time.May, 4, 9, 0, 0, 0, time.UTC), Language: "en"}

var partySlots = []questioning.Slot{
	{Key: "guests", Title: "Number of guests", Question: "How many guests do you expect?", Type: questioning.Integer},
	{Key: "event_date", Title: "Date", Question: "On which day does it take place?", Type: questioning.Date},
	{Key: "area", Title: "Area", Question: "In or around which place?", Type: questioning.Text},
	{Key: "budget", Title: "Budget", Question: "How much may it cost in all?", Type: questioning.Number},
	{Key: "indoors", Title: "Indoors", Question: "Is it indoors?", Type: questioning.Boolean},
	{Key: "food", Title: "Food", Question: "What should there be to eat?", Type: questioning.Choice,
		Options: []questioning.Option{{Value: "buffet", Title: "A buffet"}, {Value: "barbecue", Title: "Barbecue"}, {Value: "served", Title: "A served meal"}}},
	{Key: "start", Title: "Start time", Question: "At what time does it start?", Type: questioning.Time},
	{Key: "wishes", Title: "Wishes", Question: "What else do you wish for?", Type: questioning.Text},
	{Key: "steps", Title: "Steps", Question: "Which steps lead there?", Type: questioning.List},
}

var tripSlots = []questioning.Slot{
	{Key: "departure_date", Title: "Departure date", Question: "On which day do you want to leave?", Type: questioning.Date},
	{Key: "return_date", Title: "Return date", Question: "On which day do you want to be back?", Type: questioning.Date},
	{Key: "travellers", Title: "Number of travellers", Question: "How many people travel?", Type: questioning.Integer},
	{Key: "bags", Title: "Number of bags", Question: "How many bags do you take along?", Type: questioning.Integer},
}

// asked are the questions for some of the slots, from number 1.
func asked(slots []questioning.Slot, keys ...string) []parse.OpenQuestion {
	var open []parse.OpenQuestion
	for _, key := range keys {
		for _, slot := range slots {
			if slot.Key == key {
				open = append(open, parse.OpenQuestion{Number: len(open) + 1, Slot: slot})
			}
		}
	}
	return open
}

// values are what the parts say, by slot; unreadable ones say "?".
func values(parts []parse.Part) map[string]any {
	all := map[string]any{}
	for _, part := range parts {
		switch {
		case part.Problem != "":
			all[part.Slot] = "?"
		case part.Outcome != questioning.Answered:
			all[part.Slot] = string(part.Outcome)
		default:
			all[part.Slot] = part.Value
		}
	}
	return all
}

type bySlot = map[string]any

func TestAReplyIsGivenToItsQuestions(t *testing.T) {
	for promise, c := range map[string]struct {
		text      string
		slots     []questioning.Slot
		open      []string
		want      bySlot
		told      bySlot
		unmatched string
	}{
		"numbers": {"1. 20\n2. June 5\n3. Berlin", partySlots, []string{"guests", "event_date", "area"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05", "area": "Berlin"}, bySlot{}, ""},
		"numbers in any order": {"2. June 5\n1. 20", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05"}, bySlot{}, ""},
		"numbers in a line": {"1) 20 2) June 5", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05"}, bySlot{}, ""},
		"quoted questions": {"> 1. How many guests do you expect?\n20\n\n> 2. On which day does it take place?\nJune 5", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05"}, bySlot{}, ""},
		"quoted questions without numbers": {"> How many guests do you expect?\n20\n\n> On which day does it take place?\nJune 5", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05"}, bySlot{}, ""},
		"a table": {"| # | Question | Answer |\n| --- | --- | --- |\n| 1 | Guests | 20 |\n| 2 | Date | June 5 |", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05"}, bySlot{}, ""},
		"a table by name": {"| Number of guests | 20 |\n| Date | June 5 |", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05"}, bySlot{}, ""},
		"labels": {"Date: June 5\nNumber of guests: 20", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05"}, bySlot{}, ""},
		"labels by their meaning": {"When: June 5\nHow many guests: 20\nCost: 400 euros", partySlots, []string{"guests", "event_date", "budget"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05", "budget": 400.0}, bySlot{}, ""},
		"a label for a slot that is not open": {"Number of guests: 20\nBudget: 500", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0}, bySlot{"budget": 500.0}, ""},
		"bullets after an intro": {"Here you go:\n- June 5\n- 20 guests", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05"}, bySlot{}, ""},
		"lines in the order asked": {"20\nJune 5\nBerlin", partySlots, []string{"guests", "event_date", "area"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05", "area": "Berlin"}, bySlot{}, ""},
		"lines in reverse": {"Berlin\nJune 5\n20", partySlots, []string{"guests", "event_date", "area"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05", "area": "Berlin"}, bySlot{}, ""},
		"a comma list": {"June 5, Berlin, 20", partySlots, []string{"guests", "event_date", "area"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05", "area": "Berlin"}, bySlot{}, ""},
		"a paragraph": {"We expect 20 guests, it is on June 5 and it starts at half past 6 in the evening.", partySlots, []string{"guests", "event_date", "start"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05", "start": "18:30:00"}, bySlot{}, ""},
		"a paragraph in another order": {"It is on June 5 and we expect 20 guests.", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05"}, bySlot{}, ""},
		"a value for a slot that is not open": {"On June 5, and we are 20 people.", partySlots, []string{"event_date"},
			bySlot{"event_date": "2026-06-05"}, bySlot{"guests": 20.0}, ""},
		"no idea about all": {"no idea", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": "unknown", "event_date": "unknown"}, bySlot{}, ""},
		"what is left goes to the only free text": {"June 5. Everybody should feel at home.", partySlots, []string{"event_date", "wishes"},
			bySlot{"event_date": "2026-06-05", "wishes": "Everybody should feel at home."}, bySlot{}, ""},
		"what is left and has no free text": {"June 5 it is. The cat is called Minka.", partySlots, []string{"event_date", "guests"},
			bySlot{"event_date": "2026-06-05"}, bySlot{}, "The cat is called Minka."},
		"a bound is asked again": {"At least 20 guests, on June 5.", partySlots, []string{"guests", "event_date"},
			bySlot{"guests": "?", "event_date": "2026-06-05"}, bySlot{}, ""},
		"two dates where nothing tells them apart": {"June 5 and June 9", tripSlots, []string{"departure_date", "return_date"},
			bySlot{}, bySlot{}, "June 5 and June 9"},
		"two dates on lines, either way round": {"June 5\nJune 9", tripSlots, []string{"departure_date", "return_date"},
			bySlot{}, bySlot{}, "June 5\nJune 9"},
		"two dates told apart by their words": {"We come back on June 9 and leave on June 5.", tripSlots, []string{"departure_date", "return_date"},
			bySlot{"departure_date": "2026-06-05", "return_date": "2026-06-09"}, bySlot{}, ""},
		"two dates of a range": {"From June 5 to June 9.", tripSlots, []string{"departure_date", "return_date"},
			bySlot{"departure_date": "2026-06-05", "return_date": "2026-06-09"}, bySlot{}, ""},
		"a range that ends before it starts": {"From June 9 to June 5.", tripSlots, []string{"departure_date", "return_date"},
			bySlot{}, bySlot{}, "From June 9 to June 5."},
		"two numbers by what they count": {"2 people with 3 bags", tripSlots, []string{"bags", "travellers"},
			bySlot{"travellers": 2.0, "bags": 3.0}, bySlot{}, ""},
		"two bare numbers": {"2\n3", tripSlots, []string{"travellers", "bags"},
			bySlot{}, bySlot{}, "2\n3"},
		"numbers in code are no numbering": {"1. We ran this:\n```\n1. open\n2. close\n```\n2. June 5", partySlots, []string{"wishes", "event_date"},
			bySlot{"wishes": "We ran this:\n```\n1. open\n2. close\n```", "event_date": "2026-06-05"}, bySlot{}, ""},
		"a list that the person numbers, where no question is the first": {"1. open\n2. close\n3. send", tripSlots, nil,
			bySlot{}, bySlot{}, "1. open\n2. close\n3. send"},
		"labels in a line": {"A party, when: June 5, number of people: 20; budget: 400", partySlots, nil,
			bySlot{}, bySlot{"event_date": "2026-06-05", "guests": 20.0, "budget": 400.0}, "A party"},
		"labels by what they ask": {"People: 20\nWhere: Berlin\nPrice: 400", partySlots, nil,
			bySlot{}, bySlot{"guests": 20.0, "area": "Berlin", "budget": 400.0}, ""},
		"what is left while other questions wait": {"Everybody should feel at home.", partySlots, []string{"event_date", "wishes"},
			bySlot{}, bySlot{}, "Everybody should feel at home."},
		"what is left beside words that were not read": {"At least 20 guests. Everybody should feel at home.", partySlots, []string{"guests", "wishes"},
			bySlot{"guests": "?"}, bySlot{}, "Everybody should feel at home."},
		"words about another slot under a question for free text": {"the budget is 400", partySlots, []string{"wishes"},
			bySlot{"wishes": "?"}, bySlot{"budget": 400.0}, ""},
		"a correction under a question for free text": {"actually make it 20 guests", partySlots, []string{"wishes"},
			bySlot{}, bySlot{"guests": 20.0}, ""},
		"an answer for another slot alone": {"The budget is 400", partySlots, []string{"indoors"},
			bySlot{}, bySlot{"budget": 400.0}, ""},
		"a table for so many": {"A table for 6, on June 5", partySlots, nil,
			bySlot{}, bySlot{"guests": 6.0, "event_date": "2026-06-05"}, ""},
		"what leads to a value is not left": {"Oh, and the budget is 400 please. The cat is called Minka.", partySlots, []string{"event_date", "guests"},
			bySlot{}, bySlot{"budget": 400.0}, "The cat is called Minka."},
		"a paragraph with commas, of which a free text is open": {"I ordered a lamp, from your shop. We are 20 guests, on June 5. Nobody answered, so far.", partySlots, []string{"guests", "event_date", "wishes"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05", "wishes": "I ordered a lamp, from your shop. Nobody answered, so far."}, bySlot{}, ""},
		"a clause that tells more than a value stays whole": {"20 guests. The zebra comes on June 5 with okapis.", partySlots, []string{"guests", "event_date", "wishes"},
			bySlot{"guests": 20.0, "event_date": "2026-06-05", "wishes": "The zebra comes on June 5 with okapis."}, bySlot{}, ""},
		"the start under the question for the end": {"We leave on June 5", tripSlots, []string{"return_date"},
			bySlot{}, bySlot{"departure_date": "2026-06-05"}, ""},
		"a day alone under the question for the end": {"June 5", tripSlots, []string{"return_date"},
			bySlot{"return_date": "2026-06-05"}, bySlot{}, ""},
		"a list under the only question": {"1. open\n2. close", partySlots, []string{"steps"},
			bySlot{"steps": []any{"open", "close"}}, bySlot{}, ""},
	} {
		t.Run(promise, func(t *testing.T) {
			reply := parse.ReadReply(c.text, asked(c.slots, c.open...), c.slots, onMonday)
			assert.Equal(t, c.want, values(reply.Answers))
			assert.Equal(t, c.told, values(reply.Volunteered))
			assert.Equal(t, c.unmatched, reply.Unmatched)
		})
	}
}

func TestAValueThatTwoSlotsCouldTakeComesWithTheReason(t *testing.T) {
	reply := parse.ReadReply("June 5", asked(tripSlots, "departure_date", "return_date"), tripSlots, onMonday)
	assert.Empty(t, reply.Answers)
	require.Len(t, reply.Doubts, 1)
	assert.Contains(t, reply.Doubts[0], "June 5")
}

func TestNumbersOfAReply(t *testing.T) {
	for text, want := range map[string][]int{"1. yes": {1}, "so:\n2) no\n4. x": {2, 4}, "Q3: x": {3}, "yes": nil, "2.5 million": nil, "": nil,
		"```\n1. no\n```": nil, "| 2 | When? | today |": {2}} {
		assert.Equal(t, want, parse.QuestionNumbers(text), text)
	}
}

// A reply as long as a call may bring is read in a fraction of a second, whatever
// it is made of.
func TestALongReplyIsReadSoon(t *testing.T) {
	open := asked(partySlots, "guests", "event_date", "wishes")
	for _, unit := range []string{"1. ", " 2.", "1. a 2. b ", "**", ": \n", "20 guests on June 5, ", "from June 5 to June 9 ", "word ", "> ", "| a | b |\n", "```\n", "?", "Budget: 5\n"} {
		text := strings.Repeat(unit, (256<<10)/len(unit))
		begun := time.Now()
		parse.ReadReply(text, open, partySlots, onMonday)
		parse.ReadReply("1. x"+text, open, partySlots, onMonday)
		assert.Less(t, time.Since(begun), 5*time.Second, "%q", unit) // twice 100 ms on an idle core
	}
}

func ExampleReadReply() {
	open := asked(partySlots, "guests", "event_date")
	reply := parse.ReadReply("We are 20 people, on June 5, and the budget is about 400 euros.", open, partySlots, onMonday)
	for _, part := range append(reply.Answers, reply.Volunteered...) {
		fmt.Printf("%d %s = %v (%q)\n", part.Number, part.Slot, part.Value, part.Words)
	}
	// Output:
	// 1 guests = 20 ("We are 20 people")
	// 2 event_date = 2026-06-05 ("on June 5, and the budget is about 400 euros")
	// 0 budget = 400 ("400 euros")
}

func FuzzReply(f *testing.F) {
	for _, text := range []string{
		"1. yes 2) no 3. blue", "Q3: x\n\n#4 y", "Budget: 500\nmore", "**2. a**", "1.\n2.", "a\nb\nc", "skip", "(1) x\r\n(2) y", "1 - 2 - 3",
		"2. 3. 4. x", "__1.__ a", "\u20281. a", "1. ,; 2. b", "start-date:: x", "- - 1. x", ">", "| 1 | a |", "```\n1. x", "from June 5 to June 9",
		"20 people on June 5 in Berlin, budget about 400 euros", "at least 20", "no wifi", "When? tomorrow",
	} {
		f.Add(text, uint8(3), uint8(1))
	}
	f.Fuzz(func(t *testing.T, text string, count, first uint8) {
		var open []parse.OpenQuestion
		for i := range int(count) % len(partySlots) {
			open = append(open, parse.OpenQuestion{Number: int(first) + i + 1, Slot: partySlots[i]})
		}
		reply := parse.ReadReply(text, open, partySlots, onMonday)
		assert.Equal(t, reply, parse.ReadReply(text, open, partySlots, onMonday), "the same words, read again")
		seen := map[string]bool{}
		for _, part := range append(reply.Answers, reply.Volunteered...) {
			assert.False(t, seen[part.Slot], "two parts for %s", part.Slot)
			seen[part.Slot] = true
			assert.NotEmpty(t, strings.TrimSpace(part.Words))
			assert.True(t, utf8.ValidString(part.Words))
		}
		for _, part := range reply.Volunteered {
			assert.Zero(t, part.Number)
			assert.NotNil(t, part.Value)
		}
		if strings.Trim(text, " \t\r\n\x00\v\f\u0085\u00a0") != "" && len(seen) == 0 && reply.Unmatched == "" {
			t.Skip("nothing but marks") // held by TestNoWordIsLost for words
		}
	})
}

// Every word of a reply is in a part or in what is unmatched.
func TestNoWordIsLost(t *testing.T) {
	for _, text := range []string{
		"The zebra is striped. We are 20 people. Okapis eat leaves.", "1. 20\nAnd the zebra.\n2. June 5", "Hello zebra\nNumber of guests: 20",
		"zebra, okapi", "zebra\nokapi", "June 5 and the zebra", "Zebra: 20",
	} {
		reply := parse.ReadReply(text, asked(partySlots, "guests", "event_date"), partySlots, onMonday)
		all := reply.Unmatched
		for _, part := range append(reply.Answers, reply.Volunteered...) {
			all += "\n" + part.Words
		}
		for _, word := range []string{"zebra", "Zebra", "okapi", "Okapis"} {
			if strings.Contains(text, word) {
				assert.Contains(t, all, word, text)
			}
		}
	}
}

// What is taken back for another value is no second answer, in a reply to several questions too.
func TestWhatAReplyTakesBackIsNoRival(t *testing.T) {
	slots := []questioning.Slot{{Key: "people", Title: "Number of people", Type: questioning.Integer}, {Key: "time", Title: "Time", Type: questioning.Time}, {Key: "date", Title: "Date", Type: questioning.Date}}
	var open []parse.OpenQuestion
	for i, slot := range slots {
		open = append(open, parse.OpenQuestion{Number: i + 1, Slot: slot})
	}
	for words, want := range map[string][]any{
		"I booked 4 people for Friday 7pm, change it to Saturday": {4.0, "19:00:00", "2026-11-28"},
		"move it from Friday to Saturday at 7pm, 4 people":        {4.0, "19:00:00", "2026-11-28"},
		"5 people, not 4 people, Friday, 7pm":                     {5.0, "19:00:00", "2026-11-27"},
	} {
		got := make([]any, len(slots))
		for _, answer := range parse.ReadReply(words, open, slots, parse.Context{Now: now, Language: "en"}).Answers {
			got[answer.Number-1] = answer.Value
		}
		assert.Equal(t, want, got, words)
	}
}
