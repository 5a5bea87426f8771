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
		"we ended up paying $500": 500.0, "it was fined 300 euros": 300.0, "weighing 5 kg": 5.0, "we need to raise $500": 500.0,
		"exceeding $500": ask, "nearing $500": ask, "topping 300 euros": ask, "weighing 5": ask, "undr $500": ask, "$500 is too much": ask, "$500 is enough": 500.0,
	}.holds(t, q.Slot{Key: "value", Title: "Value", Type: q.Number})
}

func TestEnglishDatesAreReadAsTheyAreSaid(t *testing.T) {
	readings{ // today is Monday, 23 November 2026
		"next day": "2026-11-24", "a week today": "2026-11-30", "today week": "2026-11-30", "a week from friday": "2026-12-04", "a week on friday": "2026-12-04",
		"two fridays from now": "2026-12-04", "in two fridays": "2026-12-04", "2 thursdays ago": "2026-11-12", "two fridays": ask,
		"this saturday the 28th": "2026-11-28", "next saturday, december 5th": "2026-12-05", "this saturday (november 28)": "2026-11-28", "this saturday the 29th": ask,
		"third wednesday of last month": "2026-10-21", "september 10, nineteen oh one": "1901-09-10",
		"last christmas": "2025-12-25", "last easter": "2026-04-05", "next christmas": ask, "next easter": "2027-03-28",
		"the day after christmas": "2026-12-26", "day before thanksgiving": "2026-11-25", "the day after tomorrow": "2026-11-25",
		"4 december, which is a friday": "2026-12-04", "4 december, which is a monday": ask,
		"saturday 7": ask, "tuesday 24": "2026-11-24", "any day but friday": ask, "wait a second": ask, "4 days from the 1st": ask,
		"friday, not saturday": "2026-11-27", "not on friday but saturday": "2026-11-28", "not friday": ask,
		"maybe saturday": "2026-11-28", "saturday or maybe sunday": ask,
		"friday at 7": "2026-11-27", "friday after 7 pm": "2026-11-27", "after friday": ask, "for 3 days starting this friday": ask, "I need it for 3 days this friday": "2026-11-27",
		"from New York next monday": "2026-11-30", "from roughtly next monday": ask, "from Portland, OR on friday": "2026-11-27", "friday OR saturday": ask, "pick it up in Vancouver, BC and bring it back on friday": "2026-11-27", "friday, bc I work": "2026-11-27", "Friday, IF it rains": ask,
		"May the 3 of us come?": ask, "09:30 and December 6th": "2026-12-06", "is friday available?": "2026-11-27", "are you open on friday": "2026-11-27", "Is it on friday?": ask, "friday?": "2026-11-27",
		"I am away for a few days so friday": "2026-11-27", "a few days after friday": ask, "this night": "2026-11-23",
		"I leave on friday and Mexico City is where I start": "2026-11-27", "where do I start on friday": ask,
		"friday? no": ask, "friday is no good": ask, "could it be any day after friday?": ask, "any friday": ask,
	}.holds(t, q.Slot{Key: "day", Title: "Day", Type: q.Date})
}

func TestEnglishTimesAreReadAsTheyAreSaid(t *testing.T) {
	readings{
		"move it from 7pm to 8pm": "20:00:00", "from 7pm to 8pm": ask, "three twenty": ask, "three twenty pm": "15:20:00", "seven thirty": "07:30:00",
		"half nine": "09:30:00", "a quarter to noon": "11:45:00", "half past noon": "12:30:00", "seven oh five": "07:05:00",
		"mid morning around 10:30": "10:30:00", "mid morning": ask, "early evening, around 7": "19:00:00", "free in the evening, so 7 in the evening": "19:00:00", "7 in the evening or morning": ask,
		"maybe 7": "07:00:00", "7, maybe 8": ask, "7pm, not 8pm": "19:00:00", "5:30 PM not AM": "17:30:00", "7 not in the morning": ask, "not 7": ask,
		"is 7 available?": "07:00:00", "is 7 too late?": ask, "I can do 7?": "07:00:00", "the 615 one": "06:15:00",
		"4 people, 7": "07:00:00", "change it to 14 at 7:30 PM": "19:30:00", "from Fremont at 5": "05:00:00", "for Ann Smith 7pm": "19:00:00", "1:00 PM/": "13:00:00",
	}.holds(t, q.Slot{Key: "time", Title: "Time", Type: q.Time})
}

