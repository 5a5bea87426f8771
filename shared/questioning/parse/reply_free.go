package parse

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Replies without marks. The number of pieces, of lines, paragraphs or items between commas,
// is the best hint that each answers one question. But order alone is a poor one: it counts
// only where reading the pieces backwards would not do as well, so that lines in reverse
// order never swap two values in silence.

// readUnmarked reads what no number and no name marks: an outcome for all questions, the
// answer to the only one, one piece for each, or values wherever they stand. The ways
// are tried in this order, since each is surer than the next.
func (r *replying) readUnmarked(text string) {
	waiting := r.waiting()
	if r.wholeOutcome(text, waiting) {
		return
	}
	if len(waiting) == 1 && len(r.answers) == 0 {
		r.single(waiting[0], text)
		return
	}
	if len(waiting) > 1 && len(r.answers) == 0 && (r.wholeRemark(text) || r.inPieces(text, waiting)) {
		return
	}
	r.leftover(text, r.assign(text))
}

// wholeOutcome takes a reply such as "no idea" as the outcome of every question that
// waits. Only a short reply that says nothing else counts.
func (r *replying) wholeOutcome(text string, waiting []OpenQuestion) bool {
	if len(waiting) < 2 || len(text) > longestPhrase {
		return false
	}
	read := Read(questioning.Slot{Key: "reply", Type: questioning.Text}, text, r.context)
	if read.Outcome == questioning.Answered {
		return false
	}
	for _, question := range waiting {
		r.answers[question.Number] = &Part{Number: question.Number, Slot: question.Slot.Key, Words: text, Reading: read}
	}
	return true
}

// wholeRemark notes a reply to several questions that asks back, puts off or refers to
// something, and so answers none of them.
func (r *replying) wholeRemark(text string) bool {
	if len(text) > longestPhrase {
		return false
	}
	intent := textOf(questioning.Slot{Type: questioning.Text}, text, r.context).intent()
	if intent == "" || intent == Ends {
		return false
	}
	r.remarks = append(r.remarks, Remark{intent, text})
	return true
}

// single reads a reply to the only open question: all of it is the answer,
// beside values for slots that nobody asked for.
func (r *replying) single(question OpenQuestion, text string) {
	read := Read(question.Slot, text, r.context)
	r.answers[question.Number] = &Part{Number: question.Number, Slot: question.Slot.Key, Words: text, Reading: read}
	if read.Outcome != questioning.Answered {
		return
	}
	if read.Problem == "" && typed(question.Slot.Type) {
		if other, ok := r.toldOf(text, question.Slot); ok {
			delete(r.answers, question.Number)
			r.volunteer(r.slots[other.slot], text[other.Start:other.End], other.Value)
			return
		}
		r.assignExcept(text, question.Slot)
		return
	}
	if read.Problem != "" {
		delete(r.answers, question.Number)
	}
	r.assign(text)
	if r.answers[question.Number] == nil && len(r.told) > 0 && !hasContent(cutOut(text, r.clauses()), r.context) {
		return // all of it is about other slots
	}
	if r.answers[question.Number] == nil {
		r.answers[question.Number] = &Part{Number: question.Number, Slot: question.Slot.Key, Words: text, Reading: read}
	} else {
		r.answers[question.Number].Words = text
	}
	if read.Problem == "" {
		r.doubtAbout(question, text)
	}
}

// toldOf is the value of a reply to the only open question that its words give to another
// slot of the type: "we start on May 1" is no end.
func (r *replying) toldOf(text string, asked questioning.Slot) (other candidate, ok bool) {
	own := -1
	all := r.weigh(text, func(slot questioning.Slot) bool { return slot.Type == asked.Type && len(slot.Options) == 0 })
	for i, c := range all {
		if r.slots[c.slot].Key == asked.Key {
			own = i
		}
	}
	for _, c := range all {
		if own >= 0 && c.slot != all[own].slot && overlap(c.Candidate, all[own].Candidate) && c.Problem == "" &&
			c.score >= scoreNamed && all[own].score <= 0 && c.score > other.score {
			other, ok = c, true
		}
	}
	return other, ok
}

// clauses are those that hold what slots were told.
func (r *replying) clauses() (all []interval) {
	for _, value := range r.told {
		all = append(all, value.interval)
	}
	return all
}

// doubtAbout takes words back as the answer to the only open question, for free text, where
// they speak of other slots by name and say nothing else: "the budget is 500" tells no
// place. Words that correct another slot are no answer at all.
func (r *replying) doubtAbout(question OpenQuestion, text string) {
	about, corrects := "", false
	for _, value := range r.told {
		if value.slot == question.Slot.Key {
			return
		}
		if part := r.volunteered[value.slot]; part != nil && part.Corrects {
			corrects = true
		} else if value.score < scoreNamed {
			return
		}
		about = cmp.Or(r.slotOf(value.slot).Title, value.slot)
	}
	switch {
	case about == "" || hasContent(cutOut(text, r.clauses()), r.context):
	case corrects:
		delete(r.answers, question.Number)
	default:
		r.answers[question.Number].Reading = Reading{Outcome: questioning.Answered, Problem: fmt.Sprintf("this speaks of %q", plain.Line(about))}
	}
}

