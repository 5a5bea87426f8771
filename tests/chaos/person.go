package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// want is one slot of a conversation.
type want struct {
	key     string
	kind    string // a JSON Schema type, date or choice
	options []string
	on      string // key of a boolean slot that must be true for this one to apply; "" for none
}

var (
	// Names and words are invented and unlike each other, so that the server's
	// parser reads each answer as what it is: this test is not about parsing.
	names   = []string{"city", "budget", "owner", "deadline", "colour", "guests", "engine", "region", "status", "weight", "height", "origin", "reason", "target"}
	kinds   = []string{"string", "string", "integer", "boolean", "choice", "date"}
	palette = []string{"crimson", "emerald", "indigo", "ochre", "violet"}
	syllabs = []string{"ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu"}
)

const (
	fewestWanted, mostWanted = 2, 7
	conditional              = 4 // one conversation in so many has a slot with a condition
)

// person is a simulated person. Its answers are unique as far as the slot's type allows.
// said numbers its answers; numbers, dates and invented words derive from it.
type person struct {
	random *rand.Rand
	said   int
	wants  map[string]want
	keys   []string // in their order
}

// newPerson draws the slots of a conversation and their types.
func newPerson(random *rand.Rand) *person {
	p := &person{random: random, wants: map[string]want{}}
	for _, i := range random.Perm(len(names))[:fewestWanted+random.IntN(mostWanted-fewestWanted+1)] {
		w := want{key: names[i], kind: kinds[random.IntN(len(kinds))]}
		if w.kind == "choice" {
			w.options = palette[:2+random.IntN(len(palette)-1)]
		}
		p.keys, p.wants[w.key] = append(p.keys, w.key), w
	}
	if random.IntN(conditional) == 0 {
		p.addCondition()
	}
	return p
}

// addCondition makes the last slot depend on the first.
// A boolean is simple to condition on, and about half of these conversations then skip the slot.
func (p *person) addCondition() {
	first, last := p.wants[p.keys[0]], p.wants[p.keys[len(p.keys)-1]]
	first.kind, first.options, last.on = "boolean", nil, first.key
	p.wants[first.key], p.wants[last.key] = first, last
}

// needed returns information_needed: a list or, at random and without conditions, a JSON
// Schema.
// A condition needs the list, since JSON Schema's properties have none here.
func (p *person) needed() any {
	hangs := slices.ContainsFunc(p.keys, func(key string) bool { return p.wants[key].on != "" })
	if hangs || p.random.IntN(2) == 0 {
		var list []any
		for _, key := range p.keys {
			list = append(list, p.wants[key].entry())
		}
		return list
	}
	properties := map[string]any{}
	for _, key := range p.keys {
		properties[key] = p.wants[key].property()
	}
	return map[string]any{"type": "object", "properties": properties, "required": p.keys}
}

// entry is the slot in the short list form.
func (w want) entry() map[string]any {
	entry := map[string]any{"key": w.key, "type": w.kind}
	if w.kind == "choice" {
		entry["options"] = w.options
	}
	if w.on != "" {
		entry["when"] = map[string]any{"slot": w.on, "equals": true}
	}
	return entry
}

// property is the slot as a property of a JSON Schema.
func (w want) property() map[string]any {
	switch w.kind {
	case "choice":
		return map[string]any{"enum": w.options}
	case "date":
		return map[string]any{"type": "string", "format": "date"}
	}
	return map[string]any{"type": w.kind}
}

// token returns a word that this person has not used before.
// Each number has its own range of 7919 values, so no word comes twice.
func (p *person) token() string {
	p.said++
	var b strings.Builder
	for n := p.said*7919 + p.random.IntN(7919); n > 0; n /= len(syllabs) {
		b.WriteString(syllabs[n%len(syllabs)])
	}
	return b.String()
}

// value returns an answer of the slot's type, and the same in words.
func (p *person) value(key string) (value any, words string) {
	w := p.wants[key]
	switch w.kind {
	case "integer":
		p.said++
		n := p.said*1000 + p.random.IntN(1000)
		return float64(n), strconv.Itoa(n)
	case "boolean":
		if p.random.IntN(2) == 0 {
			return false, "no"
		}
		return true, "yes"
	case "choice":
		option := w.options[p.random.IntN(len(w.options))]
		return option, option
	case "date":
		p.said++
		text := fmt.Sprintf("%d-%02d-%02d", 2030+p.said, 1+p.random.IntN(12), 1+p.random.IntN(28))
		return text, text
	}
	text := p.token() + " " + p.token()
	return text, text
}

// other returns a value that differs from one. It ends, because every type has at
// least two values.
func (p *person) other(key string, than any) (value any, words string) {
	for {
		if value, words = p.value(key); value != than {
			return value, words
		}
	}
}

// typed returns an answer as a value with its words, or an outcome.
// The words are never equal to earlier ones, so the history can be compared one by one.
func (p *person) typed(key string) statement {
	value, words := p.value(key)
	switch p.random.IntN(20) {
	case 0:
		return statement{Slot: key, Outcome: questioning.Unknown, Words: "cannot say, " + p.token()}
	case 1:
		return statement{Slot: key, Outcome: questioning.Declined, Words: "rather not, " + p.token()}
	}
	return statement{Slot: key, Outcome: questioning.Answered, Value: value, Words: words + " or so I think, " + p.token()}
}

// spoken returns an answer in words for the server's parser. Unreadable words are only
// given to a question that is asked for the first time.
func (p *person) spoken(key string, first bool) statement {
	value, words := p.value(key)
	switch chance := p.random.IntN(20); {
	case chance == 0:
		return statement{Slot: key, Outcome: questioning.Unknown, Words: "I don't know"}
	case chance == 1:
		return statement{Slot: key, Outcome: questioning.Declined, Words: "I'd rather not say"}
	case chance == 2 && first && p.wants[key].kind == "integer":
		return statement{Slot: key, Outcome: questioning.Answered, Words: "purple " + p.token()}
	}
	return statement{Slot: key, Outcome: questioning.Answered, Value: value, Words: words}
}
