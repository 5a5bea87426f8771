package parse

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// What a slot asks for, beyond its type. Its title, description and question are words too:
// they say that "duration_hours" counts hours, that "guests" are people and that "check-out" is
// an end. A reply may repeat them ("3 guests"), and so they are accounted for.

// typed reports a type of which the words are looked at.
func typed(of questioning.Type) bool {
	switch of {
	case questioning.Boolean, questioning.Integer, questioning.Number, questioning.Choice, questioning.Choices,
		questioning.Date, questioning.Time, questioning.DateTime, questioning.Email, questioning.URI:
		return true
	}
	return false
}

// unitOf is the time unit that a slot's title, key or description says its number
// is in, or "". Only a plural says so: "Birth year" is no amount of years.
func unitOf(slot questioning.Slot) string {
	for _, said := range []string{slot.Title, slot.Key, slot.Description} {
		if match := unitPlural.FindStringSubmatch(strings.ReplaceAll(said, "_", " ")); match != nil {
			return strings.ToLower(match[1])
		}
	}
	return ""
}

// slotUnit is unitOf of the text's slot.
func (t *text) slotUnit() string {
	if t.unit == nil {
		unit := unitOf(t.slot)
		t.unit = &unit
	}
	return *t.unit
}

// kind is what a slot counts, as far as its own words tell.
type kind int

const (
	kindAny kind = iota
	kindTime
	kindMoney
	kindPersons // or places and things of which each person has one
)

// kind is what the slot counts, kindAny for one that counts nothing.
func (t *text) kind() kind {
	switch {
	case !t.counts():
		return kindAny
	case t.slotUnit() != "":
		return kindTime
	case t.slotIs("money"):
		return kindMoney
	case t.slotIs(persons), t.slotIs("places"):
		return kindPersons
	}
	return kindAny
}

// counts reports a slot for a number.
func (t *text) counts() bool {
	return t.slot.Type == questioning.Number || t.slot.Type == questioning.Integer
}

// slotIs reports whether the slot's own words hold a phrase of the class.
func (t *text) slotIs(c class) bool {
	if t.asks == nil {
		t.asks = t.slotClasses()
	}
	return t.asks[c]
}

// slotClasses are the classes of the phrases in the slot's own words, in the language
// of the text and in English, which most slots are written in.
func (t *text) slotClasses() map[class]bool {
	key := slotSaid{t.slot.Title, t.slot.Key, t.slot.Description, t.slot.Question, t.lang.code}
	if t.seen != nil {
		if asks, ok := t.seen.asks[key]; ok {
			return asks
		}
	}
	asks := map[class]bool{}
	for n, l := range []*language{load("en"), t.lang} {
		if n > 0 && l.code == "en" {
			break
		}
		for _, said := range []string{key.title, key.key, key.description, key.question} {
			own := &text{lang: l, tokens: t.seen.label(said)}
			own.found = make([][]phrase, len(own.tokens))
			for i := range own.tokens {
				for _, p := range own.phrases(i) {
					for _, e := range p.entries {
						asks[e.class] = true
					}
				}
			}
		}
	}
	if t.seen != nil {
		t.seen.asks[key] = asks
	}
	return asks
}

// names reports whether the slot's own words say the token's word, in any form
// of it: what repeats the question is accounted for.
func (t *text) names(token token) bool {
	if token.shape != word {
		return false
	}
	if t.echo == nil {
		t.echo = []string{""}
		for _, said := range append([]string{t.slot.Key, t.slot.Title, t.slot.Description, t.slot.Question}, t.slot.LookFor...) {
			for _, one := range t.seen.label(said) {
				if one.shape == word {
					t.echo = append(t.echo, one.plain)
				}
			}
		}
	}
	for _, said := range t.echo[1:] {
		if sameStem(said, token.plain) {
			return true
		}
	}
	return false
}

// asksWhere reports a slot that is called after a place or asks for one first.
func (t *text) asksWhere() bool {
	asks := *t
	asks.setSlot(t.slot)
	first := strings.Fields(t.slot.Question)
	asks.slot.Description += " " + strings.Join(first[:min(len(first), 5)], " ")
	return asks.slotIs(location)
}
