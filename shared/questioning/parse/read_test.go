package parse_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	q "github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// now is a Monday.
var now = time.Date(2026, 11, 23, 15, 4, 5, 0, time.FixedZone("", 3600))

func options(values ...any) []q.Option {
	var list []q.Option
	for _, value := range values {
		list = append(list, q.Option{Value: value})
	}
	return list
}

// at is when the people of these tests write.
var at = parse.Context{Now: now}

var (
	colours  = options("red", "green", "blue", "dark red")
	statuses = []q.Option{{Value: "not_started", Title: "Not started"}, {Value: "in_progress", Title: "In progress"}, {Value: "done", Title: "Completed"}}
	areas    = options("Research and development", "Sales", "C++")
	scale    = q.Slot{Type: q.Integer, Minimum: new(1.0), Maximum: new(10.0)}
	days     = q.Slot{Type: q.Number, Title: "Duration in days", Key: "duration_days"}
	wholeDay = q.Slot{Type: q.Integer, Key: "duration_days"}
	minutes  = q.Slot{Type: q.Number, Title: "Minutes"}
)

// problem stands for words that must not be read.
type problem string

func TestRead(t *testing.T) {
	for _, group := range []struct {
		slot q.Slot
		want map[string]any
	}{
		{q.Slot{Type: q.Text}, map[string]any{
			" Bob ": "Bob", "I don’t know.": q.Unknown, "IDK": q.Unknown, "??": q.Unknown, "don't know yet": q.Unknown,
			"Sorry, no idea!": q.Unknown, "TBD": q.Unknown, "Skip": q.Declined, "I'd rather not say": q.Declined,
			"N/A": q.NotApplicable, "n.a.": q.NotApplicable, "doesn't apply": q.NotApplicable, "": problem("empty"),
			"I don't know exactly, about 500": "I don't know exactly, about 500", "none of your business!": q.Declined,
		}},
		{q.Slot{Type: q.Text, MinLength: new(2), MaxLength: new(3), Pattern: `^\pL+$`}, map[string]any{
			"éàü": "éàü", "a": problem("2 to 3 characters"), "abcd": problem("2 to 3"), "a1": problem("matching"),
		}},
		{q.Slot{Type: q.Text, Pattern: `(`}, map[string]any{"x": "x"}},
		{q.Slot{Type: q.Email}, map[string]any{
			"it's bob@example.com.": "bob@example.com", "Bob <bob@example.com>": "bob@example.com", "bob@example": problem("email"),
			"a@x.org or b@x.org": problem("more than one"), "skip": q.Declined,
		}},
		{q.Slot{Type: q.URI}, map[string]any{
			"see https://example.com/a?b=c.": "https://example.com/a?b=c", "example.com": "https://example.com", "mailto:a@b.c": "mailto:a@b.c",
			"my site": problem("web address"), "https://": problem("web address"),
		}},
		{q.Slot{Type: q.Number}, map[string]any{
			"1,500": 1500.0, "1 500": 1500.0, "1.500,00": 1500.0, "1,500.25": 1500.25, "1'500": 1500.0, "5k": 5000.0, "2.5 million": 2.5e6,
			"2.3 million": 2.3e6, "$500": 500.0, "500 EUR": 500.0, "about 500": 500.0, "twelve": 12.0, "a dozen": 12.0, "two dozen": 24.0,
			"twenty-five": 25.0, "one hundred and five": 105.0, "two thousand twenty six": 2026.0, "-3": -3.0, "minus three": -3.0, "-$5": -5.0,
			"50%": 50.0, "10 km": 10.0, "50 m2": 50.0, "1.5": 1.5, "1,5": 1.5, "1.500": problem("meaning"), "$1.500": 1500.0, "1.500.000": 1.5e6,
			"0.125": 0.125, "half a million": 5e5, "two and a half million": 2.5e6, "1½": 1.5, "$5m": 5e6, "€2.3m": 2.3e6, "5M users": problem("understood"), "5M": 5e6, "1e6": 1e6,
			"5m users": problem("more than one meaning"), "the first one is 500": 500.0, "500 (five hundred)": 500.0, "I don't know exactly, about 500": 500.0,
			"10-20": problem("10 and 20"), "between 10 and 20": problem("10 and 20"), "5 or 6": problem("5 and 6"), "more than 5": problem("range"),
			"500+": problem("range"), "up to $500": problem("range"), "not 5": problem("negation"), "1.2.3": problem("one number"), "1,2,3": problem("one number"),
			"hundreds": problem("a number"), "two thirds": 2.0 / 3, "lots": problem("a number"), "1/2": 0.5, "2026-11-23": problem("a number"),
			"idk": q.Unknown, "one hundred and two hundred": problem("understood"), "10:30": problem("a number"),
		}},
		{q.Slot{Type: q.Number, Maximum: new(1.0)}, map[string]any{"50%": 0.5, "0.3": 0.3}},
		{q.Slot{Type: q.Number, Minimum: new(100.0)}, map[string]any{"1.500": 1500.0}},
		{q.Slot{Type: q.Integer}, map[string]any{"1.500": 1500.0, "2.0": 2.0, "2.5": problem("a whole number"), "9007199254740994": problem("whole")}},
		{scale, map[string]any{"8/10": 8.0, "8 out of 10": 8.0, "11": problem("from 1 to 10"), "7 days": 7.0}},
		{days, map[string]any{
			"2 weeks": 14.0, "36 hours": 1.5, "3 days": 3.0, "5": 5.0, "a week": 7.0, "half a day": 0.5, "a couple of weeks": 14.0, "2-week": 14.0,
			"2 full weeks": 14.0, "1 week and 2 days": 9.0, "2 months": problem("exactly"), "20 minutes": problem("exactly"), "2 weeks or 3 days": problem("where one"),
		}},
		{wholeDay, map[string]any{"36 hours": problem("whole number"), "2 weeks": 14.0}},
		{minutes, map[string]any{"1h30": 90.0, "2 hours and 30 minutes": 150.0, "5m": 5.0, "1 hour 20 minutes": 80.0}},
		{q.Slot{Type: q.Number, Title: "Hours per week"}, map[string]any{"40 hours a week": 40.0, "8 hours a day": problem("per something")}},
		{q.Slot{Type: q.Boolean}, map[string]any{
			"Yes": true, "y": true, "yep!": true, "of course": true, "yes, because it is late": true, "sure but not now": problem("negation"), "yes we do": true,
			"no": false, "Nope.": false, "not really": false, "no thanks": false, "No; we tried": false, "definitely not": false, "no idea": q.Unknown,
			"not sure": q.Unknown, "maybe": problem("yes or no"), "yes and no": problem("yes or no"), "yes, no": problem("yes or no"), "no problem": problem("yes or no"),
		}},
		{q.Slot{Type: q.Date}, map[string]any{
			"2026-11-30": "2026-11-30", "23 November 2026": "2026-11-23", "Nov 23, 2026": "2026-11-23", "23.11.2026": "2026-11-23", "2026/11/23": "2026-11-23",
			"11/23/2026": "2026-11-23", "23/11/2026": "2026-11-23", "03/04/2026": problem("YYYY-MM-DD"), "23 November": "2026-11-23", "22 Nov": "2027-11-22",
			"Nov 24th": "2026-11-24", "the 1st of May": "2027-05-01", "29 February": "2028-02-29", "today": "2026-11-23", "tomorrow.": "2026-11-24",
			"yesterday": "2026-11-22", "the day after tomorrow": "2026-11-25", "in 3 days": "2026-11-26", "in two weeks": "2026-12-07", "a week from today": "2026-11-30", "a week from tomorrow": "2026-12-01", "in a month": "2026-12-23",
			"in 3 months": "2027-02-23", "2 years ago": problem("another day"), "2 years and 3 days ago": "2024-11-20", "next Friday": problem("another"), "next Monday": "2026-11-30", "on Friday": "2026-11-27", "monday": "2026-11-30",
			"end of the month": problem("a date such as"), "last day of the month": "2026-11-30", "the end of February": problem("a date such as"), "the last day of February": "2027-02-28", "Monday, 23 November 2026": "2026-11-23", "Tuesday 23 November 2026": problem("day of the week"),
			"I think 23 Nov 2026 works": "2026-11-23", "2026-11-23T14:00:00Z": "2026-11-23", "23 Nov 2026 at 14:00": "2026-11-23",
			"next week": problem("a date such as"), "31 Feb 2026": problem("no such date"), "2026-02-30": problem("no such"), "23-25 November": problem("range"),
			"Nov 23-25": problem("range"), "23 or 24 Nov 2026": problem("alternative"), "1 May or 2 May": problem("2027-05-01 and 2027-05-02"), "not on Friday": problem("negation"),
			"Friday next week": "2026-12-04", "November 2026": problem("a date such as"), "first Friday of December": "2026-12-04", "skip": q.Declined,
		}},
		{q.Slot{Type: q.Time}, map[string]any{
			"14:30": "14:30:00", "2pm": "14:00:00", "2:30 PM": "14:30:00", "2.30 p.m.": "14:30:00", "noon": "12:00:00", "midnight": "00:00:00", "12am": "00:00:00",
			"12 pm": "12:00:00", "at 9:30 in the evening": "21:30:00", "14h30": "14:30:00", "25:00": problem("no such time"), "13am": problem("no such"),
			"9:00-17:00": problem("09:00:00 and 17:00:00"), "2 or 3pm": problem("alternative"), "after 2pm": problem("range"), "soon": problem("a time such as 14:30"),
		}},
		{q.Slot{Type: q.DateTime}, map[string]any{
			"2026-11-23T14:00:00Z": "2026-11-23T14:00:00Z", "2026-11-23T14:00:00+05:30": "2026-11-23T14:00:00+05:30", "2026-11-23 14:00": "2026-11-23T14:00:00+01:00",
			"tomorrow at 2pm": "2026-11-24T14:00:00+01:00", "23 Nov 2026, 14:00 UTC": "2026-11-23T14:00:00Z", "Friday at noon": "2026-11-27T12:00:00+01:00", "next Friday at noon": problem("another day"),
			"tomorrow": problem("time of day"), "2pm": problem("one day"), "tomorrow 2pm EST": problem("zone"),
		}},
		{q.Slot{Type: q.Choice, Options: colours}, map[string]any{
			"Red": "red", "2": "green", "option 2": "green", "#2": "green", "the second": "green", "b)": "green", "B": "green", "the second one": "green",
			"gre": "green", "gren": "green", "geren": "green", "blue!": "blue", "I'd take the green one": "green", "I want dark red": "dark red", "the last one": "dark red",
			"not red": problem("one of: red, green, blue, dark red"), "red or blue": problem("one of"), "anything but blue": problem("one of"), "9": problem("one of"),
			"yellow": problem("one of"), "no idea": q.Unknown,
		}},
		{q.Slot{Type: q.Choice, Options: statuses}, map[string]any{"not started": "not_started", "it's not started yet": "not_started", "IN-PROGRESS": "in_progress", "compelted": "done", "not completed": problem("one of")}},
		{q.Slot{Type: q.Choice, Options: options("Unknown", "N/A", "x")}, map[string]any{"unknown": "Unknown", "n/a": "N/A", "skip": q.Declined}},
		{q.Slot{Type: q.Choice, Options: options(3.0, 1.0, 2.0)}, map[string]any{"1": 1.0, "option 1": 3.0, "1.5": problem("one of: 3, 1, 2")}},
		{q.Slot{Type: q.Choice, Options: options("100", "1000", "2024")}, map[string]any{"2025": problem("one of"), "1000": "1000"}},
		{q.Slot{Type: q.Choice, Options: options("Yes", "No")}, map[string]any{"y": "Yes", "nope": "No", "yes please": "Yes"}},
		{q.Slot{Type: q.Choice, Options: options(true, false)}, map[string]any{"yes": true, "false": false}},
		{q.Slot{Type: q.Choices, Options: colours}, map[string]any{
			"blue, red": []any{"red", "blue"}, "red and blue": []any{"red", "blue"}, "red & red": []any{"red"}, "- red\n- 2": []any{"red", "green"}, "1, 3": []any{"red", "blue"},
			"1 3": []any{"red", "blue"}, "all of them": []any{"red", "green", "blue", "dark red"}, "none": []any{}, "both": problem("any of"), "red, yellow": problem(`"yellow"`),
			"red and not blue": problem("negation"), "I like red; also dark red.": []any{"red", "dark red"}, "skip": q.Declined,
		}},
		{q.Slot{Type: q.Choices, Options: areas, MinItems: new(1), MaxItems: new(2)}, map[string]any{
			"research and development, sales": []any{"Research and development", "Sales"}, "C++": []any{"C++"}, "both": problem("1 to 2 of"), "none": problem("1 to 2 of"), "all": problem("1 to 2 of"),
		}},
		{q.Slot{Type: q.Choice, Options: options("b", "a", "c")}, map[string]any{"option B": "b", "b)": "b", "A": "a", "the second": "a"}},
		{q.Slot{Type: q.Choices, Options: options("a", "b")}, map[string]any{"both": []any{"a", "b"}}},
		{q.Slot{Type: q.List}, map[string]any{
			"apples": []any{"apples"}, "apples, pears and plums": []any{"apples", "pears", "plums"}, "apples and pears": []any{"apples", "pears"}, "a, b, and c": []any{"a", "b", "c"},
			"- Paris, France\n- Rome, Italy": []any{"Paris, France", "Rome, Italy"}, "Paris, France; Rome": []any{"Paris, France", "Rome"}, "1. a\n2. b\n\n": []any{"a", "b"},
			"a, b\nc": []any{"a", "b", "c"}, "none": []any{}, "It must be easy to use and quick to learn": []any{"It must be easy to use and quick to learn"},
		}},
		{q.Slot{Type: q.List, MinItems: new(2)}, map[string]any{"a": problem("at least 2 items"), "a,,b": []any{"a", "b"}}},
	} {
		for words, want := range group.want {
			t.Run(string(group.slot.Type)+" "+words, func(t *testing.T) {
				got := parse.Read(group.slot, words, at)
				got.Language, got.Obstacle = "", ""
				switch want := want.(type) {
				case problem:
					assert.Equal(t, q.Answered, got.Outcome)
					assert.Nil(t, got.Value)
					assert.Contains(t, got.Problem, string(want))
				case q.Outcome:
					assert.Equal(t, parse.Reading{Outcome: want}, got)
				default:
					assert.Equal(t, parse.Reading{Outcome: q.Answered, Value: want}, got)
				}
			})
		}
	}
}

