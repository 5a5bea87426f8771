package parse

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Evidence. Two slots of one type can take the same value, and the words around it tell which
// is meant: a word that only one slot is named or described by, "leave" and "return", the
// noun that a number counts. Evidence is a small score and no probability; it orders
// candidates, and between equal ones nothing is taken.

// slotWords are what a slot is called and described by.
type slotWords struct {
	named, mentioned []string // plain words of key and title; of description and question
	short            []string // words of the name with one or two letters: units such as "kg"
	role             class    // starts, ends, or "" for neither
	people           bool     // it counts persons
}

// witness looks for words that speak for a slot around the values of a text.
type witness struct {
	text  *text
	slots []questioning.Slot
	words []*slotWords
}

// newWitness is a witness for all slots of a reply.
func newWitness(r *replying, words string) *witness {
	w := &witness{text: textOf(questioning.Slot{Type: questioning.Text}, words, r.context), slots: r.slots}
	w.words = make([]*slotWords, len(r.slots))
	return w
}

// wordsFor are the words of a slot, looked up when first needed.
func (w *witness) wordsFor(slot int) slotWords {
	if w.words[slot] == nil {
		own := w.wordsOf(w.slots[slot])
		w.words[slot] = &own
	}
	return *w.words[slot]
}

// wordsOf looks up what a slot is called and described by, in the language of the text.
func (w *witness) wordsOf(slot questioning.Slot) slotWords {
	own := &text{lang: w.text.lang, slot: slot, seen: w.text.seen}
	own.slot.Question = "" // it may ask for both ends: "when will you leave and return?"
	s := slotWords{people: own.slotIs(persons) || own.slotIs(attendance)}
	switch begins, finishes := own.slotIs(starts), own.slotIs(ends); {
	case begins && !finishes:
		s.role = starts
	case finishes && !begins:
		s.role = ends
	}
	name, more := slot.Key+" "+slot.Title, slot.Description+" "+slot.Question
	s.named = w.withPairs(name, w.text.contentWords(name, true))
	s.short = w.text.shortWords(name)
	s.mentioned = w.withPairs(more, w.text.contentWords(more, false))
	return s
}

// shortWords are the words with one or two letters that mean nothing else.
func (t *text) shortWords(said string) []string {
	tokens := t.seen.label(said)
	own := &text{source: said, tokens: tokens, lang: t.lang, found: make([][]phrase, len(tokens))}
	var all []string
	for i, one := range tokens {
		isUnit := own.starts(i, measure) || own.starts(i, currency) || len(own.phrases(i)) == 0
		if one.shape == word && len(one.plain) < 3 && isUnit {
			all = append(all, one.plain)
		}
	}
	return all
}

// contentWords are the words that say what a slot is about. Verbs such as "leave", which any
// sentence may hold, count in a name only.
func (t *text) contentWords(said string, name bool) []string {
	tokens := t.seen.label(said)
	own := &text{source: said, tokens: tokens, lang: t.lang, found: make([][]phrase, len(tokens))}
	var all []string
	for i, one := range tokens {
		if one.shape != word {
			continue
		}
		if plain := strings.ReplaceAll(one.plain, "-", ""); !own.isSmall(i, name) {
			all = append(all, plain)
		}
	}
	return all
}

// withPairs adds each pair of neighbours as one word: "check in" is "checkin".
func (w *witness) withPairs(said string, words []string) []string {
	tokens := w.text.seen.label(said)
	for i := 1; i < len(tokens); i++ {
		if tokens[i-1].shape == word && tokens[i].shape == word {
			words = append(words, tokens[i-1].plain+tokens[i].plain)
		}
	}
	return words
}

// isSmall reports a word that says nothing of what a slot is about.
func (t *text) isSmall(i int, name bool) bool {
	if one := t.tokens[i].plain; len(one) < 3 || name && len(one) > 3 {
		return len(one) < 3
	}
	for _, p := range t.phrases(i) {
		for _, e := range p.entries {
			switch e.class {
			case filler, article, and, hedge, request, want, assent, yes, no, unit, number, until, since, query, all, only, oneself, bound, alternative, perhaps, negation, condition:
				return true
			}
		}
	}
	return false
}

