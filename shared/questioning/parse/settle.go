package parse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Whether a value stands. settle is the judge that every type goes through. It asks, in this
// order: is there one value, or several that are the same? Has it a doubt of its own? Do the
// words of its clause let it stand, and the start of what follows?
//
// How far an unknown word reaches depends on what the value is. A date says by itself that it
// is one, so only the words beside it have to be known: in "Zorp booked it for May 5" the name
// is harmless. A bare number does not, so no unknown word may stand before it outside of its
// clause, and a yes can be about anything, so nothing in its clause may be unknown.

// around checks the clause of a value and the starts of those beside it. It reports the
// first words that do not let the value stand, from the nearest outwards.
func (c *covered) around(v span) (obstacle, bool) {
	// What reaches into the value or joins it comes first: it changes the value itself.
	if o, ok := c.inside(v); ok {
		return o, true
	}
	if o, ok := c.digitsBeside(v); ok {
		return o, true
	}
	if c.counts() && c.is(v.next, "-") && c.enlarged(v.next+1) {
		return obstacle{blocking[between], c.words(v.from, v.next+2)}, true
	}
	// A bare number that is to be a date or a time is only believed among known words.
	c.strict = c.strict || v.weak && !c.counts() && !c.appointed(v)
	for i := v.from - 1; i >= 0 && c.within(i, i+1); i-- {
		if o, ok := c.inTheWay(i, i == v.from-1 && !(v.free && c.counts() && c.inflected(i)), false); ok {
			return o, true
		}
	}
	// Behind a value that has its unit any word may stand: "3 tickets zorp" counts tickets.
	i := v.next
	for ; i < len(c.tokens) && c.within(i, i); i++ {
		if o, ok := c.inTheWay(i, i == v.next && !v.free, true); ok {
			return o, true
		}
	}
	if o, ok := c.asked(v, i); ok {
		return o, true
	}
	return c.afterwards(i)
}

// inflected reports an English verb that says what was done with the amount after
// it, by its ending or the "to" before it: "paying $5", "fined 300 euros", "to secure 3
// tickets". Adjectives, which could change an amount, rarely look so; the verbs that
// bound one ("exceeding") are in the lexicon.
func (c *covered) inflected(i int) bool {
	const shortest = 5
	said := c.tokens[i].text
	return c.lang.code == "en" && c.tokens[i].shape == word && len(said) >= shortest &&
		(strings.HasSuffix(said, "ed") || strings.HasSuffix(said, "ing") || c.is(i-1, "to"))
}

// unaccounted looks for words before the clause of a value that nothing accounts
// for. The first part of what somebody writes is the answer and what follows a
// comma explains it: "9, for Bob" says 9. In "Bob, 9" and "Bob (answer 9)" the
// answer is Bob, which is no value, and the 9 is at best a second candidate.
//
// Words spoken may begin with anything, as long as what follows says by itself
// what it is: a date, "20 km", a yes. Structured values have to be values.
func (c *covered) unaccounted(v span) (obstacle, bool) {
	bare := c.counts() && !v.free || v.weak && c.slot.Type == questioning.Time
	if !c.exact && !bare && (!c.bracketed(v) || v.free) {
		return obstacle{}, false
	}
	outside := false
	for i := v.from - 1; i >= 0; i-- {
		outside = outside || !c.within(i, i+1)
		if c.ended(i) && !c.exact {
			break
		}
		unread := c.roles[i] == roleUnknown && c.tokens[i].shape != sign || c.roles[i] == roleBlock
		if outside && unread {
			return obstacle{"this is not understood", c.words(i, i+1)}, true
		}
	}
	return obstacle{}, false
}

// bracketed reports a value within brackets.
func (c *covered) bracketed(v span) bool {
	for i := v.from - 1; i >= 0; i-- {
		switch c.tokens[i].text {
		case "(", "[":
			return true
		case ")", "]":
			return false
		}
	}
	return false
}

// ended reports that a sentence or a line ends at token i, so that another begins.
func (c *covered) ended(i int) bool {
	return c.roles[i] == roleStop || i+1 < len(c.tokens) && c.tokens[i+1].newline
}

// appointed reports a bare number that "at" makes a time of day: "dinner at 8".
func (c *covered) appointed(v span) bool {
	if c.slot.Type != questioning.Time && c.slot.Type != questioning.DateTime || !c.ends(v.from, "at") {
		return false
	}
	return !c.starts(v.next, unit)
}