func TestExpectedListsAtMostTwentyOptions(t *testing.T) {
	var many []q.Option
	for letter := 'a'; letter <= 'z'; letter++ {
		many = append(many, q.Option{Value: string(letter)})
	}
	assert.Equal(t, "one of: a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t and 6 more", parse.Expected(q.Slot{Type: q.Choice, Options: many}, ""))
	assert.Equal(t, "a whole number from 1 to 10", parse.Expected(scale, ""))
}

// "More than 0" is kept as the least number above it, which nobody wants to read.
func TestExpectedShowsWhatIsExcludedInDigitsOfItsOwn(t *testing.T) {
	above, below := math.Nextafter(0, 1), math.Nextafter(10, 0)
	assert.Equal(t, "a number above 0", parse.Expected(q.Slot{Type: q.Number, Minimum: &above}, ""))
	assert.Equal(t, "a number below 10", parse.Expected(q.Slot{Type: q.Number, Maximum: &below}, ""))
	assert.Equal(t, "a number from 0 to 10", parse.Expected(q.Slot{Type: q.Number, Minimum: &above, Maximum: &below}, ""))
	assert.Equal(t, "eine Zahl, größer als 0", parse.Expected(q.Slot{Type: q.Number, Minimum: &above}, "de"))
	for _, bound := range []float64{0, 1, -3, 0.1, 2.5, 1e-9, 1234567.89} {
		assert.NotContains(t, parse.Expected(q.Slot{Type: q.Number, Minimum: &bound}, ""), "above", bound)
	}
}