// speaks reports how strongly the token at i speaks for the slot's words that no
// rival slot is described by.
func (w *witness) speaks(i int, own slotWords, rivals []slotWords) int {
	one := w.text.tokens[i]
	if one.shape != word {
		return 0
	}
	forms := []string{strings.ReplaceAll(one.plain, "-", "")}
	if i+1 < len(w.text.tokens) && w.text.tokens[i+1].shape == word {
		forms = append(forms, one.plain+w.text.tokens[i+1].plain)
	}
	if len(forms[0]) < 3 {
		forms = forms[1:]
	}
	best := 0
	for _, form := range forms {
		switch {
		case holds(own.named, form) && !slices.ContainsFunc(rivals, func(s slotWords) bool { return holds(s.named, form) }):
			best = max(best, scoreNamed)
		case holds(own.mentioned, form) && !slices.ContainsFunc(rivals, func(s slotWords) bool { return holds(s.named, form) || holds(s.mentioned, form) }):
			best = max(best, scoreMention)
		}
	}
	return best
}

// holds reports a word of the same family among words.
func holds(words []string, form string) bool {
	return slices.ContainsFunc(words, func(said string) bool { return akin(said, form) })
}

// evidence scores how much the words around a value speak for its slot, against
// the other slots that could take it.
func (w *witness) evidence(all []candidate, c candidate) int {
	slot := w.slots[c.slot]
	var rivals []slotWords
	for _, other := range all {
		if other.slot != c.slot && overlap(other.Candidate, c.Candidate) {
			rivals = append(rivals, w.wordsFor(other.slot))
		}
	}
	own := w.wordsFor(c.slot)
	if slot.Type == questioning.Integer || slot.Type == questioning.Number {
		return w.numberEvidence(c, own, rivals)
	}
	from, to := c.ClauseStart, c.ClauseEnd
	followed := false
	for _, other := range all {
		if w.slots[other.slot].Type != slot.Type {
			continue
		}
		if other.Start >= c.End && other.Start < to {
			to, followed = other.Start, true
		}
		if other.End <= c.Start && other.End > from {
			from = other.End
		}
	}
	named := w.strongestWord(from, c.Start, own, rivals)
	if !followed {
		named = max(named, w.strongestWord(c.End, to, own, rivals))
	}
	score := w.roleEvidence(from, c.Start, own, rivals) + named
	if named == 0 && w.isSpecial(own, rivals) && !w.ofOthers(c) {
		score += scoreSpecial
	}
	return score
}

// isSpecial reports a slot that is named by more than a rival: with nothing said
// of a recipient, "account" is meant and not "recipient account".
func (w *witness) isSpecial(own slotWords, rivals []slotWords) bool {
	return slices.ContainsFunc(rivals, func(rival slotWords) bool {
		more := func(a, b slotWords) bool {
			return slices.ContainsFunc(a.named, func(said string) bool { return !holds(b.named, said) })
		}
		return more(own, rival) && !more(rival, own)
	})
}

// ofOthers reports words for what belongs to somebody else: "her account". Where
// two slots have the same options, what does not say whose it is may be either's.
func (w *witness) ofOthers(c candidate) bool {
	mine := false
	for i, one := range w.text.tokens {
		if one.start < c.ClauseStart || one.end > c.ClauseEnd {
			continue
		}
		if w.text.starts(i, theirs) {
			return true
		}
		mine = mine || w.text.starts(i, "my")
	}
	return len(w.slots[c.slot].Options) > 0 && !mine
}