// inside looks for a phrase that only begins before the value: the "moins 10" of
// "au moins 10" is no minus ten.
func (c *covered) inside(v span) (obstacle, bool) {
	for i := max(0, v.from-4); i < v.from; i++ {
		for _, p := range c.phrases(i) {
			for _, e := range p.entries {
				if p.next > v.from && blocking[e.class] != "" && !c.harmless(e.class, i, p.next) {
					return obstacle{blocking[e.class], c.words(i, p.next)}, true
				}
			}
		}
	}
	return obstacle{}, false
}

// digitsBeside looks for a number that nothing but fillers and pauses part from a
// date or a time, and that is not of it: "08/12, 15".
func (c *covered) digitsBeside(v span) (obstacle, bool) {
	if s := c.slot.Type; s != questioning.Date && s != questioning.Time && s != questioning.DateTime {
		return obstacle{}, false
	}
	// "08/12, 15" may be a date with its year, with a time, or two dates.
	skipped := func(i int) bool {
		return c.roles[i] == rolePause || c.roles[i] == roleNeutral && (c.starts(i, filler) || c.starts(i, article) || c.starts(i, and))
	}
	before := v.from - 1
	for before >= 0 && skipped(before) {
		before--
	}
	after := v.next
	for after < len(c.tokens) && skipped(after) && !c.tokens[after].newline {
		after++
	}
	for _, i := range []int{before, after} {
		if i < 0 || i >= len(c.tokens) || c.roles[i] != roleUnknown || c.classes[i] == weak {
			continue
		}
		if c.tokens[i].shape == numeral || c.starts(i, number) {
			if (!v.weak || c.appointed(v)) && (c.ends(i, "span") || c.ends(i, "groups") || i == before && c.ends(v.from, "at")) {
				continue // "for 4 at 8pm", "party of six at 7:30", "14 at 7:30"
			}
			if i == before && i > 0 && c.partOfWord(i) || i == after && i+1 < len(c.tokens) && c.tokens[i+1].shape == word && !c.starts(i+1, part) {
				continue // a count of something
			}
			return obstacle{"this is not understood", c.words(i, i+1)}, true
		}
	}
	return obstacle{}, false
}

// within reports whether token i is in the clause; a line's start ends one.
func (c *covered) within(i, lineStart int) bool {
	if lineStart < len(c.tokens) && c.tokens[lineStart].newline {
		return false
	}
	r := c.roles[i]
	return r != rolePause && r != roleStop && r != roleBut && r != roleReason
}

// inTheWay reports a token of a value's clause that does not let it stand. beside says
// that it is next to the value, behind that it follows it.
func (c *covered) inTheWay(i int, beside, behind bool) (obstacle, bool) {
	switch what := c.classes[i]; {
	case c.roles[i] == roleBlock && (what != only || behind && beside) && (what != rate || behind):
		return c.block(i), true
	case c.roles[i] == roleUnknown && (beside || c.strict):
		return obstacle{"this is not understood", c.words(i, i+1)}, true
	case c.roles[i] == roleNeutral && what == no && (behind && beside || !behind && c.phraseFrom(i) < c.nexts[i]-1 && c.slot.Type != questioning.Boolean):
		return obstacle{blocking[negation], c.words(i, i+1)}, true
	}
	return obstacle{}, false
}

// block names the phrase that token i is part of, and what it does.
func (c *covered) block(i int) obstacle {
	return obstacle{blocking[c.classes[i]], c.words(c.phraseFrom(i), c.nexts[i])}
}

// phraseFrom is where the phrase that token i is part of begins.
func (c *covered) phraseFrom(i int) int {
	for i > 0 && c.nexts[i-1] == c.nexts[i] && c.classes[i-1] == c.classes[i] {
		i--
	}
	return i
}

// asked reports a question: one with a question mark that is no request and does
// not propose the value, as "is 7 available?" and "could 5 of us come?" do. Words in the order of a
// statement state something, even if in doubt: "I need a table for 2?"
func (c *covered) asked(v span, end int) (obstacle, bool) {
	if end >= len(c.tokens) || !c.is(end, "?") {
		return obstacle{}, false
	}
	for i := end - 1; i >= 0 && c.roles[i] != roleStop; i-- {
		if c.starts(i, request) || c.starts(i, want) || c.offers(i) || i == end-1 && c.ends(end, suitable) {
			return obstacle{}, false
		}
	}
	if c.slot.Type != questioning.Boolean && c.states(end) && !c.answers(end) {
		return obstacle{}, false
	}
	return obstacle{blocking[query], c.words(v.from, end+1)}, true
}

