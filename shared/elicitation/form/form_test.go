package form

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
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
	assert.Equal(t, "1. What about guests?", got["guests"].Title)
	assert.Equal(t, "A whole number of at least 1.", got["guests"].Description)
	assert.Equal(t, []string{"Yes", "No"}, got["insured"].Enum, "neither is a box that nobody has touched")
	assert.Equal(t, "date", got["on"].Format)
	assert.Contains(t, got["on"].Description, "2026-11-30")
	assert.Equal(t, []string{"3", "yes"}, got["size"].Enum)
	assert.Equal(t, &elicitation.Items{Type: "string", Enum: []string{"Wifi", "2.5"}}, got["extras"].Items)
	assert.Equal(t, &most, got["extras"].MaxItems)
	for _, name := range []string{"insured", "on", "size", "motto", "names", "at", "in_your_own_words"} {
		assert.Equal(t, "string", got[name].Type)
	}
	assert.Len(t, got, 9, "one field for each question, and one for own words")
}

func TestATextShowsHowLongItMayBe(t *testing.T) {
	most, least := 5, 4
	code := slot("code", questioning.Text)
	code.MaxLength = &most
	got := fields(asked(1, code))["code"]
	assert.Equal(t, &most, got.MaxLength)
	assert.Equal(t, "A few words of at most 5 characters.", got.Description)
	code.MinLength, code.LookFor = &least, []string{"the post code"}
	assert.Equal(t, "the post code", fields(asked(1, code))["code"].Description)
	code.Pattern, code.LookFor = "^[0-9]{5}$", nil
	assert.Empty(t, fields(asked(1, code))["code"].Description, "a pattern is not for people")
}

func TestTheLastFieldTakesOwnWords(t *testing.T) {
	last := func(items ...Item) elicitation.Field {
		all := New("A trip", items, "en").Schema.Fields
		return all[len(all)-1]
	}
	motto, class := asked(4, slot("motto", questioning.Text)), asked(5, slot("Class", questioning.Choice, questioning.Option{Value: "e"}))
	field := last(motto, class)
	assert.Equal(t, "In your own words", field.Title)
	assert.Equal(t, "What fits no field, or “5: don't know”, “rather not say”, “does not apply”.", field.Description, "by the number of a question whose field takes no words")
	assert.Equal(t, MaxWords, *field.MaxLength)
	assert.Contains(t, last(class).Description, "“Class: don't know”", "a question by itself has no number")
	assumption := Item{Slot: slot("Budget", questioning.Number), Assumed: 5.0}
	assert.Contains(t, last(motto, assumption).Description, "“4: don't know”")
	assert.Contains(t, last(assumption).Description, "“Budget: don't know”", "so has an assumption")
}

// What is offered to be said in own words is what is read there.
func TestWhatTheFormOffersToSayIsRead(t *testing.T) {
	said := regexp.MustCompile(`[“«„] ?(?:1 ?: )?([^”»“]+?) ?[”»“]`)
	for _, language := range messages.Languages {
		all := New("x", []Item{asked(1, slot("class", questioning.Choice, questioning.Option{Value: "e"})), asked(2, slot("day", questioning.Date))}, language).Schema.Fields
		offered := said.FindAllStringSubmatch(all[2].Description, -1)
		require.Len(t, offered, 3, all[2].Description)
		open := []parse.OpenQuestion{{Number: 1, Slot: slot("class", questioning.Choice, questioning.Option{Value: "e"})}, {Number: 2, Slot: slot("day", questioning.Date)}}
		for i, want := range []questioning.Outcome{questioning.Unknown, questioning.Declined, questioning.NotApplicable} {
			reply := parse.ReadReply("2: "+offered[i][1], open, nil, parse.Context{Now: today.Now, Language: language})
			require.Len(t, reply.Answers, 1, "%s: %s", language, offered[i][1])
			assert.Equal(t, 2, reply.Answers[0].Number)
			assert.Equal(t, want, reply.Answers[0].Outcome, "%s: %s", language, offered[i][1])
		}
	}
}

