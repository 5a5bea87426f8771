package parse

import "github.com/sequential-questioning/sequential-questioning/shared/questioning"

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
	read := reading(slot, value, problem, language)
	if read.Problem != "" && t.isQuestion() {
		read.Intent = AsksBack
	}
	return read
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
