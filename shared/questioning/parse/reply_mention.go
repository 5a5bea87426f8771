package parse

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Values that are told by a mention: a yes to a feature by naming it, a place by the
// preposition before its name. They are the least sure of all and count only in a reply to
// several questions, or unasked, as assumptions to be confirmed.

// sentences are the lines of a text and the sentences in them. The "1." that numbers a line
// is none.
func sentences(text string) []interval {
	var all []interval
	start := 0
	for i, r := range text {
		ends := r == '\n' || strings.ContainsRune(".!?;", r) && (i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\n') &&
			!isDigits(strings.TrimSpace(text[start:i]))
		if ends {
			all = append(all, interval{start, i + 1})
			start = i + 1
		}
	}
	return append(all, interval{start, len(text)})
}

// findMentioned finds a yes that is told by naming the thing: "with wifi". Every word of
// the slot's title has to be there, in one sentence without a negation, a condition or
// an alternative. A no is not read from a mention: "no pets" may be a rule or a fact.
func findMentioned(slot questioning.Slot, words string, c Context) []Candidate {
	if len(words) > longestTyped {
		return nil
	}
	t := textOf(slot, words, c)
	title := t.titleWords(cmp.Or(slot.Title, slot.Key))
	var found []Candidate
	for _, clause := range sentences(words) {
		if f, ok := t.mentioned(title, clause); ok {
			found = append(found, f)
		}
	}
	return found
}

// titleWords are the words of a title that all have to be told: those that say
// what it is about.
func (t *text) titleWords(title string) []string {
	var all []string
	for _, one := range tokenize(labelJoints.Replace(title)) {
		if one.shape == word && len(one.plain) > 1 && !t.isGeneric(one.plain) {
			all = append(all, one.plain)
		}
	}
	return all
}

// isGeneric reports a word that many titles of yes-or-no slots hold, such as "has" or
// "allowed": it need not be told.
func (t *text) isGeneric(said string) bool { return t.isOf(said, generic) }

// isOf reports a word of a class.
func (t *text) isOf(said string, of class) bool {
	e := t.lang.lexicon.after(said)
	return e != nil && slices.ContainsFunc(e.entries, func(e entry) bool { return e.class == of })
}

// mentioned looks for all words of a title in a clause.
func (t *text) mentioned(title []string, clause interval) (Candidate, bool) {
	f := Candidate{ClauseStart: clause.start, ClauseEnd: clause.end, Value: true}
	hit := map[string]bool{}
	negated := false
	first := sort.Search(len(t.tokens), func(i int) bool { return t.tokens[i].start >= clause.start })
	for i := first; i < len(t.tokens); i++ {
		one := t.tokens[i]
		if one.end > clause.end {
			break
		}
		for _, what := range []class{condition, alternative, perhaps, bound} {
			if t.starts(i, what) {
				return f, false
			}
		}
		if t.starts(i, negation) || t.starts(i, no) || t.starts(i, dissent) {
			negated = true
		}
		if one.shape != word {
			continue
		}
		for _, said := range title {
			if sameStem(said, one.plain) || said == one.plain {
				if len(hit) == 0 {
					f.Start = one.start
				}
				hit[said], f.End = true, one.end
			}
		}
	}
	if len(hit) == 0 || len(hit) < len(title) || negated {
		return f, false
	}
	return f, true
}

// findPlace finds the name behind "in", "from" or "to" for a slot that asks
// for a place. A name is a run of unknown words with capitals, so that only a language
// that does not write every noun with one tells them.
func findPlace(slot questioning.Slot, words string, c Context) []Candidate {
	if len(words) > longestTyped {
		return nil
	}
	t := textOf(slot, words, c)
	if !t.asksWhere() {
		return nil
	}
	fromThere := t.slotIs(starts) || t.slotIs(origin)
	var found []Candidate
	for i := 0; i < len(t.tokens); i++ {
		e, next, ok := t.class(i, placing)
		if !ok {
			continue
		}
		end := next
		for end < len(t.tokens) && t.isName(end) {
			end++
		}
		if end == next {
			continue
		}
		if leads, _ := strconv.ParseFloat(e.name, 64); leads == 0 && !fromThere || leads != 0 && (leads < 0) == fromThere {
			from, to := t.tokens[next].start, t.tokens[end-1].end
			found = append(found, Candidate{Start: from, End: to, Value: words[from:to], ClauseStart: t.tokens[i].start, ClauseEnd: to})
		}
		i = end - 1
	}
	return found
}