func TestATitleTakesOneLine(t *testing.T) {
	const long = "Tell me, as exactly as you can, on which day of which month the whole thing shall begin"
	named := func(title, question string) elicitation.Field {
		s := slot("x", questioning.Integer)
		s.Title = title
		return fields(Item{Slot: s, Question: 12, Text: question}, asked(13, slot("y", questioning.Text)))["x"]
	}
	for name, c := range map[string]struct{ title, question, shown, more string }{
		"a question":                   {"Guests", "How many guests do you expect?", "12. How many guests do you expect?", ""},
		"a label asks by itself":       {"Guests", "Guests?", "12. Guests", ""},
		"a label with a unit":          {"Weight", "Weight (kg)?", "12. Weight (kg)?", ""},
		"a question with a remark":     {"Guests", "How many guests do you expect? Children count as well, whatever age they have.", "12. How many guests do you expect?", "Children count as well, whatever age they have."},
		"a long question":              {"Begin", long + "?", "12. Begin", long + "?"},
		"a long question and name":     {long, long + "?", "12. Tell me, as exactly as you can, on which day of which m…", long},
		"words that could not be read": {"Guests", "I could not read \"a good many of them, I am afraid\". How many guests?", "12. Guests", "I could not read \"a good many of them, I am afraid\". How many guests?"},
	} {
		field := named(c.title, c.question)
		assert.Equal(t, c.shown, field.Title, name)
		assert.Equal(t, c.more, field.Description, name)
	}
	assert.Equal(t, "How many?", fields(Item{Slot: slot("x", questioning.Integer), Question: 3, Text: "How many?"})["x"].Title, "one question needs no number")
}

// hosts are what clients make of a form, in docs/elicitation_session.md.
func TestHostsShowEverythingOnce(t *testing.T) {
	kind := slot("kind", questioning.Choice, questioning.Option{Value: "private_party", Title: "Private party"}, questioning.Option{Value: "annoying"}, questioning.Option{Value: "x", Title: "annoying"})
	extras := slot("extras", questioning.Choices, questioning.Option{Value: "w", Title: "Wifi"}, questioning.Option{Value: ""})
	motto := slot("motto", questioning.Text)
	motto.LookFor = []string{"What about motto?", "a pun"}
	long := asked(4, slot("budget", questioning.Number))
	long.Text = strings.Repeat("very ", 30) + "long?"
	items := []Item{
		asked(1, kind), asked(2, extras), asked(3, motto), long, asked(5, slot("insured", questioning.Boolean)), asked(6, slot("at", questioning.Time)),
		{Slot: kind, Assumed: "private_party"}, {Slot: slot("start", questioning.Time), Assumed: "14:00:00"}, {Slot: slot("allergies", questioning.List), Assumed: []any{}},
		{Slot: slot("outdoors", questioning.Boolean), Assumed: true}, {Slot: slot("day", questioning.Date), Assumed: "2027-06-05"}, {Slot: slot("guests", questioning.Integer), Assumed: 20.0, Source: "from memory"},
	}
	items[6].Slot.Key = "assumed_kind"
	for _, language := range messages.Languages {
		shown := map[string]elicitation.Field{}
		form := New("A party", items, language)
		require.Len(t, form.Schema.Fields, len(items)+1)
		for _, f := range form.Schema.Fields {
			shown[f.Name] = f
			assert.LessOrEqual(t, utf8.RuneCountInString(f.Title), 60, "%s: Claude Code cuts a title that leaves no room for the value", f.Name)
			assert.NotContains(t, f.Description, f.Title, f.Name)
			assert.NotContains(t, []string{"boolean", "object"}, f.Type, "%s: VS Code shows True and False, or a box", f.Name)
			options := f.Enum
			if f.Items != nil {
				options = f.Items.Enum
			}
			for i, option := range options {
				assert.NotContains(t, options[:i], option, f.Name)
				assert.NotContains(t, f.Description, option, "%s: a host shows the options", f.Name)
				assert.NotEmpty(t, option, "%s: hosts send nothing for an empty one", f.Name)
			}
			if text, ok := f.Default.(string); ok {
				assert.NotContains(t, f.Description, text, "%s: a host shows the default", f.Name)
				if len(options) > 0 {
					assert.Contains(t, options, text, f.Name)
				}
			}
		}
		encoded, err := json.Marshal(form.Schema)
		require.NoError(t, err)
		for _, keyword := range []string{`"required"`, `"oneOf"`, `"anyOf"`, `"enumNames"`, `"const"`} {
			assert.NotContains(t, string(encoded), keyword, "nothing has to be filled in, and no option is shown with its value")
		}
		assert.Equal(t, "14:00", shown["start"].Default)
		assert.Equal(t, "2027-06-05", shown["day"].Default)
		assert.Equal(t, "Private party", shown["assumed_kind"].Default)
		assert.Equal(t, 20.0, shown["guests"].Default)
		assert.NotContains(t, shown["guests"].Description, "20")
		assert.Nil(t, shown["allergies"].Default, "no host shows an empty list")
		assert.Contains(t, shown["allergies"].Description, messages.In(language).Text(messages.None))
	}
	got := fields(items...)
	assert.Equal(t, []string{"Private party", "annoying", "annoying (x)"}, got["kind"].Enum)
	assert.Equal(t, "a pun", got["motto"].Description)
	assert.Equal(t, "Assumed, from memory. Correct it if that is wrong.", got["guests"].Description)
}

