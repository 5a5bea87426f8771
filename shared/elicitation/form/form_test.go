package form

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

var today = parse.Context{Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}

func slot(key string, kind questioning.Type, options ...questioning.Option) questioning.Slot {
	return questioning.Slot{Key: key, Title: key, Type: kind, Options: options}
}

func asked(number int, s questioning.Slot) Item {
	return Item{Slot: s, Question: number, Text: "What about " + s.Key + "?"}
}

func fields(items ...Item) map[string]elicitation.Field {
	all := map[string]elicitation.Field{}
	for _, f := range New("A trip", items, "en").Schema.Fields {
		all[f.Name] = f
	}
	return all
}

func TestEachTypeHasItsField(t *testing.T) {
	low, most := 1.0, 2
	guests := slot("guests", questioning.Integer)
	guests.Minimum, guests.Default = &low, 2.0
	extras := slot("extras", questioning.Choices, questioning.Option{Value: "w", Title: "Wifi"}, questioning.Option{Value: 2.5})
	extras.MaxItems = &most
	got := fields(asked(1, guests), asked(2, slot("insured", questioning.Boolean)), asked(3, slot("on", questioning.Date)),
		asked(4, slot("size", questioning.Choice, questioning.Option{Value: 3.0}, questioning.Option{Value: true})),
		asked(5, extras), asked(6, slot("motto", questioning.Text)), asked(7, slot("names", questioning.List)), asked(8, slot("at", questioning.Time)))
	assert.Equal(t, "integer", got["guests"].Type)
	assert.Equal(t, &low, got["guests"].Minimum)
	assert.Equal(t, 2.0, got["guests"].Default)
	assert.Equal(t, "What about guests?", got["guests"].Title)
	assert.Equal(t, "boolean", got["insured"].Type)
	assert.Equal(t, "date", got["on"].Format)
	assert.Contains(t, got["on"].Description, "2026-11-30")
	assert.Equal(t, []elicitation.Choice{{Const: "3", Title: "3"}, {Const: "yes", Title: "yes"}}, got["size"].OneOf)
	assert.Equal(t, []elicitation.Choice{{Const: "w", Title: "Wifi"}, {Const: "2.5", Title: "2.5"}}, got["extras"].Items.AnyOf)
	assert.Equal(t, &most, got["extras"].MaxItems)
	for _, name := range []string{"motto", "names", "at"} {
		assert.Equal(t, "string", got[name].Type)
		assert.NotContains(t, got, name+"_instead", "free text needs no second field")
	}
	for _, name := range []string{"guests", "insured", "on", "size", "extras"} {
		assert.Equal(t, "string", got[name+"_instead"].Type)
	}
}

func TestAnAssumptionIsShownWithItsSource(t *testing.T) {
	got := fields(Item{Slot: slot("budget", questioning.Number), Assumed: 500.0, Source: "said in another conversation"})["budget"]
	assert.Equal(t, 500.0, got.Default)
	assert.Equal(t, "Assumed, said in another conversation: 500. Correct it if that is wrong.", got.Description)
	got = fields(Item{Slot: slot("extras", questioning.Choices), Assumed: []any{"w"}})["extras"]
	assert.Equal(t, []string{"w"}, got.Default)
	assert.Contains(t, got.Description, "Assumed, from the context: \"w\".")
}

func TestTheMessageSaysWhatForAndHowMuch(t *testing.T) {
	one, assumption := asked(1, slot("a", questioning.Text)), Item{Slot: slot("b", questioning.Text), Assumed: "x"}
	assert.Contains(t, New("Book a trip\nfor four", []Item{one, assumption, assumption}, "en").Message, "\"Book a trip for four\"\n\nOne question and 2 assumptions to confirm.")
	assert.Contains(t, New("x", []Item{one, one}, "en").Message, "2 questions.")
	assert.Contains(t, New("x", []Item{assumption}, "en").Message, "One assumption to confirm.")
}

