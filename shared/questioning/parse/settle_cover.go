package parse

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// The words beside a value. cover gives each token one role, and this table of roles is how
// the package keeps its promise that a reading accounts for every word:
//
//	neutral  says nothing that changes the value: fillers, what repeats the question,
//	         a value of another type
//	block    changes the value or leaves it open: a bound, an alternative, a negation
//	pause    ends the part that is the answer; what follows may explain it
//	but      begins a clause that may take it back
//	reason   an explanation, up to the end of the sentence
//	stop     ends the sentence
//	unknown  anything else
//
// The roles are given from left to right, and a phrase that could be two things is given
// the one that is in the way. What looks like an exception in roleAt or harmless takes a
// word out of the way where its place shows that it means something else there: "until"
// tells a date by which something ends and bounds every other.

// role is what a token does beside the value.
type role int

const (
	roleUnknown role = iota
	roleNeutral      // a filler, what repeats the question, a value for something else
	roleValue
	rolePause  // a comma, a bracket: an explanation may begin
	roleBut    // another clause that may take back what was said
	roleStop   // the end of a sentence
	roleReason // part of an explanation
	roleBlock  // a bound, an alternative, a negation, …
)

// covered is the text seen from the values: a role for each token.
type covered struct {
	*text
	roles   []role
	classes []class // of the blocking phrases
	nexts   []int   // where the phrase at a token ends
	strict  bool    // no unknown word may stand anywhere in the clause
	only    bool    // there is one value, and no other number
	taken   []bool  // the tokens of values, also of those for something else
}

// cover gives each token beside the values its role. Values of something else are
// neutral, unless they are weak: a bare number may belong to this value. From a word
// such as "because" on, all is explanation up to the end of the sentence.
func (t *text) cover(values, others []span, strict bool) covered {
	c := covered{t, make([]role, len(t.tokens)), make([]class, len(t.tokens)), make([]int, len(t.tokens)), strict, len(values) == 1, make([]bool, len(t.tokens))}
	for i := range c.nexts {
		c.nexts[i] = i + 1
	}
	// Others first, values last: where they meet, the token is of the value.
	for _, other := range others {
		if other.weak {
			c.fill(other.from, other.next, roleUnknown, weak)
		} else {
			c.fill(other.from, other.next, roleNeutral, "")
		}
	}
	c.fill(t.part.from, t.part.next, roleNeutral, part)
	for _, v := range values {
		c.fill(v.from, v.next, roleValue, "")
	}
	for i := range c.taken {
		c.taken[i] = c.roles[i] != roleUnknown || c.classes[i] == weak
	}
	for i := range c.taken {
		c.only = c.only && (c.taken[i] || t.tokens[i].shape != numeral && !t.starts(i, number))
	}
	explained := false // behind "because", up to the end of the sentence
	for i := 0; i < len(t.tokens); {
		if c.taken[i] {
			if explained {
				c.roles[i] = roleReason
			}
			i++
			continue
		}
		next, r, what := c.roleAt(i)
		switch {
		case r == roleReason:
			explained = true
		case r == roleStop:
			explained = false
		case explained:
			r, what = roleReason, ""
		}
		c.fill(i, next, r, what)
		i = next
	}
	return c
}

// fill gives the tokens from to next one role, as one phrase.
func (c *covered) fill(from, next int, r role, what class) {
	for i := from; i < next; i++ {
		c.roles[i], c.classes[i], c.nexts[i] = r, what, next
	}
}