func TestCheck(t *testing.T) {
	for promise, c := range map[string]struct {
		slot  q.Slot
		value any
		want  any
	}{
		"a number":                    {scale, 7.0, 7.0},
		"a number as JSON wrote it":   {scale, json.Number("7"), 7.0},
		"a number in words":           {scale, "seven", 7.0},
		"a number out of bounds":      {scale, 11.0, problem("from 1 to 10")},
		"a fraction for a whole":      {scale, 1.5, problem("whole")},
		"a number too large":          {q.Slot{Type: q.Number}, json.Number("1e999"), problem("a number")},
		"a boolean":                   {q.Slot{Type: q.Boolean}, false, false},
		"a yes":                       {q.Slot{Type: q.Boolean}, "yes", true},
		"a number for a boolean":      {q.Slot{Type: q.Boolean}, 1.0, problem("yes or no")},
		"text":                        {q.Slot{Type: q.Text}, " x ", "x"},
		"an outcome phrase is text":   {q.Slot{Type: q.Text}, "skip", "skip"},
		"a number for text":           {q.Slot{Type: q.Text}, 5.0, problem("a few words")},
		"a choice by value":           {q.Slot{Type: q.Choice, Options: statuses}, "done", "done"},
		"a choice by title":           {q.Slot{Type: q.Choice, Options: statuses}, "completed", "done"},
		"an unknown choice":           {q.Slot{Type: q.Choice, Options: statuses}, "x", problem("one of: Not started, In progress, Completed")},
		"a position is no number":     {q.Slot{Type: q.Choice, Options: statuses}, 2.0, problem("one of")},
		"choices in option order":     {q.Slot{Type: q.Choices, Options: colours}, []any{"blue", "red", "blue"}, []any{"red", "blue"}},
		"choices in words":            {q.Slot{Type: q.Choices, Options: colours}, "blue and red", []any{"red", "blue"}},
		"an unknown one among choice": {q.Slot{Type: q.Choices, Options: colours}, []any{"blue", []any{}}, problem("any of")},
		"a list":                      {q.Slot{Type: q.List}, []any{" a, b ", ""}, []any{"a, b"}},
		"a list of numbers":           {q.Slot{Type: q.List}, []any{1.0}, problem("a list")},
		"nothing":                     {q.Slot{Type: q.Text}, nil, problem("a few words")},
	} {
		t.Run(promise, func(t *testing.T) {
			got, err := parse.Check(c.slot, c.value, at)
			if want, ok := c.want.(problem); ok {
				assert.ErrorContains(t, err, string(want))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestReadBoundsItsCost(t *testing.T) {
	for _, slot := range fuzzSlots {
		for _, unit := range []string{"1.", "red, ", "twenty ", "http://"} {
			start := time.Now()
			parse.Read(slot, strings.Repeat(unit, (256<<10)/len(unit)), at)
			parse.Read(slot, strings.Repeat(unit, (16<<10)/len(unit)), at)
			assert.Less(t, time.Since(start), 10*time.Second, "%s of %q", slot.Type, unit)
		}
	}
}

var fuzzSlots = []q.Slot{
	{Type: q.Text}, {Type: q.Text, MaxLength: new(5)}, {Type: q.Integer}, {Type: q.Number}, scale, days, minutes, {Type: q.Boolean}, {Type: q.Date}, {Type: q.Time},
	{Type: q.DateTime}, {Type: q.Email}, {Type: q.URI}, {Type: q.Choice, Options: colours}, {Type: q.Choice, Options: statuses},
	{Type: q.Choice, Options: options("b", "a", 1.0, true)}, {Type: q.Choice}, {Type: q.Choices, Options: colours}, {Type: q.Choices, Options: areas, MinItems: new(1)},
	{Type: q.List}, {Type: "other"},
}

func FuzzRead(f *testing.F) {
	for i := range fuzzSlots {
		for _, words := range []string{"1.500,00", "two and a half million", "2 weeks", "yes, because", "23 Nov 2026 at 2pm", "2026-11-23T14:00:00+05:30", "in 9999 years",
			"0001-01-01", "Bob <bob@example.com>", "see https://x.org/(a).", "red and not blue", "1 3", "none", "- a\n- b; c", "I don't know", "?", "\x00", "\xff", "-0", "½%"} {
			f.Add(words, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, words string, which uint8) {
		slot := fuzzSlots[int(which)%len(fuzzSlots)]
		got := parse.Read(slot, words, at)
		assert.Equal(t, got, parse.Read(slot, words, at))
		if got.Outcome != q.Answered || got.Problem != "" {
			assert.Nil(t, got.Value)
			assert.NotEmpty(t, got.Outcome)
			assert.False(t, got.Outcome != q.Answered && got.Problem != "", "an outcome is no problem")
			return
		}
		require.NotNil(t, got.Value)
		again, err := parse.Check(slot, got.Value, at)
		require.NoError(t, err)
		assert.Equal(t, got.Value, again, "the canonical form is its own")
	})
}