func TestTheMessageSaysWhatForAndHowMuch(t *testing.T) {
	one, assumption := asked(1, slot("a", questioning.Text)), Item{Slot: slot("b", questioning.Text), Assumed: "x"}
	assert.Equal(t, "\"Book a trip for four\"\n\nOne question and 2 assumptions to confirm. Leave out what you like.",
		New("Book a trip\nfor four", []Item{one, assumption, assumption}, "en").Message)
	assert.Contains(t, New("x", []Item{one, one}, "en").Message, "2 questions.")
	assert.Contains(t, New("x", []Item{assumption}, "en").Message, "One assumption to confirm.")
}

func TestASlotMayHaveTheNameOfTheFieldForOwnWords(t *testing.T) {
	items := []Item{asked(1, slot("in_your_own_words", questioning.Boolean))}
	schema := New("x", items, "en").Schema
	require.Len(t, schema.Fields, 2)
	assert.Equal(t, "in_your_own_words_", schema.Fields[1].Name)
	answers, words := Read(items, map[string]any{"in_your_own_words": "Yes", "in_your_own_words_": "and a dog"}, today)
	require.Len(t, answers, 1)
	assert.Equal(t, true, answers[0].Value)
	assert.Equal(t, "and a dog", words)
}

func TestWhatIsFilledInIsRead(t *testing.T) {
	size := slot("x", questioning.Choice, questioning.Option{Value: 3.0}, questioning.Option{Value: 1.0}, questioning.Option{Value: "L", Title: "Large"}, questioning.Option{Value: "Large", Title: "Huge"})
	extras := slot("x", questioning.Choices, questioning.Option{Value: "wine, red"}, questioning.Option{Value: "c", Title: "cake"})
	for name, c := range map[string]struct {
		slot    questioning.Slot
		content string
		value   any
		text    string
		words   string
		none    bool
	}{
		"a number":                        {slot: slot("x", questioning.Integer), content: `{"x": 4}`, value: 4.0, text: "4"},
		"a number as text":                {slot: slot("x", questioning.Integer), content: `{"x": "four"}`, value: 4.0, text: "4"},
		"no number":                       {slot: slot("x", questioning.Integer), content: `{"x": "a few"}`, text: "a few"},
		"a number out of kind":            {slot: slot("x", questioning.Integer), content: `{"x": 4.5}`, text: "4.5"},
		"own words":                       {slot: slot("x", questioning.Integer), content: `{"in_your_own_words": " a dozen "}`, words: "a dozen", none: true},
		"a value and own words":           {slot: slot("x", questioning.Integer), content: `{"x": 4, "in_your_own_words": "and a dog"}`, value: 4.0, text: "4", words: "and a dog"},
		"yes":                             {slot: slot("x", questioning.Boolean), content: `{"x": "Yes"}`, value: true, text: "yes"},
		"no, from a program":              {slot: slot("x", questioning.Boolean), content: `{"x": false}`, value: false, text: "no"},
		"an option that is a number":      {slot: size, content: `{"x": "1"}`, value: 1.0, text: "1"},
		"an option by its title":          {slot: size, content: `{"x": "Large"}`, value: "L", text: "Large"},
		"an option by its value":          {slot: size, content: `{"x": "L"}`, value: "L", text: "Large"},
		"no option":                       {slot: size, content: `{"x": "M"}`, text: "M"},
		"options with commas":             {slot: extras, content: `{"x": ["cake", "wine, red"]}`, value: []any{"wine, red", "c"}, text: "wine, red, cake"},
		"options that are none":           {slot: extras, content: `{"x": ["pie"]}`, text: "pie"},
		"options as text":                 {slot: extras, content: `{"x": "cake"}`, text: "cake"},
		"text":                            {slot: slot("x", questioning.Text), content: `{"x": " don't know "}`, text: "don't know"},
		"text with what cannot be stored": {slot: slot("x", questioning.Text), content: `{"x": "a\u0000b"}`, text: "ab"},
		"a number for text":               {slot: slot("x", questioning.Text), content: `{"x": 5}`, text: "5"},
		"a time":                          {slot: slot("x", questioning.Time), content: `{"x": "14:00"}`, text: "14:00"},
		"nothing":                         {slot: slot("x", questioning.Integer), content: `{}`, none: true},
		"nothing, in words":               {slot: slot("x", questioning.Integer), content: `{"x": "", "in_your_own_words": "  "}`, none: true},
		"no options":                      {slot: extras, content: `{"x": []}`, none: true},
		"null":                            {slot: slot("x", questioning.Boolean), content: `{"x": null, "in_your_own_words": null}`, none: true},
		"an object":                       {slot: slot("x", questioning.Text), content: `{"x": {"y": 1}, "in_your_own_words": {"y": 1}}`, none: true},
		"a field of no form":              {slot: slot("x", questioning.Text), content: `{"y": "z"}`, none: true},
	} {
		var content map[string]any
		require.NoError(t, json.Unmarshal([]byte(c.content), &content))
		answers, words := Read([]Item{asked(1, c.slot)}, content, today)
		assert.Equal(t, c.words, words, name)
		if c.none {
			assert.Empty(t, answers, name)
			continue
		}
		require.Len(t, answers, 1, name)
		assert.Equal(t, c.value, answers[0].Value, name)
		assert.Equal(t, c.text, answers[0].Text, name)
	}
}

