package parse

import (
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Ranges that two slots share. "From the 7th till the 10th" is no date for one slot, and two
// dates for a slot that asks for the start and one that asks for the end.

// ranges lets the two ends of a range stand where one slot asks for the start
// and another for the end: "from the 7th till the 10th".
func (w *witness) ranges(all []candidate) {
	for i := range all {
		for j := range all {
			a, b := &all[i], &all[j]
			if a.End > b.Start || !ascending(a.Value, b.Value) || w.slots[a.slot].Type != w.slots[b.slot].Type ||
				w.wordsFor(a.slot).role != starts || w.wordsFor(b.slot).role != ends || !w.isRange(*a, *b, all) {
				continue
			}
			// What was in the way of each was the range itself.
			a.Problem, b.Problem = "", ""
			for k := range all {
				switch role := w.wordsFor(all[k].slot).role; {
				case overlap(all[k].Candidate, a.Candidate):
					all[k].score = rangeScore(role == starts)
				case overlap(all[k].Candidate, b.Candidate):
					all[k].score = rangeScore(role == ends)
				}
			}
		}
	}
}

// rangeScore is that of an end of a range for a slot that asks for this end, or for the other.
func rangeScore(fits bool) int {
	if fits {
		return scoreNamed + scoreRole
	}
	return scoreAgainst
}

// isRange reports two values with nothing but the words of a range between them
// and none before or behind that changes them.
func (w *witness) isRange(a, b candidate, all []candidate) bool {
	t, linked := w.text, false
	for i, one := range t.tokens {
		switch {
		case one.end <= a.Start:
			beside := i+1 < len(t.tokens) && t.tokens[i+1].start >= a.Start
			if beside && w.changes(i) {
				return false
			}
		case one.start >= a.End && one.end <= b.Start && w.inOther(one, w.slots[a.slot].Type, all):
		case one.start >= a.End && one.end <= b.Start:
			link := t.starts(i, until) || t.starts(i, between) || t.starts(i, ends) || t.starts(i, to) && !t.starts(i, and)
			if !link && !t.starts(i, article) && !t.starts(i, filler) {
				return false
			}
			linked = linked || link
		case one.start >= b.End:
			return linked && !w.changes(i)
		}
	}
	return linked
}

// inOther reports a token of a value of another type: the time of the first end.
func (w *witness) inOther(one token, kind questioning.Type, all []candidate) bool {
	return slices.ContainsFunc(all, func(c candidate) bool {
		return c.Start <= one.start && one.end <= c.End && w.slots[c.slot].Type != kind
	})
}

// changes reports a word that changes the value beside it and is none of a range.
func (w *witness) changes(i int) bool {
	for _, what := range []class{negation, bound, alternative, perhaps, except, condition, rate, more} {
		if w.text.starts(i, what) || w.text.ends(i+1, what) {
			return true
		}
	}
	return false
}

// ascending reports two dates, or two times, in their order.
func ascending(a, b any) bool {
	from, _ := a.(string)
	to, _ := b.(string)
	return from <= to
}