// roleAt looks up the longest phrase at token i that meets no value. What changes a value
// goes before what does not, where a phrase can be both.
func (c *covered) roleAt(i int) (next int, r role, what class) {
	token := c.tokens[i]
	// Phrases whose role depends on what stands beside them come first.
	if _, after, ok := c.class(i, and); ok && c.starts(after, "subject") {
		return after, rolePause, ""
	}
	if c.isState(i) {
		return i + 1, roleNeutral, named
	}
	if _, after, ok := c.class(i, no); (ok || c.is(i, "without")) && c.kind() == kindPersons {
		after = max(after, i+1)
		for _, what := range []class{persons, person} {
			if _, next, ok := c.class(after, what); ok && !c.taken[after] {
				return next, roleNeutral, what // "5 adults, no kids"
			}
		}
	}
	if _, after, ok := c.class(i, negation); ok && c.isMoment() && c.endsPart(i) {
		if _, next, ok := c.class(after, part); ok {
			return next, roleNeutral, part // the "not AM" of "5:30 PM not AM"
		}
	}
	// Then the longest phrase that meets no value. Of its meanings one that is in the way
	// goes before all that are not: to ask once more than needed is the lesser mistake.
	for _, p := range c.phrases(i) {
		if slices.Contains(c.taken[i:p.next], true) {
			continue
		}
		for _, e := range p.entries {
			if blocking[e.class] != "" && e.class != part && e.class != month && !c.harmless(e.class, i, p.next) {
				return p.next, roleBlock, e.class
			}
		}
		for _, e := range p.entries {
			switch e.class {
			case because:
				return p.next, roleReason, ""
			case including:
				if slices.Contains(c.taken[:i], true) {
					return p.next, roleReason, ""
				}
				return p.next, roleNeutral, including
			case month, weekday, holiday:
				if !slices.ContainsFunc(p.entries, func(e entry) bool { return e.class == filler }) && (c.slot.Type == questioning.Date || c.slot.Type == questioning.DateTime) {
					return p.next, roleBlock, month
				}
			case unit:
				if clockUnits[e.name] && (c.slot.Type == questioning.Time || c.slot.Type == questioning.DateTime) {
					return p.next, roleBlock, part
				}
			case part:
				if c.slot.Type == questioning.Time || c.slot.Type == questioning.DateTime {
					return p.next, roleBlock, part
				}
				return p.next, roleNeutral, part
			case perhaps, inNameOf, filler, hedge, and, article, request, want, assent, yes, no, unknown, starts, ends, outro, all, only, until, since, to, position, measure, oneself, correcting:
				return p.next, roleNeutral, e.class
			case thing:
				if c.isMoment() || len(c.slot.Options) > 0 || c.kind() == kindPersons && (c.ends(i, persons) || c.ends(i, person)) {
					return p.next, roleNeutral, e.class // "a 5 person table"
				}
			case persons, person, attendance:
				if c.kind() == kindPersons || !c.counts() {
					return p.next, roleNeutral, e.class
				}
			case "but":
				return p.next, roleBut, ""
			}
		}
	}
	// Then single tokens that no phrase explains: signs, zones, what repeats the question, names.
	switch {
	case token.shape == sign:
		return i + 1, c.punctuation(i), ""
	case token.text == "t" && token.glued && i > 0 && i+1 < len(c.tokens) && c.tokens[i-1].shape == calendar && c.tokens[i+1].shape == clock:
		return i + 1, roleNeutral, "" // 2026-11-30T14:30
	case token.text == "s" && token.glued && c.lang.code == "en" && i > 1 && c.is(i-1, "'") && c.roles[i-2] == roleNeutral:
		return i + 1, roleNeutral, "" // "the booking's in three days"
	case c.slot.Type == questioning.DateTime && token.shape == word:
		if _, ok := c.zoneAt(i); ok {
			return i + 1, roleNeutral, "" // zone judges it
		}
	}
	if c.names(token) {
		return i + 1, roleNeutral, ""
	}
	if i > 0 && c.classes[i-1] == inNameOf && c.isNamed(i) {
		return i + 1, roleNeutral, inNameOf
	}
	if c.isMoment() && c.isNamed(i) && (c.ends(i, placing) || c.ends(i, "span") || i > 0 && c.classes[i-1] == named) {
		return i + 1, roleNeutral, named // "from New York on Friday"
	}
	return i + 1, roleUnknown, ""
}

// endsPart reports a value before token i that ends in a part of the day, with no more than a
// pause between: the "5:30 pm" of "5:30 pm, not am".
func (c *covered) endsPart(i int) bool {
	if i > 0 && c.roles[i-1] == rolePause {
		i--
	}
	return i > 0 && c.roles[i-1] == roleValue && c.ends(i, part)
}

// isMoment reports a slot for a date, a time of day or both.
func (t *text) isMoment() bool {
	return t.slot.Type == questioning.Date || t.slot.Type == questioning.Time || t.slot.Type == questioning.DateTime
}

// isRelative reports an English question word within a sentence that asks nothing: the
// "where" of "that is where I go", the "what" of "to see what sports there are". A "who"
// tells which of several are meant: "4 kids who need chairs" may not be all.
func (c *covered) isRelative(i, next int) bool {
	if c.lang.code != "en" || next > i+1 || strings.HasPrefix(c.tokens[i].text, "who") || c.is(i, "which") || i == 0 || c.tokens[i].newline || c.tokens[i-1].shape == sign && c.tokens[i-1].text != "'" || c.starts(i-1, "but") || c.starts(i-1, and) {
		return false
	}
	for ; i < len(c.tokens) && !(i > 0 && c.tokens[i].newline); i++ {
		switch c.tokens[i].text {
		case "?":
			return false
		case ".", "!", ";":
			return true
		}
	}
	return true
}