// mostPieces bounds the pieces whose order is tried: ten questions are put at once.
const mostPieces = 12

// blankLines part paragraphs.
var (
	blankLines  = lazyregexp.New(`\n[ \t]*\n\s*`)
	plainBullet = lazyregexp.New(`^[\s>]*(?:[-*+•‣▪◦·–—][ \t]+)?`)
	listCommas  = lazyregexp.New(`\s*[,;]\s+`)
)

// nonBlank strips the bullet before each piece and drops the blank ones.
func nonBlank(pieces []string) []string {
	var kept []string
	for _, piece := range pieces {
		if !strings.Contains(strings.TrimSpace(piece), "\n") {
			piece = piece[len(plainBullet.FindString(piece)):]
		}
		if piece = strings.TrimSpace(piece); piece != "" {
			kept = append(kept, piece)
		}
	}
	return kept
}

// inPieces gives each line, paragraph or item between commas to a question, if
// there are as many as questions and only one way to do so.
func (r *replying) inPieces(text string, waiting []OpenQuestion) bool {
	if len(waiting) > mostPieces {
		return false
	}
	// A line that introduces the answers is one more than there are questions.
	lines := nonBlank(strings.Split(text, "\n"))
	if len(lines) == len(waiting)+1 && isIntro(lines[0]) {
		lines = lines[1:]
	}
	ways := [][]string{lines, nonBlank(blankLines.Split(text, -1))}
	if len(sentences(strings.TrimRight(text, ".!?; "))) == 1 { // the commas of several sentences part no list
		ways = append(ways, nonBlank(r.listItems(strings.TrimRight(text, ". "))))
	}
	for _, pieces := range ways {
		if len(pieces) != len(waiting) {
			continue
		}
		if places, ok := r.onlyMatching(pieces, waiting); ok {
			for i, piece := range pieces {
				r.answer(waiting[places[i]], piece)
			}
			return true
		}
	}
	return false
}

// listItems splits a text at its commas and semicolons, but not at the comma of a
// date: "May 11, 2026".
func (r *replying) listItems(text string) []string {
	if len(text) > longestTyped {
		return []string{text}
	}
	t := textOf(questioning.Slot{Type: questioning.Date}, text, r.context)
	dates := t.findDates(true)
	var items []string
	start := 0
	for _, at := range listCommas.FindAllStringIndex(text, -1) {
		inDate := slices.ContainsFunc(dates, func(d span) bool {
			return t.tokens[d.from].start < at[0] && at[0] < t.tokens[d.next-1].start
		})
		if !inDate {
			items, start = append(items, text[start:at[0]]), at[1]
		}
	}
	return append(items, text[start:])
}

// isIntro reports a line such as "Here you go:" before the answers.
func isIntro(line string) bool { return strings.HasSuffix(line, ":") && len(line) <= longestPhrase }

// onlyMatching finds the one way to give each piece to a question that can take
// it. Of several ways, the order asked counts when the reverse is none of them.
func (r *replying) onlyMatching(pieces []string, waiting []OpenQuestion) (places []int, ok bool) {
	takes := make([]uint, len(pieces)) // for each piece, the questions that can take it
	for i, piece := range pieces {
		var free uint
		for j, question := range waiting {
			switch {
			case !typed(question.Slot.Type):
				free |= 1 << j
			default:
				if read := Read(question.Slot, piece, r.context); read.Problem == "" {
					takes[i] |= 1 << j
				}
			}
		}
		if takes[i] == 0 {
			takes[i] = free
		}
	}
	ways := countMatchings(takes)
	if ways == 0 {
		return nil, false
	}
	if ways > 1 {
		n := len(pieces)
		forward, backward := true, true
		for i := range pieces {
			forward = forward && takes[i]&(1<<i) != 0
			backward = backward && takes[i]&(1<<(n-1-i)) != 0
		}
		if !forward || backward {
			return nil, false
		}
		for i := range pieces {
			places = append(places, i)
		}
		return places, true
	}
	return matching(takes), true
}

// countMatchings counts the ways to give every piece a question of its own. It goes
// piece by piece over the sets of questions used so far, as bits: at most 2^mostPieces.
func countMatchings(takes []uint) int {
	ways := map[uint]int{0: 1}
	for _, can := range takes {
		next := map[uint]int{}
		for used, n := range ways {
			for free := can &^ used; free != 0; free &= free - 1 {
				next[used|free&-free] += n
			}
		}
		ways = next
	}
	return ways[1<<len(takes)-1]
}

// matching is the only one there is: pieces with one place left take it first.
func matching(takes []uint) []int {
	places := make([]int, len(takes))
	var used uint
	for range takes {
		for i, can := range takes {
			if free := can &^ used; can != 0 && bits.OnesCount(free) == 1 {
				places[i], used, takes[i] = bits.TrailingZeros(free), used|free, 0
			}
		}
	}
	return places
}
