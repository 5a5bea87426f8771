package parse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Assigning values to slots. All typed slots look for their values in the text at once; then
// the best supported value is given to its slot, which takes it from the others, and so on
// until nothing is left that exactly one slot can take. What stays open between two slots is
// given to neither and reported as a doubt.

// assign searches text for the values of all typed slots and gives each to the
// one slot that can take it. It returns the bytes of the values that found one.
func (r *replying) assign(text string) []interval {
	return r.assignWithin(text, func(questioning.Slot) bool { return true })
}

// assignExcept tells what a reply says beside the answer to its question.
func (r *replying) assignExcept(text string, asked questioning.Slot) {
	own := Find(asked, text, r.context)
	assigned := r.weigh(text, func(slot questioning.Slot) bool {
		return slot.Key != asked.Key && !(slot.Type == asked.Type && len(asked.Options) == 0)
	})
	for _, f := range own {
		assigned = slices.DeleteFunc(assigned, func(c candidate) bool { return overlap(c.Candidate, f) })
	}
	r.distribute(text, assigned)
}

// assignWithin is assign among some slots.
func (r *replying) assignWithin(text string, among func(questioning.Slot) bool) []interval {
	return r.distribute(text, r.weigh(text, among))
}

// weigh finds the values of each slot that the text holds, with the evidence
// for each. Of values that overlap only the longest count: the 9 of "the 9th"
// is no number.
func (r *replying) weigh(text string, among func(questioning.Slot) bool) []candidate {
	if len(text)*len(r.slots) > longestSplit {
		return nil
	}
	r.words = nil
	var all []candidate
	for i, slot := range r.slots {
		if !among(slot) {
			continue
		}
		for _, found := range r.findFor(slot, text) {
			all = append(all, candidate{Candidate: found, slot: i})
		}
		if len(all) > mostCandidates {
			return nil
		}
	}
	all = slices.DeleteFunc(all, func(c candidate) bool {
		return slices.ContainsFunc(all, func(other candidate) bool {
			return overlap(c.Candidate, other.Candidate) && other.End-other.Start > c.End-c.Start
		})
	})
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Or(a.Start-b.Start, a.slot-b.slot) })
	if len(all) == 0 {
		return nil
	}
	w := newWitness(r, text)
	for i := range all {
		all[i].score = w.evidence(all, all[i])
	}
	w.ranges(all)
	return all
}

// findFor finds the values for a slot: those of its type, and what only a reply to
// several questions tells, such as a yes by naming the thing.
func (r *replying) findFor(slot questioning.Slot, text string) []Candidate {
	found := Find(r.echoed(slot, text), text, r.context)
	switch {
	case slot.Type == questioning.Boolean && len(found) == 0 || slot.Type == questioning.Boolean && !r.isOpen(slot.Key):
		return findMentioned(slot, text, r.context)
	case slot.Type == questioning.Choice && len(found) == 0 && !r.isOpen(slot.Key):
		return findAlternative(slot, text, r.context)
	case slot.Type == questioning.Text:
		return findPlace(slot, text, r.context)
	}
	return found
}

// echoed is a slot that is also described by the forms of its own words that
// the text has: who is asked for baths may speak of bathrooms.
func (r *replying) echoed(slot questioning.Slot, text string) questioning.Slot {
	if r.words == nil {
		for _, one := range tokenize(text[:min(len(text), longestTyped)]) {
			if one.shape == word {
				r.words = append(r.words, one.plain)
			}
		}
		slices.Sort(r.words)
		r.words = slices.Compact(r.words)
	}
	own := r.context.seen.label(slot.Key + " " + slot.Title)
	for _, said := range r.words {
		if slices.ContainsFunc(own, func(o token) bool { return o.shape == word && akin(o.plain, said) }) {
			slot.Description += " " + said
		}
	}
	return slot
}

