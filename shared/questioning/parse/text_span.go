package parse

// Spans. A recognizer proposes spans of tokens that may hold a value, and settle lets one of
// them stand. Spans of two types may meet: the 8 of "June 8" is a number as well, until the
// date takes it.

// span is a value found in tokens from to next.
type span struct {
	from, next int
	value      any
	doubt      string // why the value may not be what it seems
	weak       bool   // a bare number that could be something else as well
	free       bool   // any word may follow: the value has its unit
}

// when is a date, a time of day or both, found in the text.
type when struct {
	span
	moment
}

// same reports equal values; lists never are.
func same(a, b any) bool {
	switch a.(type) {
	case []any:
		return false
	}
	return a == b
}

// strong leaves the spans that are more than a bare number, if there are any.
func strong(spans []span) []span {
	var kept []span
	for _, s := range spans {
		if !s.weak {
			kept = append(kept, s)
		}
	}
	if len(kept) > 0 {
		return kept
	}
	return spans
}

// without drops the spans that meet one of the others.
func without(spans, others []span) []span {
	var kept []span
	for _, s := range spans {
		if !meets(s, others) {
			kept = append(kept, s)
		}
	}
	return kept
}

// meets reports a span that shares a token with one of the others, even in part.
func meets(s span, others []span) bool {
	for _, other := range others {
		if s.from < other.next && other.from < s.next {
			return true
		}
	}
	return false
}

// spanAt is the span that begins at token i.
func spanAt(spans []span, i int) (span, bool) {
	for _, s := range spans {
		if s.from == i {
			return s, true
		}
	}
	return span{}, false
}
