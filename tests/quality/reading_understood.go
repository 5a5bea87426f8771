package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// understood is what the service would store for one slot. A reading with a problem
// stores nothing, and leads to another question.
type understood struct{ parse.Reading }

// understandWords parses words as the answer to one question. The words are the whole
// answer, as with a value of a test specification.
func understandWords(slot questioning.Slot, words string, c parse.Context) understood {
	return understood{parse.Read(slot, words, c)}
}

// understandReply reads a reply as the service does: answers for open slots, and
// assumptions for others of the slots. A problem of the reply as a whole stands for
// each slot, since the person is asked again for all of them.
func understandReply(text string, open, slots []questioning.Slot, c parse.Context) (answers, assumptions map[string]understood) {
	questions := make([]parse.OpenQuestion, len(open))
	for i, slot := range open {
		questions[i] = parse.OpenQuestion{Number: i + 1, Slot: slot}
	}
	reply := parse.ReadReply(text, questions, slots, c)
	answers, assumptions = map[string]understood{}, map[string]understood{}
	for _, slot := range slots { // the reason why nothing is stored, for --wrong
		answers[slot.Key] = understood{parse.Reading{Problem: strings.Join(reply.Doubts, "; ")}}
		assumptions[slot.Key] = answers[slot.Key]
	}
	for _, part := range reply.Answers {
		answers[part.Slot] = understood{part.Reading}
	}
	for _, part := range reply.Volunteered {
		assumptions[part.Slot] = understood{part.Reading}
	}
	return answers, assumptions
}

// stored reports whether the reading stores anything.
func (u understood) stored() bool { return u.Outcome != "" && u.Problem == "" }

// noPreference is how the dialogues mark a person who does not mind. The service stores
// it as an outcome without a value, which is as good as an answer: nobody is asked
// again.
const noPreference = "dontcare"

// means says whether the reading is one of the wanted values. A person who does
// not mind has said so when an outcome without a value is stored.
func (u understood) means(kind questioning.Type, want []string) bool {
	if u.Outcome != questioning.Answered {
		return slices.Contains(want, noPreference)
	}
	return slices.ContainsFunc(want, func(wanted string) bool { return sameValue(kind, u.Value, wanted) })
}

// closeness is the relative difference up to which numbers are the same. Data and
// parser may round the last digit of a division differently; no person would call that
// another number.
const closeness = 1e-9

// sameValue compares as the type does: numbers up to rounding, times with or
// without seconds, moments in any zone, texts in any case.
// A value of another Go type than the parser gives is another value.
func sameValue(kind questioning.Type, value any, wanted string) bool {
	switch kind {
	case questioning.Integer, questioning.Number:
		got, isNumber := value.(float64)
		number, err := strconv.ParseFloat(wanted, 64)
		return isNumber && err == nil && math.Abs(got-number) <= closeness*math.Max(1e-12, math.Abs(number))
	case questioning.Boolean:
		return strings.EqualFold(fmt.Sprint(value), wanted)
	case questioning.Time:
		if len(wanted) == len("15:04") {
			wanted += ":00"
		}
		return value == wanted
	case questioning.DateTime:
		got, err := time.Parse(time.RFC3339, fmt.Sprint(value))
		moment, other := time.Parse(time.DateTime, wanted)
		return err == nil && other == nil && got.Equal(moment)
	}
	return strings.EqualFold(fmt.Sprint(value), wanted)
}