// distribute gives values to slots, the best supported first: a slot that has its
// value leaves the others to those that have none.
func (r *replying) distribute(text string, all []candidate) []interval {
	// One at a time, since each value that finds its slot may settle another: who has a start
	// date needs the other date for the end.
	var assigned []interval
	var given []candidate
	for {
		best, ok := r.decide(text, all, assigned)
		if !ok {
			break
		}
		given = append(given, best)
		slot := r.slots[best.slot]
		words := strings.TrimSpace(text[best.ClauseStart:best.ClauseEnd])
		used := interval{best.Start, best.End}
		if question, waits := r.question(slot.Key); question.Number != 0 {
			if waits {
				used = interval{best.ClauseStart, best.ClauseEnd}
				r.answers[question.Number] = &Part{Number: question.Number, Slot: slot.Key, Words: words,
					Reading: Reading{Outcome: questioning.Answered, Value: best.Value}}
			}
		} else {
			r.volunteer(slot, text[best.Start:best.End], best.Value)
			r.volunteered[slot.Key].Corrects, r.volunteered[slot.Key].Unsure = r.correctsBy(text, best), r.unsure(text, best)
		}
		assigned = append(assigned, interval{best.Start, best.End})
		r.used = append(r.used, used)
		all = slices.DeleteFunc(all, func(c candidate) bool { return c.slot == best.slot || overlap(c.Candidate, best.Candidate) })
	}
	r.unread(text, all)
	for _, c := range all {
		r.noteDoubt(text, c)
	}
	r.doubtReversed(text, given)
	r.told = nil
	for _, c := range given {
		r.told = append(r.told, told{interval{c.ClauseStart, c.ClauseEnd}, r.slots[c.slot].Key, c.score})
	}
	return assigned
}

// unsure reports words in the clause of a value that are not understood.
func (r *replying) unsure(text string, c candidate) bool {
	rest := text[c.ClauseStart:c.Start] + " " + text[c.End:c.ClauseEnd]
	covers := textOf(r.slots[c.slot], rest, r.context).cover(nil, nil, false)
	return slices.Contains(covers.roles, roleUnknown)
}

// correctsBy reports a sentence that does nothing but correct a slot by a value: beside the
// value, and what it is called, it has only small words, one of which begins a correction.
// A question proposes, and corrects nothing.
func (r *replying) correctsBy(text string, c candidate) bool {
	for _, at := range sentences(text) {
		if c.Start < at.start || c.End > at.end || strings.HasSuffix(strings.TrimSpace(text[at.start:at.end]), "?") {
			continue
		}
		rest := text[at.start:c.Start] + " " + text[c.End:at.end]
		t := textOf(r.slots[c.slot], rest, r.context)
		for i := range t.tokens {
			if t.starts(i, correcting) {
				return t.isSmallTalk()
			}
		}
	}
	return false
}

// doubtReversed takes back two dates of which the end comes before the start: one of
// them is not what was meant.
func (r *replying) doubtReversed(text string, given []candidate) {
	for _, start := range given {
		for _, end := range given {
			first, second := r.slots[start.slot], r.slots[end.slot]
			if first.Type != questioning.Date || second.Type != questioning.Date || ascending(start.Value, end.Value) {
				continue
			}
			w := newWitness(r, text)
			if w.wordsFor(start.slot).role == starts && w.wordsFor(end.slot).role == ends {
				r.takeBack(text, start, endBeforeStart)
				r.takeBack(text, end, endBeforeStart)
			}
		}
	}
}

const endBeforeStart = "the end would come before the start"

// takeBack leaves a slot without the value that it was given.
func (r *replying) takeBack(text string, c candidate, reason string) {
	slot := r.slots[c.slot]
	delete(r.volunteered, slot.Key)
	for _, part := range r.answers {
		if part.Slot == slot.Key {
			part.Reading = Reading{Outcome: questioning.Answered, Problem: misread(slot, quoted(text[c.Start:c.End])+": "+reason).Error()}
		}
	}
}

// remainder is what of a piece of the text is in the words of no part.
func (r *replying) remainder(text string, piece interval) string {
	var within []interval
	for _, at := range r.used {
		if at.start < piece.end && piece.start < at.end {
			within = append(within, interval{max(0, at.start-piece.start), min(at.end, piece.end) - piece.start})
		}
	}
	return cutOut(text[piece.start:piece.end], within)
}

// unread notes, for an open question, a value that only it could take and that
// the words around it do not let stand: "at least 20".
func (r *replying) unread(text string, all []candidate) {
	for _, c := range all {
		slot := r.slots[c.slot]
		question, waits := r.question(slot.Key)
		rivalled := slices.ContainsFunc(all, func(other candidate) bool {
			return other.slot != c.slot && overlap(other.Candidate, c.Candidate) && r.isOpen(r.slots[other.slot].Key)
		})
		// A number word among words that nobody understands may be none: "our old one broke".
		pronoun := c.score == 0 && !strings.ContainsAny(text[c.Start:c.End], "0123456789") && (slot.Type == questioning.Integer || slot.Type == questioning.Number)
		if !waits || c.Problem == "" || c.denied || c.Weak || rivalled || c.score < 0 || pronoun {
			continue
		}
		r.answers[question.Number] = &Part{Number: question.Number, Slot: slot.Key, Words: strings.TrimSpace(text[c.ClauseStart:c.ClauseEnd]),
			Reading: Reading{Outcome: questioning.Answered, Problem: misread(slot, c.Problem).Error()}}
		r.used = append(r.used, interval{c.ClauseStart, c.ClauseEnd})
	}
}

