package parse

import (
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Values that the text takes back: by a negation right before them, "6, not 5", or by another
// that takes their place, "change it from 4 to 6". settle leaves them out, and so does every
// recognizer that compares values or adds them up.

// withoutDenied parts the values from those that a negation stands right before,
// where it leaves any: "6, not 5" says 6. A span that is denied begins at its
// negation.
func (t *text) withoutDenied(values []span) (left, denied []span) {
	if len(values) < 2 || t.slot.Type == questioning.Boolean {
		return values, nil
	}
	for _, v := range values {
		if from, ok := t.deniedFrom(v.from); ok {
			denied = append(denied, span{from: from, next: v.next})
		} else if old, ok := t.replaced(v); ok {
			denied = append(denied, old)
		} else if old, ok := t.changedLater(v, values); ok {
			denied = append(denied, old)
		} else {
			left = append(left, v)
		}
	}
	if len(left) == 0 {
		return values, nil
	}
	return left, denied
}

// replaced reports a value that the text changes for another, with all the words that
// say so: the "from 4 to" of "change it from 4 to 6".
func (t *text) replaced(v span) (old span, ok bool) {
	const farthest = 4 // tokens: "from a party of 3"
	from := v.from - 1
	for from > 0 && v.from-from < farthest && t.leads(from) >= 0 {
		from--
	}
	next := v.next
	if _, after, ok := t.class(next, persons); ok {
		next = after
	}
	if from < 1 || t.leads(from) >= 0 || t.leads(next) <= 0 {
		return span{}, false
	}
	for i := range from {
		if t.starts(i, "changing") {
			return span{from: from, next: next + 1}, true
		}
	}
	return span{}, false
}

// changedLater reports a value that a later one of the text takes the place of: the 24th of
// "I booked for the 24th and want to change that to the 26th", the one of "switch my
// booking of one to 2".
func (t *text) changedLater(v span, values []span) (old span, ok bool) {
	const farthest = 6 // tokens: "change the date of it to the"
	for _, other := range values {
		to := other.from
		if to > 0 && t.starts(to-1, article) {
			to--
		}
		if other.from <= v.from || to == 0 || t.leads(to-1) <= 0 {
			continue
		}
		for i := max(v.next, to-farthest); i < to; i++ {
			if t.starts(i, "changing") {
				return span{from: v.from, next: v.next}, true
			}
		}
		// "Move my booking of the 24th to the 26th": the verb may stand far before both, in the
		// same clause.
		if t.tellsBefore("changing", v.from) && !slices.ContainsFunc(t.tokens[v.from:to], func(one token) bool { return one.shape == sign }) {
			if v.next == to-1 {
				return span{from: v.from, next: to}, true // with its "to"
			}
			return span{from: v.from, next: v.next}, true
		}
	}
	return span{}, false
}

// leads is whether the token leads away from something, -1, or to it, 1.
func (t *text) leads(i int) int {
	e, _, _ := t.class(i, placing)
	return int(e.value)
}

// deniedFrom is where the negation begins that ends before token i, with no more
// than a preposition or an article between.
func (t *text) deniedFrom(i int) (from int, ok bool) {
	for range 2 {
		if i > 0 && (t.starts(i-1, "at") || t.starts(i-1, "on") || t.starts(i-1, "span") || t.starts(i-1, article)) {
			i--
		}
	}
	for from = max(0, i-3); from < i; from++ {
		if _, next, ok := t.class(from, negation); ok && next == i {
			return from, true
		}
	}
	return 0, false
}
