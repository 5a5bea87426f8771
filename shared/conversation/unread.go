package conversation

import (
	"cmp"
	"math"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// Unread is what the person said about a slot that nobody has read yet. It is handed
// back to the client's model before the person is asked again. What asks back, puts off or
// refers to something may be about no slot alone.
type Unread struct {
	Slot  string `json:"slot,omitempty"`
	Words string `json:"words" jsonschema:"The person's own."`
	// Kind tells a model whether there is a value to be read at all.
	Kind   string         `json:"kind" jsonschema:"unclear: read it; question: answer it first; deferral: ask later; referral: look it up in the chat."`
	Reason string         `json:"reason,omitempty" jsonschema:"Why it was not read."`
	Schema map[string]any `json:"schema,omitempty" jsonschema:"The JSON Schema of the value, where there may be one."`
}

// mayHold reports words in which, or by which, a model may find a value.
func (u Unread) mayHold() bool {
	return u.Slot != "" && u.Kind != string(parse.AsksBack) && u.Kind != string(parse.PutsOff)
}

// unclear is the kind of words that may hold a value.
const unclear = "unclear"

// maxUnread bounds the slots that a result hands back, and maxUnreadWords the
// characters of each: a model has the words in its chat as well.
const (
	maxUnread      = 20
	maxUnreadWords = 300
)

// unread is an answer that could not be read.
func (c *conversation) unread(a answer) Unread {
	u := unreadOf(c.State.Slots[c.State.Index(a.Slot)], a.Words, a.intent)
	if u.mayHold() {
		u.Reason = a.Problem
	}
	return u
}

func unreadOf(slot questioning.Slot, words string, intent parse.Intent) Unread {
	u := Unread{Slot: slot.Key, Words: plain.Excerpt(words, maxUnreadWords), Kind: cmp.Or(string(intent), unclear)}
	if u.mayHold() {
		u.Schema = valueSchema(slot)
	}
	return u
}

// allUnread is what this call left unread, and what earlier ones did: it is listed
// until it is answered, because a model that did not read it the first time may do so
// later. Those of this call come first, with their reasons; the bound cuts
// the others.
func (c *conversation) allUnread(now []Unread) []Unread {
	all := now
	listed := map[string]bool{}
	for _, u := range now {
		listed[u.Slot] = true
	}
	for i, s := range c.State.SlotStates {
		slot := c.State.Slots[i]
		if s.Status == questioning.StatusUnclear && !listed[slot.Key] {
			intent := parse.Read(slot, s.Words, parse.Context{Language: c.State.Language}).Intent
			all = append(all, unreadOf(slot, s.Words, intent))
		}
	}
	return all[:min(len(all), maxUnread)]
}

// formats are the string formats of JSON Schema, by the slot types that have one.
var formats = map[questioning.Type]string{
	questioning.Date: "date", questioning.Time: "time", questioning.DateTime: "date-time", questioning.Email: "email", questioning.URI: "uri",
}

// valueSchema is the JSON Schema of a slot's value, as small as it can be: the slot's
// own bounds and nothing about the person's words. A report is held against the
// caller's schema instead. It is a map, which encoding/json writes in the order of
// its keys, so that a repeated call prints the same.
func valueSchema(slot questioning.Slot) map[string]any {
	schema := map[string]any{"type": "string"}
	switch slot.Type {
	case questioning.Integer, questioning.Number, questioning.Boolean:
		schema["type"] = string(slot.Type)
	case questioning.List:
		schema = map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
	case questioning.Choice:
		return map[string]any{"enum": optionValues(slot)}
	case questioning.Choices:
		schema = map[string]any{"type": "array", "items": map[string]any{"enum": optionValues(slot)}}
	}
	if format := formats[slot.Type]; format != "" {
		schema["format"] = format
	}
	if slot.Pattern != "" {
		schema["pattern"] = slot.Pattern
	}
	for name, of := range map[string]struct {
		bound  *float64
		toward float64
	}{"inimum": {slot.Minimum, math.Inf(-1)}, "aximum": {slot.Maximum, math.Inf(1)}} {
		if of.bound == nil {
			continue
		}
		if shown, exclusive := questioning.ShownBound(*of.bound, of.toward); exclusive {
			schema["exclusiveM"+name] = shown
		} else {
			schema["m"+name] = shown
		}
	}
	for name, bound := range map[string]*int{
		"minLength": slot.MinLength, "maxLength": slot.MaxLength, "minItems": slot.MinItems, "maxItems": slot.MaxItems,
	} {
		if bound != nil {
			schema[name] = *bound
		}
	}
	return schema
}

// optionValues are what a value may be. A title is taken for its value too, but the
// schema names what is stored.
func optionValues(slot questioning.Slot) []any {
	values := make([]any, len(slot.Options))
	for i, o := range slot.Options {
		values[i] = o.Value
	}
	return values
}