// noteDoubt says why a value found no slot.
func (r *replying) noteDoubt(text string, c candidate) {
	slot := r.slots[c.slot]
	if question, waits := r.question(slot.Key); question.Number != 0 && !waits {
		return // its question has an answer, or says itself that none was read
	}
	if c.Weak || !r.isOpen(slot.Key) && c.score < evidenceNeeded(slot, c.Candidate, text[c.Start:c.End], false) {
		return // nothing says that it is about the slot at all
	}
	said := quoted(text[c.Start:c.End])
	reason := said + ": more than one question could take this"
	if c.Problem != "" {
		reason = fmt.Sprintf("%s for %s: %s", said, cmp.Or(slot.Title, slot.Key), c.Problem)
	}
	isNoted := slices.ContainsFunc(r.doubts, func(doubt string) bool { return strings.HasPrefix(doubt, said) })
	if !isNoted && len(r.doubts) < mostDoubts {
		r.doubts = append(r.doubts, reason)
	}
}

// mostDoubts bounds what is said of values that found no slot.
const mostDoubts = 20

// decide finds the best supported value that exactly one slot can take; of equally
// supported ones the first in the text.
func (r *replying) decide(text string, all []candidate, assigned []interval) (best candidate, ok bool) {
	for i, c := range all {
		if r.stands(c, assigned) && r.takes(text, all, i) && (!ok || c.score > best.score) {
			best, ok = c, true
		}
	}
	return best, ok
}

// stands reports a value that nothing around it speaks against. A question tells
// what it is about, but answers none.
//
// A word that belongs to another value does not speak against this one once a
// slot has taken the other.
func (r *replying) stands(c candidate, assigned []interval) bool {
	return c.Problem == "" || c.Asked && !r.isOpen(r.slots[c.slot].Key) ||
		c.Beside > 0 && slices.ContainsFunc(assigned, func(at interval) bool { return at.start == c.Beside-1 })
}

// takes reports whether the slot of a candidate is the only one for its value,
// and its value the only one for the slot.
func (r *replying) takes(text string, all []candidate, at int) bool {
	c := all[at]
	slot := r.slots[c.slot]
	open := r.isOpen(slot.Key)
	if !open && len(slot.Options) > 0 && (c.End-c.Start < 2 || strings.HasSuffix(strings.ToLower(text[:c.Start]), "to ")) {
		return false // a letter is no option, nor does "we want to host" say that the host pays
	}
	if c.score <= scoreAgainst/2 || c.score < evidenceNeeded(slot, c.Candidate, text[c.Start:c.End], open) {
		return false
	}
	// Every other candidate is a rival for the slot or for the value, and none may be as good.
	for i, other := range all {
		switch {
		case i == at, other.unfit, other.denied:
		case other.slot == c.slot: // another value for the same slot
			if !same(other.Value, c.Value) && other.score >= c.score {
				return false
			}
		case overlap(other.Candidate, c.Candidate) && other.score > scoreUnlikely: // another slot for the same value
			rival := r.isOpen(r.slots[other.slot].Key)
			if other.score > c.score || other.score == c.score && (rival || !open) {
				return false
			}
			number := slot.Type == questioning.Integer || slot.Type == questioning.Number
			if named := number && c.score >= scoreNamed && other.score <= 0; rival && !open && !named {
				return false // but "the budget is 400" is told of the budget, whatever is asked
			}
		}
	}
	return true
}

// evidenceNeeded is the evidence that a value must have. A date is what it is; a number
// may count anything, unless it answers a question and all around it is understood.
func evidenceNeeded(slot questioning.Slot, found Candidate, words string, open bool) int {
	number := slot.Type == questioning.Integer || slot.Type == questioning.Number
	switch {
	case open && !(number && found.Unsure):
		return scoreSpecial
	case number:
		return scoreMention
	case found.Weak && slot.Type == questioning.Time:
		return scoreUnreachable
	case found.Weak && !strings.ContainsAny(words, "0123456789"): // "first", "the one"
		return scoreUnreachable
	}
	return scoreSpecial
}