func TestFieldsHaveNamesOfTheirOwn(t *testing.T) {
	items := []Item{asked(1, slot("a", questioning.Boolean)), asked(2, slot("a_instead", questioning.Boolean)), asked(3, slot("a_instead_", questioning.Text))}
	schema := New("x", items, "en").Schema
	seen := map[string]bool{}
	for _, f := range schema.Fields {
		require.False(t, seen[f.Name], f.Name)
		seen[f.Name] = true
	}
	answers := Read(items, map[string]any{"a_instead": true, "a_instead__": "don't know"}, today)
	require.Len(t, answers, 2)
	assert.Equal(t, questioning.Unknown, answers[0].Outcome)
	assert.Equal(t, true, answers[1].Value)
}

func TestWhatIsFilledInIsRead(t *testing.T) {
	size := slot("x", questioning.Choice, questioning.Option{Value: 3.0}, questioning.Option{Value: 1.0}, questioning.Option{Value: "L", Title: "Large"})
	extras := slot("x", questioning.Choices, questioning.Option{Value: "wine, red"}, questioning.Option{Value: "cake"})
	for name, c := range map[string]struct {
		slot    questioning.Slot
		content string
		value   any
		text    string
		outcome questioning.Outcome
		none    bool
	}{
		"a number":                        {slot: slot("x", questioning.Integer), content: `{"x": 4}`, value: 4.0},
		"a number as text":                {slot: slot("x", questioning.Integer), content: `{"x": "four"}`, value: 4.0},
		"no number":                       {slot: slot("x", questioning.Integer), content: `{"x": "a few"}`, text: "a few"},
		"a number out of kind":            {slot: slot("x", questioning.Integer), content: `{"x": 4.5}`, text: "4.5"},
		"own words":                       {slot: slot("x", questioning.Integer), content: `{"x_instead": "a dozen"}`, text: "a dozen"},
		"a value with a remark":           {slot: slot("x", questioning.Integer), content: `{"x": 4, "x_instead": "and a dog"}`, value: 4.0, text: "and a dog"},
		"an outcome over a preset":        {slot: slot("x", questioning.Boolean), content: `{"x": false, "x_instead": "I don't know"}`, text: "I don't know", outcome: questioning.Unknown},
		"not to say":                      {slot: slot("x", questioning.Date), content: `{"x_instead": "rather not say"}`, text: "rather not say", outcome: questioning.Declined},
		"not concerned":                   {slot: slot("x", questioning.Date), content: `{"x_instead": "does not apply"}`, text: "does not apply", outcome: questioning.NotApplicable},
		"an option that is a number":      {slot: size, content: `{"x": "1"}`, value: 1.0},
		"an option by its title":          {slot: size, content: `{"x": "Large"}`, text: "Large"},
		"options with commas":             {slot: extras, content: `{"x": ["cake", "wine, red"]}`, value: []any{"wine, red", "cake"}},
		"options that are none":           {slot: extras, content: `{"x": ["pie"]}`, text: "pie"},
		"options as text":                 {slot: extras, content: `{"x": "cake"}`, value: []any{"cake"}},
		"text":                            {slot: slot("x", questioning.Text), content: `{"x": " don't know "}`, text: "don't know"},
		"text with what cannot be stored": {slot: slot("x", questioning.Text), content: `{"x": "a\u0000b"}`, text: "ab"},
		"a number for text":               {slot: slot("x", questioning.Text), content: `{"x": 5}`, text: "5"},
		"nothing":                         {slot: slot("x", questioning.Integer), content: `{}`, none: true},
		"nothing, in words":               {slot: slot("x", questioning.Integer), content: `{"x": "", "x_instead": "  "}`, none: true},
		"no options":                      {slot: extras, content: `{"x": []}`, none: true},
		"null":                            {slot: slot("x", questioning.Boolean), content: `{"x": null}`, none: true},
		"an object":                       {slot: slot("x", questioning.Text), content: `{"x": {"y": 1}}`, none: true},
		"a field of no form":              {slot: slot("x", questioning.Text), content: `{"y": "z"}`, none: true},
	} {
		var content map[string]any
		require.NoError(t, json.Unmarshal([]byte(c.content), &content))
		answers := Read([]Item{asked(1, c.slot)}, content, today)
		if c.none {
			assert.Empty(t, answers, name)
			continue
		}
		require.Len(t, answers, 1, name)
		assert.Equal(t, c.value, answers[0].Value, name)
		assert.Equal(t, c.text, answers[0].Text, name)
		assert.Equal(t, c.outcome, answers[0].Outcome, name)
	}
}