// strongestWord is the strongest word for the slot between two places of the text, in
// bytes. The words of several are not added: a slot with a long description would win.
func (w *witness) strongestWord(from, to int, own slotWords, rivals []slotWords) int {
	best := 0
	for i, one := range w.text.tokens {
		if one.start >= from && one.end <= to {
			best = max(best, w.speaks(i, own, rivals))
		}
	}
	return best
}

// roleEvidence is what the last word before the value says of starts and ends.
func (w *witness) roleEvidence(from, to int, own slotWords, rivals []slotWords) int {
	if own.role == "" || !slices.ContainsFunc(rivals, func(s slotWords) bool { return s.role != "" && s.role != own.role }) {
		return 0
	}
	last := class("")
	for i, one := range w.text.tokens {
		if one.start < from || one.end > to {
			continue
		}
		switch {
		case w.text.starts(i, ends) || w.text.starts(i, until):
			last = ends
		case w.text.starts(i, starts) || w.text.starts(i, since):
			last = starts
		}
	}
	switch last {
	case "":
		return 0
	case own.role:
		return scoreRole
	}
	return scoreAgainst
}

// numberEvidence judges a number by what it counts: the noun behind it, or the name
// before it ("rooms: 3", "party of 6").
func (w *witness) numberEvidence(c candidate, own slotWords, rivals []slotWords) int {
	after, before := -1, -1
	for i, one := range w.text.tokens {
		if one.start >= c.Start && after < 0 && (one.start >= c.End || one.shape == word && !w.text.isNumber(i)) {
			after = i
		}
		if one.end <= c.Start {
			before = i
		}
	}
	for i := after; i >= 0 && i < min(len(w.text.tokens), after+farthestNoun); i++ {
		one := w.text.tokens[i]
		if one.shape != word && one.text != "-" || one.newline {
			break
		}
		score := w.speaks(i, own, rivals)
		if i == after && slices.Contains(own.short, one.plain) && !slices.ContainsFunc(rivals, func(s slotWords) bool { return slices.Contains(s.short, one.plain) }) {
			return scoreNamed // "65 kg" for the weight in kg
		}
		switch {
		case score > 0:
			return score
		case w.text.starts(i, persons) || w.text.starts(i, person) || w.text.starts(i, attendance):
			if own.people {
				return scoreNamed
			}
			return scoreUnlikely
		case i == after && w.text.starts(i, unit):
			return scoreUnlikely
		}
		if w.text.starts(i, placing) || one.text == "for" {
			break // "one for a party of 5"
		}
	}
	if own.people && before >= 0 && w.text.ends(before+1, "groups") {
		return scoreNamed // "a table for 6"
	}
	for i := before; i >= 0 && i > before-farthestName; i-- {
		if w.text.tokens[i].start < c.ClauseStart {
			break
		}
		if score := w.speaks(i, own, rivals); score > 0 {
			return score
		}
	}
	return 0
}

// farthestNoun and farthestName bound, in tokens, where a number's noun stands:
// "three large hotel rooms", "the number of rooms is 3".
const farthestNoun, farthestName = 3, 3

// candidate is a value in a text that a slot may take.
type candidate struct {
	Candidate
	slot  int // of the slots
	score int // how much the words around it speak for the slot; see evidence
}

// Scores are small numbers that were chosen for their order and not for their size: a name
// says more than a description, a role as much as a name, and no sum of what speaks for a
// slot makes up for a word that speaks against it.
//
// Scores of a slot for a value. Words that only this slot is described by speak
// for it; words of the opposite role, such as a return for a departure, against.
const (
	scoreNamed    = 4 // the key or title says the word
	scoreMention  = 2 // the description or the question does
	scoreRole     = 4
	scoreAgainst  = -8
	scoreSpecial  = -1   // a rival's name says less, and nothing speaks for more
	scoreUnlikely = -100 // the value counts something else
	// scoreUnreachable keeps a slot from a value whatever speaks for it.
	scoreUnreachable = 100
)

// overlap reports two values in some of the same words.
func overlap(a, b Candidate) bool { return a.Start < b.End && b.Start < a.End }
