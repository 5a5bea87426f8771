package parse

import (
	"fmt"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// span is a value found in tokens from to next.
type span struct {
	from, next int
	value      any
	doubt      string // why the value may not be what it seems
	weak       bool   // a bare number that could be something else as well
	free       bool   // any word may follow: the value has its unit
}

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
}

// blocking says what a phrase of a class does to the value it stands beside.
var blocking = map[class]string{
	bound: "this is a range, not one value", between: "this is a range, not one value", more: "this is a range, not one value",
	part: "this could mean another time", month: "this could mean another day", to: "this is a range, not one value", until: "this is the end of a range", since: "this is the start of a range", alternative: "this names an alternative",
	negation: "this is a negation", except: "this is an exception", condition: "this is a condition", query: "this is a question",
	repeated: "this is repeated, not once", rate: "this is an amount per something", period: "this is a period, not one day", only: "this is a condition",
}

// cover gives each token beside the values its role.
func (t *text) cover(values, others []span, strict bool) covered {
	c := covered{t, make([]role, len(t.tokens)), make([]class, len(t.tokens)), make([]int, len(t.tokens)), strict}
	for i := range c.nexts {
		c.nexts[i] = i + 1
	}
	for _, other := range others {
		if other.weak {
			c.fill(other.from, other.next, roleUnknown, weak)
		} else {
			c.fill(other.from, other.next, roleNeutral, "")
		}
	}
	c.fill(t.part.from, t.part.next, roleNeutral, part)
	taken := make([]bool, len(t.tokens))
	for _, v := range values {
		c.fill(v.from, v.next, roleValue, "")
	}
	for i := range taken {
		taken[i] = c.roles[i] != roleUnknown || c.classes[i] == weak
	}
	explained := false
	for i := 0; i < len(t.tokens); {
		if taken[i] {
			if explained {
				c.roles[i] = roleReason
			}
			i++
			continue
		}
		next, r, what := c.roleAt(i, taken)
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

func (c *covered) fill(from, next int, r role, what class) {
	for i := from; i < next; i++ {
		c.roles[i], c.classes[i], c.nexts[i] = r, what, next
	}
}

// roleAt looks up the longest phrase at token i that meets no value.
func (c *covered) roleAt(i int, taken []bool) (next int, r role, what class) {
	token := c.tokens[i]
	if _, after, ok := c.class(i, and); ok && c.starts(after, "subject") && !taken[i] {
		return after, rolePause, ""
	}
	for _, p := range c.phrases(i) {
		if slices.Contains(taken[i:p.next], true) {
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
			case inNameOf, filler, hedge, and, article, request, want, assent, yes, no, unknown, starts, ends, outro, all, only, until, since, to, position, measure, oneself:
				return p.next, roleNeutral, e.class
			case thing:
				if c.slot.Type == questioning.Date || c.slot.Type == questioning.Time || c.slot.Type == questioning.DateTime {
					return p.next, roleNeutral, e.class
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
	switch {
	case token.shape == sign:
		return i + 1, c.punctuation(i), ""
	case token.text == "t" && token.glued && i > 0 && i+1 < len(c.tokens) && c.tokens[i-1].shape == calendar && c.tokens[i+1].shape == clock:
		return i + 1, roleNeutral, "" // 2026-11-30T14:30
	case c.slot.Type == questioning.DateTime && token.shape == word:
		if _, ok := c.zoneAt(i); ok {
			return i + 1, roleNeutral, "" // zone judges it
		}
	}
	if c.names(token) {
		return i + 1, roleNeutral, ""
	}
	if i > 0 && c.classes[i-1] == inNameOf && token.shape == word && isCapital(c.source[token.start:]) {
		return i + 1, roleNeutral, inNameOf
	}
	return i + 1, roleUnknown, ""
}

// harmless reports a phrase that does not change the value here: the date that
// something ends is told by "until", a way leads "from" a place "to" another,
// and "only" restricts a yes but no number.
func (c *covered) harmless(what class, from, next int) bool {
	switch what {
	case until:
		return !c.counts() && c.slotIs(ends) || !c.valueAfter(next) && !c.last(from, next)
	case since:
		return !c.counts() && c.slotIs(starts) || !c.valueAfter(next) && !c.last(from, next)
	case to:
		return c.slot.Type == questioning.Choices || !c.valueAfter(next) || !c.valueBefore(from) || c.starts(from, "at") && (c.roles[from-1] != roleUnknown || c.classes[from-1] == weak)
	case period:
		return c.slot.Type != questioning.Date && c.slot.Type != questioning.Time && c.slot.Type != questioning.DateTime
	case only:
		return c.slot.Type != questioning.Boolean && c.slot.Type != questioning.Choice && c.slot.Type != questioning.Choices
	case query:
		return c.starts(from, request)
	case bound: // "8pm under Smith" books a table in that name
		return c.starts(from, inNameOf) && next < len(c.tokens) && c.tokens[next].shape == word && isCapital(c.source[c.tokens[next].start:]) && !c.valueAfter(next)
	case rate:
		return c.names(c.tokens[next-1]) // "40 hours a week" for the hours per week
	}
	return false
}

// last reports a phrase right behind a value that nothing follows: "Monday after".
func (c *covered) last(from, next int) bool {
	return from > 0 && (c.valued(from-1) || c.tokens[from-1].text == "'" || c.starts(from-1, filler)) && (next == len(c.tokens) || c.tokens[next].shape == sign)
}

// counts reports a slot for a number.
func (t *text) counts() bool {
	return t.slot.Type == questioning.Number || t.slot.Type == questioning.Integer
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

func (c *covered) valueBefore(i int) bool {
	if i > 1 && c.is(i-1, ".") {
		i--
	}
	if i > 0 && c.classes[i-1] == weak {
		return true
	}
	return i > 0 && (c.valued(i-1) || c.ends(i, unit) || c.ends(i, currency) || c.ends(i, measure) || c.ends(i, period))
}

// valued reports a token of a value, of any type.
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

// slotIs reports whether the slot's own words hold a phrase of the class.
func (t *text) slotIs(c class) bool {
	is, ok := t.asks[c]
	if !ok {
		if t.asks == nil {
			t.asks = map[class]bool{}
		}
		is = t.slotSays(c)
		t.asks[c] = is
	}
	return is
}

// slotSays looks in the language of the text and in English, which most slots
// are written in.
func (t *text) slotSays(c class) bool {
	for n, l := range []*language{load("en"), t.lang} {
		if n > 0 && l.code == "en" {
			break
		}
		for _, said := range []string{t.slot.Title, t.slot.Key, t.slot.Description, t.slot.Question} {
			own := &text{lang: l, tokens: tokenize(labelJoints.Replace(said))}
			own.found = make([][]phrase, len(own.tokens))
			for i := range own.tokens {
				if own.starts(i, c) {
					return true
				}
			}
		}
	}
	return false
}

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
		if next := i + 1; c.tokens[i].text == "." && c.tokens[i].glued && next < len(c.tokens) && c.tokens[next].glued && c.tokens[next].shape != sign {
			return roleUnknown
		}
		if next := i + 1; i > 0 && next < len(c.tokens) && c.tokens[i].glued && c.tokens[next].glued && c.tokens[i-1].shape == numeral && c.tokens[next].shape == numeral {
			return roleUnknown // the "8;30" of those who miss the colon
		}
		return roleStop
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

// obstacle is what keeps a value from standing, with the words in the way.
type obstacle struct{ reason, words string }

// around checks the clause of a value and the starts of those beside it.
func (c *covered) around(v span) (obstacle, bool) {
	if o, ok := c.inside(v); ok {
		return o, true
	}
	if o, ok := c.digitsBeside(v); ok {
		return o, true
	}
	if c.counts() && c.is(v.next, "-") && c.enlarged(v.next+1) {
		return obstacle{blocking[between], c.words(v.from, v.next+2)}, true
	}
	c.strict = c.strict || v.weak && !c.counts() && !c.appointed(v)
	for i := v.from - 1; i >= 0 && c.within(i, i+1); i-- {
		if o, ok := c.inTheWay(i, i == v.from-1, false); ok {
			return o, true
		}
	}
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
			if (!v.weak || c.appointed(v)) && (c.ends(i, "span") || c.ends(i, "groups")) {
				continue // "for 4 at 8pm", "party of six at 7:30"
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

func (c *covered) inTheWay(i int, beside, behind bool) (obstacle, bool) {
	switch what := c.classes[i]; {
	case c.roles[i] == roleBlock && (what != only || behind && beside) && (what != rate || behind):
		return c.block(i), true
	case c.roles[i] == roleUnknown && (beside || c.strict):
		return obstacle{"this is not understood", c.words(i, i+1)}, true
	case c.roles[i] == roleNeutral && what == no && behind && beside:
		return obstacle{blocking[negation], c.words(i, i+1)}, true
	}
	return obstacle{}, false
}

func (c *covered) block(i int) obstacle {
	from := i
	for from > 0 && c.nexts[from-1] == c.nexts[i] && c.classes[from-1] == c.classes[i] {
		from--
	}
	return obstacle{blocking[c.classes[i]], c.words(from, c.nexts[i])}
}

// asked reports a question: one with a question mark that is no request.
func (c *covered) asked(v span, end int) (obstacle, bool) {
	if end >= len(c.tokens) || !c.is(end, "?") {
		return obstacle{}, false
	}
	for i := end - 1; i >= 0 && c.roles[i] != roleStop; i-- {
		if c.starts(i, request) || c.starts(i, want) {
			return obstacle{}, false
		}
	}
	return obstacle{blocking[query], c.words(v.from, end+1)}, true
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
			if first && c.classes[i] == no {
				return obstacle{blocking[negation], c.words(i, c.nexts[i])}, true
			}
		}
		first = first && c.roles[i] == roleNeutral && c.classes[i] != ""
	}
	return obstacle{}, false
}

// settle is the one value that the words leave, or what stands in its way.
func (t *text) settle(values, others []span, strict bool) (any, obstacle) {
	c := t.cover(values, others, strict)
	var standing []span
	for _, v := range values {
		if c.roles[v.from] == roleValue {
			standing = append(standing, v)
		}
	}
	if len(standing) == 0 {
		return nil, obstacle{}
	}
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
	}
	return standing[0].value, obstacle{}
}

func same(a, b any) bool {
	switch a.(type) {
	case []any:
		return false
	}
	return a == b
}