// offers reports an English question whether there is what the person wants to have, whatever
// they call it: "is there an empty table" asks for one, as "is there a table" does.
func (t *text) offers(i int) bool {
	_, next, ok := t.class(i, query)
	if !ok || t.lang.code != "en" || !t.ends(next, "offering") {
		return false
	}
	const farthest = 3 // tokens: "a nice quiet"
	for at := next; at < len(t.tokens) && at <= next+farthest; at++ {
		switch {
		case t.starts(at, thing):
			return true
		case t.tokens[at].shape != word, t.starts(at, no), t.starts(at, number), slices.ContainsFunc(t.phrases(at), func(p phrase) bool {
			return slices.ContainsFunc(p.entries, func(e entry) bool { return blocking[e.class] != "" })
		}):
			return false
		}
	}
	return false
}

// isNamed reports a word with a capital at token i.
func (t *text) isNamed(i int) bool {
	return t.tokens[i].shape == word && isCapital(t.source[t.tokens[i].start:])
}

// isName reports a word with a capital that is none of a date or another small word.
func (t *text) isName(i int) bool {
	one := t.tokens[i]
	if one.shape != word || one.newline || len(t.phrases(i)) > 0 {
		return false
	}
	return isCapital(t.source[one.start:])
}

// isState reports the Oregon of "Portland, OR" and the British Columbia of "Vancouver,
// BC": two capitals behind a name and a comma, in a text that has other letters. The
// "IF" of "Friday, IF it rains" is none.
func (t *text) isState(i int) bool {
	written := t.words(i, i+1)
	return len(written) == 2 && t.tokens[i].shape == word && written == strings.ToUpper(written) && i > 1 && t.is(i-1, ",") && t.isName(i-2) && t.source != strings.ToUpper(t.source)
}

// harmless reports a phrase that does not change the value here: the date that
// something ends is told by "until", a way leads "from" a place "to" another,
// and "only" restricts a yes but no number.
func (c *covered) harmless(what class, from, next int) bool {
	switch what {
	case until:
		if c.boundsAnother(next) || c.slot.Type == questioning.Boolean && !c.valueAfter(next) {
			return true // "no, I have been there before"
		}
		if c.starts(from, to) && c.valueBefore(from) {
			return false // "von 8 Uhr bis abends"
		}
		return !c.counts() && c.slotIs(ends) || !c.valueAfter(next) && !c.endsClause(from, next)
	case since:
		if c.boundsAnother(next) || c.slot.Type == questioning.Boolean && !c.valueAfter(next) {
			return true
		}
		if c.kind() == kindPersons && c.isSum(next) {
			return true // "a visit from 3 women and 4 kids"
		}
		return !c.counts() && c.slotIs(starts) || !c.valueAfter(next) && !c.endsClause(from, next)
	case to:
		if c.starts(from, and) && from > 0 && c.other(from-1) && next < len(c.tokens) && !c.valued(next) {
			return true // "a quarter after 9 and make it a 5"
		}
		if (c.starts(from, and) || c.is(from, "-")) && from > 0 && next < len(c.tokens) && (c.other(from-1) && c.roles[next] == roleValue || c.roles[from-1] == roleValue && c.other(next)) {
			return true // "09:30 and March 6th"
		}
		return c.slot.Type == questioning.Choices || !c.valueAfter(next) || !c.valueBefore(from) || c.starts(from, "at") && (c.roles[from-1] != roleUnknown || c.classes[from-1] == weak)
	case negation: // behind the value; "not on Friday at 7pm" may deny both
		return (c.counts() || c.isMoment()) && slices.Contains(c.roles[:from], roleValue) && c.isAnother(next)
	case unknown: // "I don't know, about 20" answers, "I can't say no" does not
		return c.slot.Type != questioning.Boolean
	case period:
		return !c.isMoment()
	case only:
		return c.slot.Type != questioning.Boolean && c.slot.Type != questioning.Choice && c.slot.Type != questioning.Choices
	case query:
		return c.starts(from, request) || c.isRelative(from, next) || c.offers(from)
	case perhaps: // "me and maybe 2 friends" may be one or three
		return c.only && !c.ends(from, and) && !c.ends(from, plus) && c.slot.Type != questioning.Boolean && len(c.slot.Options) == 0
	case bound: // "8pm under Smith" books a table in that name
		return c.boundsAnother(next) && c.kind() == kindPersons || c.starts(from, inNameOf) && next < len(c.tokens) && c.tokens[next].shape == word && isCapital(c.source[c.tokens[next].start:]) && !c.valueAfter(next)
	case rate:
		return c.names(c.tokens[next-1]) // "40 hours a week" for the hours per week
	}
	return false
}

// isAnother reports that a value for something else begins at token i, with no more than a
// preposition or an article before it: the Saturday of "7pm on Friday, not on Saturday" for
// the time.
func (c *covered) isAnother(i int) bool {
	for i < len(c.tokens) && !c.taken[i] && (c.starts(i, article) || c.starts(i, "on") || c.starts(i, "at")) {
		i++
	}
	return i < len(c.tokens) && c.other(i)
}

