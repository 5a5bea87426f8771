// Package reply turns what a person wrote into typed answers. It is pure: it
// does no input or output and holds no clock, so the same words, slot and time
// give the same answer. It understands English phrases only.
//
// It would rather ask again than guess: words that can be read in two ways give
// a problem that says what was expected.
package reply

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Reading is what was understood of a person's words about one slot.
type Reading struct {
	Outcome questioning.Outcome
	Value   any    // canonical value, nil unless Outcome is Answered and Problem is empty
	Problem string // why the words could not be read, saying what was expected; empty when they could
}

// longestTyped bounds, in bytes, the words read as anything but text or a list.
const longestTyped = 16 << 10

// Read reads a person's words as the answer for slot. The time now resolves
// words such as "tomorrow" and gives the location of dates and times.
//
// Words that are wholly a phrase such as "I don't know", "skip" or "n/a" give
// their outcome, unless the slot has an option of that name.
func Read(slot questioning.Slot, words string, now time.Time) Reading {
	words = clean(words)
	if outcome, ok := outcomeOf(words); ok && !namesOption(slot, words) {
		return Reading{Outcome: outcome}
	}
	value, err := parse(slot, words, now)
	if err != nil {
		return Reading{Outcome: questioning.Answered, Problem: err.Error()}
	}
	return Reading{Outcome: questioning.Answered, Value: value}
}

// Check returns the canonical form of a structured value for slot: a string,
// float64, bool, json.Number or []any, as JSON decodes them. A string given for
// a slot of another type is read as words are, outcome phrases apart. The error
// says what is expected and lists the allowed options.
func Check(slot questioning.Slot, value any, now time.Time) (any, error) {
	if number, ok := value.(json.Number); ok {
		float, err := number.Float64()
		if err != nil {
			return nil, misread(slot, "")
		}
		value = float
	}
	switch slot.Type {
	case questioning.Choice:
		return checkChoice(slot, value)
	case questioning.Choices:
		if items, ok := value.([]any); ok {
			return checkChoices(slot, items)
		}
	case questioning.List:
		if items, ok := value.([]any); ok {
			return checkList(slot, items)
		}
	case questioning.Boolean:
		if yes, ok := value.(bool); ok {
			return yes, nil
		}
	case questioning.Integer, questioning.Number:
		if float, ok := value.(float64); ok {
			return checkNumber(slot, float)
		}
	}
	if words, ok := value.(string); ok {
		return parse(slot, clean(words), now)
	}
	return nil, misread(slot, "")
}

func parse(slot questioning.Slot, words string, now time.Time) (any, error) {
	if words == "" {
		return nil, misread(slot, "the answer is empty")
	}
	switch slot.Type {
	case questioning.List:
		return parseList(slot, words)
	case questioning.Boolean, questioning.Integer, questioning.Number, questioning.Choice, questioning.Choices,
		questioning.Date, questioning.Time, questioning.DateTime, questioning.Email, questioning.URI:
		if len(words) > longestTyped {
			return nil, misread(slot, "the answer is too long")
		}
	}
	switch slot.Type {
	case questioning.Boolean:
		return parseBoolean(slot, words)
	case questioning.Integer, questioning.Number:
		return parseNumber(slot, words)
	case questioning.Choice:
		return parseChoice(slot, words)
	case questioning.Choices:
		return parseChoices(slot, words)
	case questioning.Date:
		return parseDate(slot, words, now)
	case questioning.Time:
		return parseTime(slot, words, now)
	case questioning.DateTime:
		return parseDateTime(slot, words, now)
	case questioning.Email:
		return parseEmail(slot, words)
	case questioning.URI:
		return parseURI(slot, words)
	default:
		return checkText(slot, words)
	}
}

// misread is the error of words that could not be read for slot.
func misread(slot questioning.Slot, reason string) error {
	if reason == "" {
		return errors.New("expected " + Expected(slot, ""))
	}
	return errors.New(reason + "; expected " + Expected(slot, ""))
}

// clean makes s storable: valid UTF-8, no NUL (PostgreSQL refuses it), trimmed.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.TrimSpace(strings.ReplaceAll(s, "\x00", ""))
}

// wholeLimit is the largest magnitude up to which float64 holds every integer.
const wholeLimit = 1 << 53

func checkNumber(slot questioning.Slot, value float64) (any, error) {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0),
		slot.Type == questioning.Integer && (value != math.Trunc(value) || math.Abs(value) > wholeLimit),
		slot.Minimum != nil && value < *slot.Minimum,
		slot.Maximum != nil && value > *slot.Maximum:
		return nil, misread(slot, formatNumber(value)+" does not fit")
	}
	return value + 0, nil // + 0 makes a negative zero plain
}
