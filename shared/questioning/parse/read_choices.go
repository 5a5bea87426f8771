package parse

import (
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Any number of options. What holds for one holds for each of them, and one piece that is no
// option refuses all: a list that lacks what the person named would be a wrong answer.

// bullet is the sign or the number that begins an item of a list, with the spaces and
// quotation signs before it.
var bullet = lazyregexp.New(`^[\s>]*(?:[-*+•‣▪◦·–—]|\(?\d{1,3}[.)])\s+`)

// readChoices reads any number of options.
//
// The words are cut into pieces, and each piece has to name an option with nothing
// left over: of "red, yellow" for red and green nothing is stored, since dropping the
// yellow would store what the person did not say.
func (t *text) readChoices() (any, obstacle) {
	options := t.slot.Options
	if at, ok := optionNamed(options, t.source); ok {
		return t.chosen([]int{at})
	}
	if picked, ok := t.allOrNone(); ok {
		return t.chosen(picked)
	}
	// "Everything but wifi" names what is not picked, so it is looked for before the names are.
	spans := t.findOptions()
	if left, ok := t.allBut(spans); ok {
		return t.chosen(left)
	}
	var picked []int
	for _, piece := range t.pieces(spans) {
		part := textOf(t.slot, piece, Context{Now: t.now, Language: t.lang.code})
		if found := part.findOptions(); len(found) > 0 {
			if o, ok := part.allCovered(found); !ok {
				return nil, o
			}
			for _, s := range found {
				picked = append(picked, valueIndex(options, s.value))
			}
			continue
		}
		at, problem := part.choose()
		if at < 0 {
			if problem.reason == "" {
				problem = obstacle{"this is none of the options", piece}
			}
			return nil, problem
		}
		picked = append(picked, at)
	}
	if len(picked) == 0 {
		return nil, obstacle{}
	}
	return t.chosen(picked)
}

// allCovered reports whether each word beside the names is accounted for. It is
// stricter than settle: between several options any word may be a negation or an
// option that the slot does not have.
func (t *text) allCovered(found []span) (obstacle, bool) {
	c := t.cover(found, nil, true)
	for i := range t.tokens {
		if o, bad := c.inTheWay(i, true, true); bad {
			return o, false
		}
		if c.roles[i] == roleBut {
			return obstacle{blocking[except], t.words(i, len(t.tokens))}, false
		}
	}
	return obstacle{}, true
}

// allOrNone reads "all of them", "both" and "none": the indices of the options, nil
// for none of them. "Both" counts only where there are two.
func (t *text) allOrNone() (picked []int, ok bool) {
	said := class("")
	for i := 0; i < len(t.tokens); {
		next := i + 1
		found := false
		for _, c := range []class{all, both, none} {
			if _, after, ok := t.class(i, c); ok && said == "" && !found {
				said, next, found = c, after, true
			}
		}
		for _, c := range []class{filler, outro} {
			if _, after, ok := t.class(i, c); ok && !found {
				next, found = after, true
			}
		}
		if !found && t.tokens[i].shape != sign {
			return nil, false
		}
		i = next
	}
	switch {
	case said == none:
		return nil, true
	case said == all, said == both && len(t.slot.Options) == 2:
		for i := range t.slot.Options {
			picked = append(picked, i)
		}
		return picked, true
	}
	return nil, false
}

// allBut reads "everything but wifi". The options named behind the exception are left
// out, provided that all words there are accounted for.
func (t *text) allBut(spans []span) (left []int, ok bool) {
	if len(spans) == 0 {
		return nil, false
	}
	excluded, everything := false, false
	for i := 0; i < spans[0].from; {
		next := i + 1
		if _, after, ok := t.class(i, all); ok {
			everything, next = true, after
		} else if _, after, ok := t.class(i, except); ok && everything {
			excluded, next = true, after
		} else if _, after, ok := t.class(i, "but"); ok && everything {
			excluded, next = true, after
		} else if !t.starts(i, filler) && !t.starts(i, article) && !t.starts(i, want) && t.tokens[i].shape != sign {
			return nil, false
		}
		i = next
	}
	if !excluded {
		return nil, false
	}
	rest := textOf(t.slot, t.source[t.tokens[spans[0].from].start:], Context{Now: t.now, Language: t.lang.code})
	if _, covered := rest.allCovered(rest.findOptions()); !covered {
		return nil, false
	}
	for i, option := range t.slot.Options {
		if !slices.ContainsFunc(spans, func(s span) bool { return same(s.value, option.Value) }) {
			left = append(left, i)
		}
	}
	return left, true
}

// pieces are the parts of the text that may each name an option: what stands
// between separators that are in no option's name. Two numbers in a row are two
// pieces, "1 3", and so are two lines.
func (t *text) pieces(spans []span) []string {
	var list []string
	from := 0
	cut := func(to int) {
		piece := t.words(from, to)
		if trimmed := bullet.ReplaceAllString(piece, ""); bare(trimmed) != "" {
			list = append(list, trimmed)
		}
	}
	for i := 0; i < len(t.tokens); i++ {
		if s, ok := spanAt(spans, i); ok {
			i = s.next - 1
			continue
		}
		if t.tokens[i].newline && i > from {
			cut(i)
			from = i
		}
		next := i
		switch t.tokens[i].text {
		case ",", ";", "+", "&", "•", "/":
			next = i + 1
		default:
			if _, after, ok := t.class(i, and); ok {
				next = after
			} else if _, after, ok := t.class(i, plus); ok {
				next = after
			} else if i > from && t.tokens[i].shape == numeral && t.tokens[i-1].shape == numeral {
				cut(i)
				from = i
			}
		}
		if next > i {
			cut(i)
			from, i = next, next-1
		}
	}
	cut(len(t.tokens))
	return list
}

// chosen is the canonical value of the picked options, given by their indices.
func (t *text) chosen(picked []int) (any, obstacle) {
	value, err := chosen(t.slot, picked)
	if err != nil {
		return nil, obstacle{"the number of answers does not fit", ""}
	}
	return value, obstacle{}
}

// chosen is the canonical value of picked options: each once, in the slot's order,
// their number within the bounds.
func chosen(slot questioning.Slot, picked []int) (any, error) {
	taken := make([]bool, len(slot.Options))
	for _, at := range picked {
		if at = valueIndex(slot.Options, slot.Options[at].Value); at >= 0 {
			taken[at] = true
		}
	}
	values := []any{}
	for i, option := range slot.Options {
		if taken[i] {
			values = append(values, option.Value)
		}
	}
	if !fits(len(values), slot.MinItems, slot.MaxItems) {
		return nil, misread(slot, "the number of answers does not fit")
	}
	return values, nil
}