// boundsAnother reports that the phrase before token i bounds something else than the
// value: the hour of "5 people after 7", the time of "Friday before 7 pm".
func (c *covered) boundsAnother(i int) bool {
	for i < len(c.tokens) && (c.starts(i, article) || c.starts(i, hedge) || c.starts(i, "at")) {
		i++
	}
	if i >= len(c.tokens) || c.roles[i] == roleValue {
		return false
	}
	isNumber := c.tokens[i].shape == numeral || c.tokens[i].shape == clock || c.starts(i, number)
	return c.kind() == kindPersons && (isNumber || c.other(i)) || c.slot.Type == questioning.Date && c.other(i) && isNumber
}

// isSum reports a value at token i that adds up several kinds, which begins no range.
func (c *covered) isSum(i int) bool {
	return i < len(c.tokens) && c.roles[i] == roleValue && c.joinedBy(i, c.nexts[i])
}

// other reports a token of a value for something else.
func (c *covered) other(i int) bool {
	return c.taken[i] && c.roles[i] == roleNeutral
}

// endsClause reports a phrase right behind a value that nothing follows: "Monday after".
func (c *covered) endsClause(from, next int) bool {
	return from > 0 && (c.valued(from-1) || c.tokens[from-1].text == "'" || c.starts(from-1, filler)) && (next == len(c.tokens) || c.tokens[next].shape == sign)
}

// valueAfter reports whether what follows, fillers apart, is a value or part of one.
func (c *covered) valueAfter(i int) bool {
	for i < len(c.tokens) {
		if c.valued(i) {
			return true
		}
		next := i
		for _, of := range []class{article, filler, hedge, only} {
			if _, after, ok := c.class(i, of); ok {
				next = max(next, after)
			}
		}
		if next == i {
			return false
		}
		i = next
	}
	return false
}

// valueBefore reports a value, or a word of one, right before token i.
func (c *covered) valueBefore(i int) bool {
	if i > 1 && c.is(i-1, ".") {
		i--
	}
	if i > 0 && c.classes[i-1] == weak {
		return true
	}
	return i > 0 && (c.valued(i-1) || c.ends(i, unit) || c.ends(i, currency) || c.ends(i, measure) || c.ends(i, period))
}

// valued reports a token of a value, of any type, whether or not this slot can take it:
// an "and" before it joins two values.
func (c *covered) valued(i int) bool {
	if s := c.tokens[i].shape; c.roles[i] == roleValue || s == numeral || s == calendar || s == clock {
		return true
	}
	for _, of := range []class{number, ordinal, month, weekday, day, holiday, currency} {
		if c.starts(i, of) {
			return true
		}
	}
	return false
}

// punctuation is what a sign does: it ends a sentence or a clause, belongs to a word,
// or is one that nothing accounts for.
func (c *covered) punctuation(i int) role {
	switch c.tokens[i].text {
	case ",", ":", "(", ")", "[", "]":
		return rolePause
	case ".", "!", "?", ";", "¿", "¡", "…":
		if i > 0 && i+1 < len(c.tokens) && c.starts(i, suffix) && c.tokens[i].glued && c.tokens[i-1].shape == numeral && !c.tokens[i+1].newline {
			return roleNeutral // "the 4." of a German
		}
		if c.is(i, ".") && c.tokens[i].glued && i+1 < len(c.tokens) && !c.tokens[i+1].newline && (c.ends(i, month) || c.ends(i, weekday)) && len(c.tokens[i-1].text) <= 4 {
			return roleNeutral // an abbreviation's
		}
		if next := i + 1; i > 0 && c.is(i, ".") && c.tokens[i].glued && next < len(c.tokens) && c.tokens[i-1].shape == word && len(c.tokens[i-1].text) > 1 && c.isNamed(next) {
			return roleStop // "okay.We need": the space is missing
		}
		if next := i + 1; c.tokens[i].text == "." && c.tokens[i].glued && next < len(c.tokens) && c.tokens[next].glued && c.tokens[next].shape != sign {
			return roleUnknown
		}
		if next := i + 1; i > 0 && next < len(c.tokens) && c.tokens[i].glued && c.tokens[next].glued && c.tokens[i-1].shape == numeral && c.tokens[next].shape == numeral {
			return roleUnknown // the "8;30" of those who miss the colon
		}
		return roleStop
	case "/", "|", `\`:
		if i+1 == len(c.tokens) {
			return roleStop // a key hit beside the full stop
		}
		return roleUnknown
	case "-":
		if !c.tokens[i].glued || i == 0 {
			return rolePause
		}
		return roleUnknown
	case `"`, "'", "*", "_", "#", "@":
		return roleNeutral
	}
	if c.tokens[i].text[0] >= 0xE2 { // emoji and other symbols
		return roleNeutral
	}
	return roleUnknown
}
