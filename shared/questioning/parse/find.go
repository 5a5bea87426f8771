package parse

import (
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Finding values in a longer text. Read answers whether the whole text is one value; Find says
// where values are, and of each what stands in its way. A reply to several questions needs
// both: the 5 of "at least 5 rooms on Friday" is no value, and yet nobody should ask for the
// rooms as if nothing had been said.

// Find returns the candidate values of slot's type in text, in the order of
// their words and without overlaps. Text and List slots have none, nor has a
// text of more than 16 KiB or 100 values.
func Find(slot questioning.Slot, words string, c Context) []Candidate {
	if !typed(slot.Type) || len(words) > longestTyped {
		return nil
	}
	t := textOf(slot, words, c)
	values, others, strict := t.candidates()
	if len(values) == 0 || len(values) > mostCandidates {
		return nil
	}
	left, denied := t.withoutDenied(values)
	view := t.cover(left, slices.Concat(others, denied), strict)
	var found []Candidate
	for _, v := range values {
		isDenied := meets(v, denied)
		if view.roles[v.from] != roleValue && !isDenied {
			continue
		}
		f := Candidate{Start: t.tokens[v.from].start, End: t.tokens[v.next-1].end, Value: v.value, Weak: v.weak, Problem: v.doubt}
		from, next := v.from, v.next
		for from > 0 && view.within(from-1, from) {
			from--
		}
		for next < len(t.tokens) && view.within(next, next) {
			next++
		}
		f.ClauseStart, f.ClauseEnd = t.tokens[from].start, t.tokens[next-1].end
		if f.denied = isDenied; isDenied && f.Problem == "" {
			f.Problem = blocking[negation]
		}
		view.judge(v, left, others, &f)
		if number, ok := v.value.(float64); ok && f.Problem == "" && (slot.Type == questioning.Number || slot.Type == questioning.Integer) {
			if _, err := checkNumber(slot, number); err != nil {
				f.Problem, f.unfit = err.Error(), true
			}
		}
		found = append(found, f)
	}
	return found
}

// mostJudged bounds the values of one type for which it is found out what of
// their clause belongs to another: each is compared with each.
const mostJudged = 64

// judge says what stands in the way of a value, and whether that is no more than
// unknown words elsewhere in its clause, a word that belongs to another value
// there, or that the sentence asks something.
func (c *covered) judge(v span, values, others []span, f *Candidate) {
	if f.Problem != "" {
		return
	}
	// Tried from the strictest view to the loosest. The first that lets the value stand tells
	// what was in the way: unknown words, the sentence being a question, or another value.
	view := *c // a view of its own: looking around a weak value makes it strict
	o, ok := view.around(v)
	if !ok {
		return
	}
	if len(values) > mostJudged {
		f.Problem = quoted(o.words) + ": " + o.reason
		return
	}
	sure := v
	sure.weak = false
	if _, ok := c.loosened(v, others).around(sure); !ok {
		f.Unsure = true
		return
	}
	f.Problem = quoted(o.words) + ": " + o.reason
	if _, ok := c.withoutQuestion(c.loosened(v, others)).around(sure); !ok {
		f.Asked = true
		return
	}
	for _, w := range values {
		if w.from == v.from {
			continue
		}
		if _, ok := c.loosened(v, append(slices.Clone(others), w)).around(sure); !ok {
			f.Beside = c.tokens[w.from].start + 1
			return
		}
	}
}

// loosened is the text seen without the words that belong to another value or
// thing: the "until" of "at 3, and I keep it until Friday", the "from" of "from
// Fremont". Unknown words count beside the value only.
func (c *covered) loosened(v span, others []span) *covered {
	loose := *c
	loose.strict, loose.roles = false, slices.Clone(c.roles)
	for i, r := range c.roles {
		if r != roleBlock || c.nexts[i] <= i {
			continue
		}
		switch c.classes[i] {
		case until, since, to, between, bound:
			if c.belongsElsewhere(i, v, others) {
				loose.roles[i] = roleNeutral
			}
		}
	}
	return &loose
}

// belongsElsewhere reports a preposition whose object is another value, or a
// name, which an "on Tuesday from Fremont" does not make the end of a range.
func (c *covered) belongsElsewhere(i int, v span, others []span) bool {
	object := c.nexts[i]
	for object < len(c.tokens) && object != v.from && (c.starts(object, article) || c.starts(object, hedge)) {
		object++
	}
	if object >= len(c.tokens) || object == v.from {
		return false
	}
	for _, other := range others {
		if other.from <= object && object < other.next {
			return true
		}
	}
	if c.starts(i, and) { // joins a clause, unless it joins two values
		return c.roles[object] != roleValue
	}
	named := c.roles[object] == roleUnknown && c.tokens[object].shape == word
	return named && c.classes[i] != bound && (i != v.next || isCapital(c.source[c.tokens[object].start:]))
}

// withoutQuestion is the text seen as if it stated what it asks.
func (c *covered) withoutQuestion(seen *covered) *covered {
	stated, words := *seen, *c.text
	stated.roles = slices.Clone(seen.roles)
	stated.text, words.tokens = &words, slices.Clone(c.tokens)
	for i, r := range stated.roles {
		switch {
		case r == roleBlock && stated.classes[i] == query:
			stated.roles[i] = roleUnknown
		case stated.is(i, "?"):
			words.tokens[i].text = "."
		}
	}
	return &stated
}

// candidates are the spans that may hold a value of the slot's type, and those
// that hold values of other types.
func (t *text) candidates() (values, others []span, strict bool) {
	switch t.slot.Type {
	case questioning.Boolean:
		return t.findBooleans(), t.findCounted(), true
	case questioning.Integer, questioning.Number:
		values, others = t.findNumbers()
		return values, others, false
	case questioning.Date: // beside a whole date a bare "the 8th" counts as well
		_, others = t.dateSpans()
		return t.findDates(true), others, false
	case questioning.Time:
		values, others = t.timeSpans()
		return values, others, false
	case questioning.DateTime:
		if value, problem := t.readDateTime(); value != nil && problem.reason == "" && len(t.tokens) > 0 {
			return []span{{from: 0, next: len(t.tokens), value: value}}, nil, false
		}
		return nil, nil, false
	case questioning.Choice, questioning.Choices:
		if values = t.findOptions(); len(values) == 0 {
			values = t.findStems()
			for i := range values { // the verb of "we want to" is no option "wanted"
				values[i].weak = true
			}
		}
		return values, t.findMoments(), false
	}
	return t.findAddresses(), nil, false
}

// Candidate is a candidate value for a slot within a longer text.
type Candidate struct {
	Start, End int // bytes of the text that say the value
	Value      any // canonical, within the slot's bounds
	// ClauseStart and ClauseEnd bound the clause that holds the value.
	ClauseStart, ClauseEnd int
	// Unsure says that words which are not understood stand in the clause, though
	// not beside the value.
	Unsure bool
	// Asked says that the Problem is only that the sentence is a question.
	Asked bool
	// Beside is, plus 1, where another value of the type stands that alone explains
	// the Problem: the second of "at 3 and back by 5"; 0 when none does.
	Beside int
	// Problem says why the words around the value in its clause do not let it
	// stand, and is empty when they are accounted for.
	Problem string
	// unfit says that the Problem is that the slot's type or bounds exclude the value.
	unfit bool
	// denied says that the text takes the value back for another one, which so has no rival
	// in it: the Friday of "Saturday, not Friday".
	denied bool
	// Weak reports a bare number that may be something else as well.
	Weak bool
}

// mostCandidates bounds the values of a text that are weighed against each other;
// a text with more is no reply to a handful of questions.
const mostCandidates = 100
