package parse

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Values that are told by a mention: a yes to a feature by naming it, an option by one of the
// things that it stands for, a place by the preposition before its name. They are the least sure of all and count only in a reply to
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
	for _, one := range t.tokensOf(clause) {
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
	return f, len(hit) > 0 && len(hit) == len(title) && t.asserts(clause)
}

// asserts reports a clause that has neither a negation nor a condition nor an alternative:
// what it mentions is meant.
func (t *text) asserts(clause interval) bool {
	first := t.firstOf(clause)
	for i := range t.tokensOf(clause) {
		for _, what := range []class{condition, alternative, perhaps, bound, negation, no, dissent} {
			if t.starts(first+i, what) {
				return false
			}
		}
	}
	return true
}

// firstOf is the first token of a clause, and tokensOf are all of them.
func (t *text) firstOf(clause interval) int {
	return sort.Search(len(t.tokens), func(i int) bool { return t.tokens[i].start >= clause.start })
}

func (t *text) tokensOf(clause interval) []token {
	from := t.firstOf(clause)
	next := from
	for next < len(t.tokens) && t.tokens[next].end <= clause.end {
		next++
	}
	return t.tokens[from:next]
}

// findAlternative finds an option that stands for several things by one of them: the
// "birthday" of "Birthday or other private party". What else the option's title says may
// stand beside it, as in "birthday party".
func findAlternative(slot questioning.Slot, words string, c Context) []Candidate {
	if len(words) > longestTyped {
		return nil
	}
	t := textOf(slot, words, c)
	clauses := slices.DeleteFunc(sentences(words), func(clause interval) bool { return !t.asserts(clause) })
	var found []Candidate
	for _, option := range slot.Options {
		one := slot
		one.Options, one.Description = nil, slot.Description+" "+option.Title
		for _, name := range t.alternatives(option.Title) {
			one.Options = append(one.Options, questioning.Option{Value: option.Value, Title: name})
		}
		if len(one.Options) == 0 {
			continue
		}
		for _, f := range Find(one, words, c) {
			if slices.ContainsFunc(clauses, func(clause interval) bool { return clause.start <= f.Start && f.End <= clause.end }) {
				f.Weak = f.Weak || f.Problem != "" // it still speaks against another option
				found = append(found, f)
			}
		}
	}
	return found
}

// alternatives are the names in a title that joins several: "Conference" and "talks" of
// "Conference or talks". A shorter one may lean on a longer one, as "friends" in "Visiting
// family or friends" and "Company" in "Company or team celebration" do; it is a name only
// where what follows is of its kind: "Birthday or other private party".
func (t *text) alternatives(title string) []string {
	tokens := tokenize(title)
	own := &text{source: title, lang: t.lang, tokens: tokens, found: make([][]phrase, len(tokens))}
	var names []interval               // of tokens
	kind, joined, from := -1, false, 0 // which of the names begins with "other"
	cut := func(to int) {
		if from == to {
			return
		}
		if own.starts(from, other) {
			kind = len(names)
		}
		names = append(names, interval{from, to})
	}
	for i := 0; i < len(tokens); {
		_, next, isOr := own.class(i, alternative)
		if !isOr && !own.is(i, ",") {
			i++
			continue
		}
		cut(i)
		next = max(next, i+1)
		joined, from, i = joined || isOr, next, next
	}
	if !joined {
		return nil
	}
	cut(len(tokens))
	longest := 0
	for _, name := range names {
		longest = max(longest, own.length(name))
	}
	var all []string
	for i, name := range names {
		if i != kind && own.means(name) && (i < kind || own.length(name) == longest) {
			all = append(all, title[tokens[name.start].start:tokens[name.end-1].end])
		}
	}
	return all
}

// length is how many words of a name are more than small ones.
func (t *text) length(name interval) int {
	count := 0
	for i := name.start; i < name.end; i++ {
		if t.tokens[i].shape == word && len(t.tokens[i].plain) > 2 && !t.starts(i, article) && !t.starts(i, and) {
			count++
		}
	}
	return count
}

// means reports a name that says what is meant: not "nothing", "both" or a number,
// and not only a word such as "outdoors" that says little.
func (t *text) means(name interval) bool {
	for _, what := range []class{yes, no, all, none, both, negation, unknown, declined, notApplicable, number} {
		if t.starts(name.start, what) {
			return false
		}
	}
	for i := name.start; i < name.end; i++ {
		if t.length(interval{i, i + 1}) > 0 && !t.starts(i, filler) {
			return true
		}
	}
	return false
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