// A number of people is that of all who come, and no hour or table.
func TestEveryoneWhoComesIsCounted(t *testing.T) {
	readings{
		"a table for 6 at 7": 6.0, "for 2 on friday at 7": 2.0, "5 people after 7": 5.0, "after 5 people": ask, "tonight for 5": 5.0,
		"We are five adults and two children": 7.0, "4 (2 adults, 2 kids)": 4.0, "5 (2 adults, 2 kids)": ask, "4 incl. two children": 4.0, "4 people plus a baby": 5.0,
		"a group including me, my wife and 2 kids": 4.0, "me, myself and I": 1.0, "a couple and a baby": 3.0, "a couple of high chairs": ask,
		"5 guests, 2 of them vegetarian": 5.0, "6 of us, 2 kids": 6.0, "6 of us and 2 kids": 8.0, "my three children and I are coming": 4.0,
		"my boss can't make it. me and three friends": 4.0, "just the two of us, taking my wife out": 2.0,
		"10 hungry people": 10.0, "3 new people": ask, "5 adults, no kids": 5.0, "a 5 person table": 5.0, "2 tables": ask, "a table for 530": ask,
		"6, not 5": 6.0, "5 instead of 6": 5.0, "6 and not 5 but 4": ask, "Reserve one for a party of 5": 5.0, "just for me": 1.0, "2 men and one woman": 3.0, "a man and his wife": 2.0, "for me only": 1.0,
		"change it from 4 to 6": 6.0, "change it from 4 to 6 people": 6.0, "change from a party of 3 to 5": 5.0, "from 4 to 6": ask, "from 4 to 6 people": ask,
		"party of 5, maybe 6": ask, "me and maybe 2 friends": ask, "5 of the 6 people": ask, "5 tables of 4 people": ask, "a group of 4 adults": 4.0,
		"I need a table for 2?": 2.0, "Is it for 2?": ask, "Could 5 of us come?": 5.0,
	}.holds(t, q.Slot{Key: "people", Title: "People", Description: "Number of people for the booking", Type: q.Integer})
}

func TestAnEndBeforeItsStartIsDoubted(t *testing.T) {
	open := []parse.OpenQuestion{
		{Number: 1, Slot: q.Slot{Key: "departure_date", Title: "Departure date", Type: q.Date}},
		{Number: 2, Slot: q.Slot{Key: "return_date", Title: "Return date", Type: q.Date}},
	}
	values := func(text string) (all []any) {
		for _, part := range parse.ReadReply(text, open, nil, parse.Context{Now: now, Language: "en"}).Answers {
			all = append(all, part.Value)
		}
		return all
	}
	assert.Equal(t, []any{"2026-12-03", "2026-12-12"}, values("Departing on the 3rd of December and returning on the 12th of December"))
	assert.Equal(t, []any{nil, nil}, values("Departing on the 12th of December and returning on the 3rd of December"))
}

func TestTheCommaOfADatePartsNoAnswers(t *testing.T) {
	open := []parse.OpenQuestion{
		{Number: 1, Slot: q.Slot{Key: "people", Title: "People", Description: "Number of people", Type: q.Integer}},
		{Number: 2, Slot: q.Slot{Key: "date", Title: "Date", Type: q.Date}},
	}
	reply := parse.ReadReply("Please make the reservation for 5 on May 11, 2028.", open, nil, parse.Context{Now: now, Language: "en"})
	for i, want := range []any{5.0, "2028-05-11"} {
		assert.Equal(t, want, reply.Answers[i].Value)
	}
}

// What the slot itself counts says what a number is, whatever verb stands before it.
func TestANumberOfWhatTheSlotCountsNeedsNoKnownVerb(t *testing.T) {
	readings{
		"I will need to secure 3 tickets please": 3.0, "grabbing 2 tickets": 2.0, "3 is more than enough": 3.0, "am looking for 2 tickets?": 2.0,
		"to secure 3": ask, "more than 3 tickets": ask, "am I getting 2 tickets?": ask,
	}.holds(t, q.Slot{Key: "tickets", Title: "Number of tickets", Type: q.Integer})
}

func TestDrawnOutWordsAreTheWordsTheyDrawOut(t *testing.T) {
	readings{"sooo 7 pm pleeease": "19:00:00", "ummmm 7 pm": "19:00:00", "7 pm www": ask, "7 pm xxxx": ask, "afterrrr 7 pm": ask}.holds(t, q.Slot{Key: "time", Type: q.Time})
	readings{"yesss": true, "noooo": false}.holds(t, q.Slot{Key: "ok", Type: q.Boolean})
}

func TestAPoliteConditionIsNone(t *testing.T) {
	readings{
		"7 pm if that's alright": "19:00:00", "7 pm if it's available please": "19:00:00", "7 pm if there's space": "19:00:00", "7 pm if you have it": "19:00:00", "7 pm if you have 8 seats": ask, "would it be possible if we come at 7 pm?": "19:00:00",
		"7 pm if it rains": ask, "7 pm if that's the last one": ask,
	}.holds(t, q.Slot{Key: "time", Type: q.Time})
}

func TestAskingForAThingAsksForItsTime(t *testing.T) {
	readings{
		"is there an empty table at 8 pm?": "20:00:00", "do you have a nice quiet table at 8 pm": "20:00:00",
		"is there a 7 pm table or an 8 pm one": ask, "is there no table at 8 pm?": ask, "is there somebody at 8 pm?": ask, "is there a table before 8 pm?": ask,
	}.holds(t, q.Slot{Key: "time", Type: q.Time})
}

