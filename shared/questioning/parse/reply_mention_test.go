package parse

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestATitleThatJoinsSeveralThingsNamesEachThatStandsByItself(t *testing.T) {
	for language, titles := range map[string]map[string][]string{
		"en": {
			"Conference or talks":              {"Conference", "talks"},
			"Tickets, donations or sponsors":   {"Tickets", "donations", "sponsors"},
			"Outdoors, in a garden or park":    {"in a garden", "park"},
			"Birthday or other private party":  {"Birthday"},
			"Birthday, wedding or other party": {"Birthday", "wedding"},
			"Company or team celebration":      {"team celebration"},
			"Visiting family or friends":       {"Visiting family"},
			"Nothing or drinks only":           {"drinks only"},
			"None or unknown":                  nil,
			"Both or 12":                       nil,
			"Wedding":                          nil,
			"A flat, in the city":              nil,
			"or":                               nil,
		},
		"de": {"Geburtstag oder andere private Feier": {"Geburtstag"}},
		"fr": {"Anniversaire ou autre fête privée": {"Anniversaire"}},
		"es": {"Cumpleaños u otra fiesta privada": {"Cumpleaños"}},
		"it": {"Compleanno o altra festa privata": {"Compleanno"}},
		"pt": {"Aniversário ou outra festa particular": {"Aniversário"}},
		"nl": {"Verjaardag of ander privéfeest": {"Verjaardag"}},
	} {
		for title, want := range titles {
			assert.Equal(t, want, textOf(questioning.Slot{}, title, Context{Language: language}).alternatives(title), title)
		}
	}
}

// What is told unasked becomes an assumption to confirm. Whoever is asked answers, and is
// read word for word.
func TestAnOptionIsToldByOneOfTheThingsThatItStandsFor(t *testing.T) {
	occasion := questioning.Slot{Key: "occasion", Title: "Occasion", Type: questioning.Choice, Options: []questioning.Option{
		{Value: "p1", Title: "Birthday or other private party"}, {Value: "p2", Title: "Conference or talks"}, {Value: "p3", Title: "Wedding"},
	}}
	for said, want := range map[string]any{
		"Plan a birthday party":                "p1",
		"We need a room for talks":             "p2",
		"Her birthday is a wedding":            "p3", // a whole name goes before
		"A birthday with talks":                nil,
		"No birthday, please":                  nil,
		"A birthday present for the neighbour": nil,
		"Is it a birthday party?":              nil,
		"A team celebration":                   nil,
	} {
		var got any
		for _, part := range ReadReply(said, nil, []questioning.Slot{occasion}, Context{Language: "en"}).Volunteered {
			got = part.Value
		}
		assert.Equal(t, want, got, said)
	}
}
