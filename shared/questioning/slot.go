// Package questioning decides what to ask next. It is pure: no input or
// output, no clock, no randomness; the same state gives the same batch.
//
// A State holds what is wanted (slots), what is known of each (slot states) and
// what is asked. Next picks the batch of questions with the highest expected
// information gain (Lindley 1956, "On a Measure of the Information Provided by an
// Experiment"), in bits, weighted, less what answering costs the person. Record
// applies an answer, Revise corrects one, Pass notes what a reply left out.
//
// Probabilities come from Statistics, counts of earlier answers for the same
// schema key: each conversation gives a Contribution, Pool merges them as far as
// privacy lets it, and beliefs turn them into distributions given the answers so
// far. Without statistics fixed priors serve, see priorBits.
//
// The files form layers: slot, slotstate and statistics are the data; state,
// belief and contribution read them; gain, order and predict score; render and
// wording phrase; plan, record and revise are what callers call.
package questioning

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// Type names the kind of value a slot holds, after JSON Schema's types and
// string formats.
type Type string

// The types of a slot. Values are held as JSON holds them: strings (dates and
// times in their RFC 3339 forms), float64, bool, and []any for Choices and List.
const (
	Text     Type = "string"
	Integer  Type = "integer"
	Number   Type = "number"
	Boolean  Type = "boolean"
	Date     Type = "date"      // 2006-01-02
	Time     Type = "time"      // 15:04:05
	DateTime Type = "date-time" // RFC 3339
	Email    Type = "email"
	URI      Type = "uri"
	Choice   Type = "choice"  // one of Options
	Choices  Type = "choices" // any of Options
	List     Type = "list"    // strings
)

// ShownBound is a bound of a number as people read it, and whether the number itself is
// out of bounds: more than 0 is kept as the least number above it, which would be shown
// with three hundred zeros. Toward is an infinity, in the direction away from the
// numbers within.
func ShownBound(bound, toward float64) (shown float64, exclusive bool) {
	const muchShorter = 4 // characters that the next number has to save
	near := math.Nextafter(bound, toward)
	length := func(v float64) int { return len(strconv.FormatFloat(v, 'g', -1, 64)) }
	if length(near)+muchShorter < length(bound) {
		return near, true
	}
	return bound, false
}

// Slot is one piece of information wanted.
type Slot struct {
	Key         string `json:"key"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	// Question is the wording to ask with; empty makes one from the title.
	Question string `json:"question,omitempty"`
	// LookFor says what a good answer contains.
	LookFor  []string `json:"look_for,omitempty"`
	Type     Type     `json:"type"`
	Options  []Option `json:"options,omitempty"`
	Required bool     `json:"required,omitempty"`
	// Weight scales the slot's worth; zero stands for 1.
	Weight  float64 `json:"weight,omitempty"`
	Default any     `json:"default,omitempty"`

	Minimum   *float64 `json:"minimum,omitempty"`
	Maximum   *float64 `json:"maximum,omitempty"`
	MinLength *int     `json:"min_length,omitempty"` // characters
	MaxLength *int     `json:"max_length,omitempty"` // characters
	MinItems  *int     `json:"min_items,omitempty"`
	MaxItems  *int     `json:"max_items,omitempty"`
	Pattern   string   `json:"pattern,omitempty"` // RE2

	// When makes the slot apply only once another slot holds a given value.
	When *Condition `json:"when,omitempty"`
}

// Plain returns the slot with all that is written about it on one line each, as
// others read it. Values are what they were: an option whose value is not fit to
// be read gets a title.
func (s Slot) Plain() Slot {
	s.Title, s.Description, s.Question = plain.Line(s.Title), plain.Line(s.Description), plain.Line(s.Question)
	if s.Title == "" {
		s.Title = plain.Line(s.Key)
	}
	lookFor := s.LookFor
	s.LookFor = nil
	for _, hint := range lookFor {
		s.LookFor = append(s.LookFor, plain.Line(hint))
	}
	s.Options = slices.Clone(s.Options)
	for i, o := range s.Options {
		s.Options[i].Title = plain.Line(o.Title)
		if value, ok := o.Value.(string); ok && s.Options[i].Title == "" && plain.Line(value) != value {
			s.Options[i].Title = plain.Line(value)
		}
	}
	return s
}

// Option is one allowed value of a Choice or Choices slot.
type Option struct {
	Value any    `json:"value"` // string, float64 or bool
	Title string `json:"title,omitempty"`
}

// Condition holds when the slot it names was answered with one of the values.
type Condition struct {
	Slot string `json:"slot"`
	In   []any  `json:"in"`
}

// Outcome is what became of a question. The four stay distinct: not knowing,
// not wanting to say and not being concerned call for different next steps.
type Outcome string

// The outcomes of a question.
const (
	Answered      Outcome = "answered"
	Unknown       Outcome = "unknown"
	Declined      Outcome = "declined"
	NotApplicable Outcome = "not_applicable"
)

// Holds says whether the condition is met by the value of the slot it names.
func (c Condition) Holds(value any) bool {
	if many, ok := value.([]any); ok {
		return slices.ContainsFunc(many, c.Holds)
	}
	return slices.ContainsFunc(c.In, func(in any) bool { return reflect.DeepEqual(in, value) })
}

var booleanKeys = []string{"false", "true"}

// optionKeys are the slot's options as they are counted. Nobody changes them.
func optionKeys(slot Slot) []string {
	if slot.Type == Boolean {
		return booleanKeys
	}
	if slot.Type != Choice && slot.Type != Choices {
		return nil
	}
	keys := make([]string, len(slot.Options))
	for i, o := range slot.Options {
		keys[i] = textOf(o.Value)
	}
	return keys
}

// textOf is fmt.Sprint, which copies a text.
func textOf(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return fmt.Sprint(value)
}

// indexOf is the position of a value among the slot's options, or -1.
func indexOf(slot Slot, value any) int {
	return slices.Index(optionKeys(slot), textOf(value))
}

// optionValue is the value of an option by its position.
func optionValue(slot Slot, option int) any {
	if slot.Type == Boolean {
		return option == 1
	}
	return slot.Options[option].Value
}