func TestAReplyThatChangesItsValueSaysTheNewOne(t *testing.T) {
	readings{
		"I booked for the 24th and I'd like to change that to the 26th": "2026-11-26", "move my booking of the 24th to the 26th": "2026-11-26",
		"I booked for the 24th and I'd like to come on the 26th": ask, "I changed my job to be free on the 24th, or the 26th": ask,
	}.holds(t, q.Slot{Key: "date", Type: q.Date})
	readings{
		"switch my booking of one for Bob to 2": 2.0, "switch my table for 2 people to 7": ask, "switch my table for 2 people to 7 pm": ask, "5 not 4 people": 5.0, "7 people, not 4 people": 7.0,
	}.holds(t, q.Slot{Key: "people", Title: "Number of people", Type: q.Integer})
}

func TestANameWithAnApostropheIsNotUnderstood(t *testing.T) {
	date := q.Slot{Key: "date", Title: "Date", Type: q.Date}
	readings{"the booking's on the 26th": "2026-11-26", "Zorp's 26th": ask}.holds(t, date)
	readings{"Zorp's 5": ask}.holds(t, q.Slot{Key: "people", Title: "Number of people", Type: q.Integer})
}

func TestWhatIsSaidLaterOfATimeOrADateIsNotPassedOver(t *testing.T) {
	readings{"7am... I mean pm": ask, "7pm, I mean am": ask, "7pm, not am": "19:00:00", "7pm. I am sure": "19:00:00"}.holds(t, q.Slot{Key: "time", Type: q.Time})
	readings{"7pm, not on Friday": "19:00:00", "not on Friday at 7pm": ask, "8pm, not Friday 7pm": ask}.holds(t, q.Slot{Key: "time", Type: q.Time})
	readings{"June 5... 2020": ask, "2020, on June 5": ask, "June 5 at 2030": "2027-06-05", "June 5, 2020": "2020-06-05"}.holds(t, q.Slot{Key: "date", Type: q.Date})
}

func TestALetterIsTheUnitThatTheSlotNames(t *testing.T) {
	readings{"5 g": 5.0, "5g": 5.0, "5 grams": 5.0}.holds(t, q.Slot{Key: "weight", Title: "Weight (g)", Type: q.Number})
}

func TestAWordThatManyOptionsShareNamesNone(t *testing.T) {
	venue := q.Slot{Key: "venue", Title: "Venue", Type: q.Choice, Options: []q.Option{{Value: "booked", Title: "At a venue that is booked already"}, {Value: "wanted", Title: "At a venue that has to be found"}, {Value: "online"}}}
	occasion := q.Slot{Key: "occasion", Type: q.Choice, Options: options("wedding", "workshop")}
	for _, words := range []string{"a venue in the countryside", "we'd like to see a venue"} {
		assert.NotEmpty(t, parse.Read(venue, words, at).Problem, words)
	}
	assert.Equal(t, "wanted", parse.Read(venue, "at a venue that has to be found", at).Value)
	assert.Equal(t, "workshop", parse.Read(occasion, "workshops", at).Value)
	for _, words := range []string{"any week in May works", "that works"} {
		assert.NotEmpty(t, parse.Read(occasion, words, at).Problem, words)
		assert.Empty(t, parse.Find(occasion, words, at), words)
	}
}

func TestAnAmountPerTimeIsNotTheAmount(t *testing.T) {
	pay := q.Slot{Key: "pay", Title: "Highest pay", Question: "What is the most that you would pay in a year?", Type: q.Number}
	for _, words := range []string{"we pay 15 euros an hour", "15 euros an hour, and it is 20 hours a week", "15 a day"} {
		assert.NotEmpty(t, parse.Read(pay, words, at).Problem, words)
		for _, found := range parse.Find(pay, words, at) {
			assert.NotEmpty(t, found.Problem, words)
		}
	}
}

func TestAYesOrNoMayBeExplainedByWhatWasBefore(t *testing.T) {
	first := q.Slot{Key: "first", Title: "First visit", Type: q.Boolean}
	for words, want := range map[string]any{"No, I've been there before": false, "No I've been here before": false, "yes before 5pm": nil} {
		assert.Equal(t, want, parse.Read(first, words, at).Value, words)
	}
}

func TestWhatIsDeniedBesideAValueChangesNone(t *testing.T) {
	days := q.Slot{Key: "days_per_week", Title: "Training days per week", Type: q.Integer}
	budget := q.Slot{Key: "budget", Title: "Budget", Type: q.Number}
	for words, slot := range map[string]q.Slot{
		"4 days a week, no injuries": days, "300 euros, and no fireworks": budget, "300 euros, no fireworks, please": budget,
	} {
		assert.NotNil(t, parse.Read(slot, words, at).Value, words)
	}
	for _, words := range []string{"300 euros, no more", "300 euros, no wait", "300, not euros", "300 euros, no"} {
		assert.NotEmpty(t, parse.Read(budget, words, at).Problem, words)
	}
}