// A hint that nobody needs is one more line to read on each of ten fields.
func TestAHintSaysOnlyWhatAPersonCouldNotKnow(t *testing.T) {
	none, one, two, thirty, roomy := 0.0, 1, 2, 30, 200
	above := math.Nextafter(0, 1)
	hint := func(change func(*questioning.Slot), kind questioning.Type) string {
		s := slot("x", kind)
		change(&s)
		return fields(asked(1, s))["x"].Description
	}
	assert.Empty(t, hint(func(s *questioning.Slot) { s.Minimum = &none }, questioning.Number), "nobody spends less than nothing")
	assert.Equal(t, "A number above 0.", hint(func(s *questioning.Slot) { s.Minimum = &above }, questioning.Number))
	assert.Empty(t, hint(func(s *questioning.Slot) { s.MinLength, s.MaxLength = &one, &roomy }, questioning.Text), "there is room enough")
	assert.Equal(t, "A list separated by commas or lines.", hint(func(s *questioning.Slot) { s.MinItems = &one }, questioning.List))
	assert.Equal(t, "A list of at most 30 items, separated by commas or lines.", hint(func(s *questioning.Slot) { s.MinItems, s.MaxItems = &one, &thirty }, questioning.List))
	assert.Equal(t, "A list of 2 to 30 items, separated by commas or lines.", hint(func(s *questioning.Slot) { s.MinItems, s.MaxItems = &two, &thirty }, questioning.List))
	s := slot("x", questioning.Number)
	s.Minimum = &above
	assert.Equal(t, 0.0, *fields(asked(1, s))["x"].Minimum, "a client shows the bound")
}