// answers reports a no or a negation behind token end: "Friday? No" asks and answers.
func (c *covered) answers(end int) bool {
	for i := end; i < len(c.tokens); i++ {
		if c.starts(i, no) || c.starts(i, negation) || c.starts(i, alternative) {
			return true
		}
	}
	return false
}

// states reports an English sentence before token end that is no question but for
// its mark: it neither inverts nor holds a question word.
func (c *covered) states(end int) bool {
	for i := end - 1; i >= 0 && c.roles[i] != roleStop; i-- {
		opens := i == 0 || c.roles[i-1] == rolePause || c.roles[i-1] == roleStop || c.roles[i-1] == roleBut || c.tokens[i].newline ||
			slices.Contains([]class{yes, no, assent, outro, and}, c.classes[i-1])
		if c.classes[i] == query || opens && c.starts(i, auxiliary) {
			return false
		}
	}
	return c.lang.code == "en"
}

// afterwards looks at what follows the clause: its start may change the value
// ("30, or 40"), and a "but" anything.
func (c *covered) afterwards(end int) (obstacle, bool) {
	first, but := true, false
	for i := end; i < len(c.tokens); i++ {
		switch c.roles[i] {
		case roleStop:
			return obstacle{}, false
		case rolePause:
			first = true
			continue
		case roleBut:
			but = true
			continue
		case roleReason:
			return obstacle{}, false
		case roleBlock:
			if (first || but) && c.classes[i] != query && c.classes[i] != period && c.classes[i] != repeated && c.classes[i] != until && c.classes[i] != since {
				return c.block(i), true
			}
		case roleNeutral:
			if first && c.classes[i] == no && !c.deniesThing(i) {
				return obstacle{blocking[negation], c.words(i, c.nexts[i])}, true
			}
		}
		first = first && c.roles[i] == roleNeutral && c.classes[i] != ""
	}
	return obstacle{}, false
}

// deniesThing reports a clause that denies a thing and says nothing more: the "no injuries"
// of "4 days a week, no injuries". The thing is one word that nobody knows: "no more" and "no
// problem" are something else.
func (c *covered) deniesThing(i int) bool {
	thing := c.nexts[i]
	if !c.counts() && !c.isMoment() || thing >= len(c.tokens) || c.tokens[thing].shape != word || len(c.phrases(thing)) > 0 || c.names(c.tokens[thing]) {
		return false
	}
	return thing+1 == len(c.tokens) || c.tokens[thing+1].shape == sign
}

// settle is the one value that the words leave, or what stands in its way. It is the
// only way from spans to a value: every type passes it, and so the rule that a reading
// accounts for every word is kept in one place.
//
// values are the candidate spans, others those of values for something else, and strict
// says that no unknown word may stand in the clause even apart from the value. Several
// values have to be the same one.
func (t *text) settle(values, others []span, strict bool) (any, obstacle) {
	values, denied := t.withoutDenied(values)
	c := t.cover(values, append(slices.Clone(others), denied...), strict || t.exact)
	// A value within a value of another type has lost its tokens to that one.
	var standing []span
	for _, v := range values {
		if c.roles[v.from] == roleValue {
			standing = append(standing, v)
		}
	}
	if len(standing) == 0 {
		return nil, obstacle{}
	}
	// Who says the same twice says one thing; two values are asked, even if one looks likelier.
	for _, v := range standing[1:] {
		if !same(v.value, standing[0].value) || v.doubt != "" {
			return nil, obstacle{fmt.Sprintf("found %s and %s where one is needed", valueText(standing[0].value), valueText(v.value)), t.words(v.from, v.next)}
		}
	}
	for _, v := range standing {
		if v.doubt != "" {
			return nil, obstacle{v.doubt, t.words(v.from, v.next)}
		}
		if o, ok := c.around(v); ok {
			return nil, o
		}
		if o, ok := c.unaccounted(v); ok {
			return nil, o
		}
	}
	return standing[0].value, obstacle{}
}
