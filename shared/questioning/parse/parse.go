// Package parse turns what a person wrote into typed values. It is pure: no
// input or output and no clock, so the same words, slot and context give the
// same reading.
//
// A reading accounts for every word, or it is no reading: a modifier that is not
// understood, a second candidate, a bound, an alternative, a negation or a
// condition leaves the words unread, with those that were in the way.
//
// It works in four steps. tokenize splits the words. A language's file says what
// they can be (languages/*.yaml, read from the tables made of them). The recognizers of the slot's type propose
// spans that hold a value. And one check, settle, looks at every word beside
// the spans and lets a value stand or says why not.
package parse

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Context is what the words alone do not say.
type Context struct {
	// Now resolves words such as "tomorrow" and gives the location of dates.
	Now time.Time
	// Language is the BCP 47 tag of the language to expect, such as "de" or
	// "pt-BR"; empty means that only the words tell.
	Language string

	// seen keeps what was looked up in a text that is read for many slots.
	seen seen
}

// Reading is what was understood of a person's words about one slot.
type Reading struct {
	Outcome questioning.Outcome
	Value   any // canonical value, nil unless Outcome is Answered and Problem is empty
	// Problem says why the words could not be read and what was expected; empty
	// when they could.
	Problem string
	// Obstacle are the person's words that stopped the reading, "" when none did.
	Obstacle string
	// Language is that of the words, as far as they tell: "en", "de", "fr", "es",
	// "it", "pt", "nl" or "zh".
	Language string
}

// Candidate is a candidate value for a slot within a longer text.
type Candidate struct {
	Start, End int // bytes of the text that say the value
	Value      any // canonical, within the slot's bounds
	// ClauseStart and ClauseEnd bound the clause that holds the value.
	ClauseStart, ClauseEnd int
	// Unsure says that words which are not understood stand in the clause, though
	// not beside the value.
	Unsure bool
	// Asked says that the Problem is only that the sentence is a question.
	Asked bool
	// Beside is, plus 1, where another value of the type stands that alone explains
	// the Problem: the second of "at 3 and back by 5"; 0 when none does.
	Beside int
	// Problem says why the words around the value in its clause do not let it
	// stand, and is empty when they are accounted for.
	Problem string
	// Weak reports a bare number that may be something else as well.
	Weak bool
}

const (
	// longestTyped bounds, in bytes, the words read as anything but text or a list.
	longestTyped = 16 << 10
	// longestPhrase bounds, in bytes, what can be a set phrase.
	longestPhrase = 120
)

// Read reads words as the answer for slot. An outcome such as "I don't know"
// stands for the value unless the slot has an option of that name.
func Read(slot questioning.Slot, words string, c Context) Reading {
	words = clean(words)
	if words == "" {
		return unreadable(slot, obstacle{"the answer is empty", ""}, "")
	}
	free := slot.Type == questioning.List || !typed(slot.Type)
	switch {
	case !free && len(words) > longestTyped:
		return unreadable(slot, obstacle{"the answer is too long", ""}, "")
	case free && len(words) > longestPhrase:
		value, problem := readFree(slot, words, nil)
		return reading(slot, value, problem, "")
	}
	t := read(slot, words, c)
	language := ""
	if t.told {
		language = t.lang.code
	}
	if outcome, ok := t.outcome(); ok && !namesOption(slot, words) {
		return Reading{Outcome: outcome, Language: language}
	}
	if free {
		value, problem := readFree(slot, words, t)
		return reading(slot, value, problem, language)
	}
	value, problem := t.value()
	return reading(slot, value, problem, language)
}

// typed reports a type of which the words are looked at.
func typed(of questioning.Type) bool {
	switch of {
	case questioning.Boolean, questioning.Integer, questioning.Number, questioning.Choice, questioning.Choices,
		questioning.Date, questioning.Time, questioning.DateTime, questioning.Email, questioning.URI:
		return true
	}
	return false
}

func reading(slot questioning.Slot, value any, problem obstacle, language string) Reading {
	if problem.reason != "" || value == nil {
		return unreadable(slot, problem, language)
	}
	return Reading{Outcome: questioning.Answered, Value: value, Language: language}
}

func unreadable(slot questioning.Slot, o obstacle, language string) Reading {
	reason := o.reason
	if o.words != "" && reason != "" {
		reason = quoted(o.words) + ": " + reason
	}
	return Reading{Outcome: questioning.Answered, Problem: misread(slot, reason).Error(), Obstacle: o.words, Language: language}
}

// value reads the text as a value of the slot's type. A nil value without an
// obstacle means that nothing in the text is one.
func (t *text) value() (any, obstacle) {
	switch t.slot.Type {
	case questioning.Boolean:
		return t.settle(t.booleans(), t.counted(), true)
	case questioning.Integer, questioning.Number:
		return t.readNumber()
	case questioning.Date:
		return t.readDate()
	case questioning.Time:
		return t.readTime()
	case questioning.DateTime:
		return t.readDateTime()
	case questioning.Choice:
		return t.readChoice()
	case questioning.Choices:
		return t.readChoices()
	case questioning.Email:
		return readEmail(t.slot, t.source)
	}
	return readURI(t.slot, t.source)
}

// Check returns the canonical form of a structured value for slot: a string,
// float64, bool, json.Number or []any, as JSON decodes them. A string for a slot
// of another type is read as words are, outcomes apart.
func Check(slot questioning.Slot, value any, c Context) (any, error) {
	if number, ok := value.(json.Number); ok {
		float, err := number.Float64()
		if err != nil {
			return nil, misread(slot, "")
		}
		value = float
	}
	switch slot.Type {
	case questioning.Choice:
		return checkChoice(slot, value, c)
	case questioning.Choices:
		if items, ok := value.([]any); ok {
			return checkChoices(slot, items, c)
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
		return checkWords(slot, clean(words), c)
	}
	return nil, misread(slot, "")
}

// checkWords reads a string that stands for a value of another type.
func checkWords(slot questioning.Slot, words string, c Context) (any, error) {
	var value any
	var problem obstacle
	switch {
	case words == "":
		return nil, misread(slot, "the answer is empty")
	case !typed(slot.Type):
		value, problem = readFree(slot, words, nil)
	case len(words) > longestTyped:
		return nil, misread(slot, "the answer is too long")
	default:
		value, problem = read(slot, words, c).value()
	}
	if read := reading(slot, value, problem, ""); read.Problem != "" {
		return nil, errors.New(read.Problem)
	}
	return value, nil
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

// quoted shows the start of a person's words in a message.
func quoted(words string) string {
	const most = 40
	if runes := []rune(words); len(runes) > most {
		words = string(runes[:most]) + "…"
	}
	return strconv.Quote(words)
}