// leftover gives what is not a value to the free text that alone has no answer. Where
// others wait too, or have words that were not read, nobody knows which of them the rest is
// about.
func (r *replying) leftover(text string, assigned []interval) {
	waiting := r.waiting()
	if len(waiting) == 1 && !typed(waiting[0].Slot.Type) && !r.anyUnread() {
		if rest := r.beside(text, assigned); hasContent(rest, r.context) {
			r.answer(waiting[0], rest)
			return
		}
	}
	for _, piece := range sentences(text) {
		left := r.remainder(text, piece)
		whole := left == strings.TrimSpace(text[piece.start:piece.end])
		if hasContent(left, r.context) && (whole || !r.isRemnant(left)) || whole && !isSmallTalk(left, r.context) {
			r.leave(left)
		}
	}
}

// clauseEnds part a sentence.
var clauseEnds = lazyregexp.New(`[,;]\s`)

// beside is the text without the clauses that only tell values. Others stay as they were
// written: words from which a value is cut out say nothing any more.
func (r *replying) beside(text string, values []interval) string {
	var told []interval
	for _, sentence := range sentences(text) {
		start := sentence.start
		for _, at := range append(clauseEnds.FindAllStringIndex(text[start:sentence.end], -1), []int{0, sentence.end - start}) {
			clause := interval{start, sentence.start + at[1]}
			start = clause.end
			var within []interval
			for _, v := range values {
				if v.start < clause.end && clause.start < v.end {
					within = append(within, interval{max(0, v.start-clause.start), min(v.end, clause.end) - clause.start})
				}
			}
			rest := cutOut(text[clause.start:clause.end], within)
			if len(within) > 0 && (!hasContent(rest, r.context) || r.isRemnant(rest)) {
				told = append(told, clause)
			}
		}
	}
	return strings.Trim(cutOut(text, told), ",;: ")
}

// anyUnread reports an open question with words that were not read.
func (r *replying) anyUnread() bool {
	for _, part := range r.answers {
		if part.Problem != "" {
			return true
		}
	}
	return false
}

// isRemnant reports words that only lead to a value which a slot took: the "delivery on" of
// "delivery on December 20".
func (r *replying) isRemnant(words string) bool {
	own := questioning.Slot{Type: questioning.Text}
	for _, value := range r.told {
		own.Description += " " + value.slot + " " + r.slotOf(value.slot).Title
	}
	return textOf(own, words, r.context).isSmallTalk("on", "at", "groups", thing)
}

// cutOut returns a text without some intervals of it, which may overlap.
func cutOut(text string, cut []interval) string {
	slices.SortFunc(cut, func(a, b interval) int { return a.start - b.start })
	var b strings.Builder
	at := 0
	for _, c := range cut {
		if c.start > at {
			b.WriteString(text[at:c.start])
		}
		at = max(at, c.end)
	}
	b.WriteString(text[at:])
	return strings.TrimSpace(b.String())
}

// hasContent reports whether words say more than the language's small words.
func hasContent(words string, c Context) bool {
	if len(words) > longestTyped {
		return true
	}
	t := textOf(questioning.Slot{Type: questioning.Text}, words, c)
	covers := t.cover(nil, nil, false)
	return slices.Contains(covers.roles, roleUnknown)
}

// isSmallTalk reports words that would not be missed: "thanks", "let me see". What a
// value is counted in, or who is counted, is no small word by itself.
func isSmallTalk(words string, c Context) bool {
	return textOf(questioning.Slot{Type: questioning.Text}, words, c).isSmallTalk()
}

// isSmallTalk reports a text of small words, of those that name its slot, and of more.
func (t *text) isSmallTalk(more ...class) bool {
	for i := 0; i < len(t.tokens); {
		next := i
		for _, small := range append(more, filler, hedge, article, and, outro, request, want, assent, correcting) {
			if _, end, ok := t.class(i, small); ok {
				next = max(next, end)
			}
		}
		if next == i && t.tokens[i].shape != sign && !t.names(t.tokens[i]) {
			return false
		}
		i = max(next, i+1)
	}
	return true
}

// longestSplit bounds, in bytes times slots, the unmarked text that is searched
// for values: five pages for a form of 18 slots. A longer text is kept whole.
const longestSplit = 256 << 10
