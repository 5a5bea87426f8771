// Package parse turns what a person wrote into typed values. It is pure: no
// input or output and no clock, so the same words, slot and context give the
// same reading.
//
// A reading accounts for every word, or it is no reading: a modifier that is not
// understood, a second candidate, a bound, an alternative, a negation or a
// condition leaves the words unread, with those that were in the way.
//
// It works in four steps, as recognizers such as Duckling and Recognizers-Text do.
// tokenize splits the words. A language's file says what they can be
// (languages/*.yaml, read from the tables made of them). The recognizers of the
// slot's type propose spans that hold a value. And one check, settle, looks at
// every word beside the spans and lets a value stand or says why not.
//
// An example: "about 20 people, on Friday" as the answer for a number of guests.
//
//   - tokenize gives six tokens, and the words say that it is English.
//   - The recognizers propose the party "20 people" (value 20) and, as a value of
//     another type, the date "Friday".
//   - cover gives the rest their roles: "about" is a hedge and neutral, the comma a
//     pause, "on" neutral.
//   - settle finds one value, nothing in the way in its clause, and nothing behind the
//     comma that takes it back. The reading is 20.
//
// In "at least 20 people" the words before the value are a bound, so there is no reading
// and the obstacle quotes them. In "zorp 20 people" nobody knows what the first word does
// to the number, so there is none either. That is the price: a word missing in a
// language's file costs a question, and never a wrong value.
//
// To teach the reader something, look in this order: a phrase of a known class goes to
// the languages' files, in all of them; a way to say a date or a time is a pattern there; a
// place in which a known phrase means something else goes to cover; and only a new kind of
// value needs a recognizer. Say in a test what has to stay unread beside it.
//
// The files form layers, each using only those before it:
//
//   - characters and words: spelling, token
//   - languages: moment (what patterns fill in), span, language, tables, detect
//   - a text and the slot it may answer: text, slot, expected, obstacle, denied
//   - recognizers: currency, number, amount, calendar, pattern, resolve, zone,
//     dates, party, numbers, boolean, address
//   - what stands beside a value: cover, settle
//   - one value: choice, choices, list, datetime, value, outcome, intent,
//     parse (Read), check (Check), find (Find)
//   - a reply to several questions: reply_parts, reply_ending, reply_mention,
//     reply_evidence, reply_range, reply_assign, reply_free, reply_labels,
//     reply_marked, reply (ReadReply)
//
// The replies are in this package and not above it, since evidence for a slot is
// weighed word by word, with the classes and roles that the layers below give them.
package parse

import (
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Reading is what was understood of a person's words about one slot.
type Reading struct {
	Outcome questioning.Outcome
	Value   any // canonical value, nil unless Outcome is Answered and Problem is empty
	// Problem says why the words could not be read and what was expected; empty
	// when they could.
	Problem string
	// Obstacle are the person's words that stopped the reading, "" when none did.
	Obstacle string
	// Intent is what the words do instead of answering, "" unless there is a Problem.
	Intent Intent
	// Language is that of the words, as far as they tell: "en", "de", "fr", "es",
	// "it", "pt", "nl" or "zh".
	Language string
}

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
	t := textOf(slot, words, c)
	language := ""
	if t.sure {
		language = t.lang.code
	}
	if outcome, ok := t.outcome(); ok && !namesOption(slot, words) {
		return Reading{Outcome: outcome, Language: language}
	}
	if intent := t.intent(); intent != "" && !namesOption(slot, words) {
		read := unreadable(slot, obstacle{reasons[intent], ""}, language)
		read.Intent = intent
		return read
	}
	if free {
		value, problem := readFree(slot, words, t)
		return reading(slot, value, problem, language)
	}
	value, problem := t.readValue()
	return reading(slot, value, problem, language)
}

// reading is what a value or what is in its way amounts to.
func reading(slot questioning.Slot, value any, problem obstacle, language string) Reading {
	if problem.reason != "" || value == nil {
		return unreadable(slot, problem, language)
	}
	return Reading{Outcome: questioning.Answered, Value: value, Language: language}
}

// unreadable is the reading of words that something stopped.
func unreadable(slot questioning.Slot, o obstacle, language string) Reading {
	reason := o.reason
	if o.words != "" && reason != "" {
		reason = quoted(o.words) + ": " + reason
	}
	return Reading{Outcome: questioning.Answered, Problem: misread(slot, reason).Error(), Obstacle: o.words, Language: language}
}
