package questioning

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// asked are the slots of the first batch, in its order.
func asked(slots []Slot) []string {
	var keys []string
	for _, q := range New("Help", slots, Limits{BatchSize: len(slots)}).Next().Questions {
		keys = append(keys, q.Slot)
	}
	return keys
}

func TestWhatTheRestMakesSenseByIsAskedFirst(t *testing.T) {
	severity := Slot{Key: "severity", Title: "Severity", Type: Choice, Options: []Option{{Value: "bad"}, {Value: "worse"}, {Value: "worst"}}, Required: true}
	since := Slot{Key: "since", Title: "Since when?", Type: Date, Required: true}
	problem := Slot{Key: "problem", Title: "Problem", Type: Text, Required: true}
	notes := Slot{Key: "notes", Title: "Notes", Type: Text}
	assert.Equal(t, "problem", asked([]Slot{problem, severity, since})[0])
	assert.Equal(t, "problem", asked([]Slot{severity, since, problem})[0], "by what it is called")
	assert.Equal(t, []string{"problem", "since", "severity", "notes"}, asked([]Slot{notes, severity, since, problem}), "then by gain, what is optional last")

	ziel := Slot{Key: "ziel", Title: "Ziel der Reise", Type: Text, Required: true}
	assert.Equal(t, "ziel", asked([]Slot{since, ziel})[0], "in every language the server speaks")

	first := Slot{Key: "who", Title: "Who", Type: Text, Required: true}
	assert.Equal(t, "who", asked([]Slot{first, since})[0], "what is named first, where nothing else says")
	since.Weight = 2
	assert.Equal(t, "since", asked([]Slot{first, since})[0], "weights go before")
}

func TestAReasonSaysWhatTheAnswerDecidesOrSaves(t *testing.T) {
	slots := []Slot{
		{Key: "problem", Title: "Problem", Type: Text, Required: true},
		{Key: "pets", Title: "Pets", Type: Boolean, Required: true},
		{Key: "kind", Title: "Kind of pet", Type: Text, When: &Condition{Slot: "pets", In: []any{true}}},
		{Key: "day", Title: "Day", Type: Date, Required: true},
		{Key: "notes", Title: "Notes", Type: Text},
	}
	reasons := map[string]string{}
	for _, q := range New("", slots, Limits{BatchSize: 9}).Next().Questions {
		reasons[q.Slot] = q.Reason
	}
	assert.Equal(t, map[string]string{
		"problem": "The rest makes sense by it.",
		"pets":    "Decides whether to ask for Kind of pet.",
		"day":     "",
		"notes":   "",
	}, reasons)
	assert.Equal(t, "a, b, c and 2 more", some([]string{"a", "b", "c", "d", "e"}))
}
