package parse

import (
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Find returns the candidate values of slot's type in text, in the order of
// their words and without overlaps. Text and List slots have none. Only the
// first 64 KiB are looked at.
func Find(slot questioning.Slot, words string, c Context) []Found {
	if !typed(slot.Type) {
		return nil
	}
	t := read(slot, words[:min(len(words), longestSearched)], c)
	values, others, strict := t.candidates()
	if len(values) == 0 {
		return nil
	}
	view := t.cover(values, others, strict)
	var found []Found
	for _, v := range values {
		if view.roles[v.from] != roleValue {
			continue
		}
		f := Found{Start: t.tokens[v.from].start, End: t.tokens[v.next-1].end, Value: v.value, Weak: v.weak, Problem: v.doubt}
		from, next := v.from, v.next
		for from > 0 && view.within(from-1, from) {
			from--
		}
		for next < len(t.tokens) && view.within(next, next) {
			next++
		}
		f.ClauseStart, f.ClauseEnd = t.tokens[from].start, t.tokens[next-1].end
		view.judge(v, &f)
		if number, ok := v.value.(float64); ok && f.Problem == "" && (slot.Type == questioning.Number || slot.Type == questioning.Integer) {
			if _, err := checkNumber(slot, number); err != nil {
				f.Problem = err.Error()
			}
		}
		found = append(found, f)
	}
	return found
}

// judge says what stands in the way of a value, and whether it is no more than
// unknown words elsewhere in its clause, or that its sentence asks something.
func (c *covered) judge(v span, f *Found) {
	if f.Problem != "" {
		return
	}
	o, ok := c.around(v)
	if ok && c.strict {
		loose := *c
		loose.strict = false
		o, ok = loose.around(v)
		f.Unsure = !ok
	}
	if !ok {
		return
	}
	f.Problem = quoted(o.words) + ": " + o.reason
	if o.reason == blocking[query] {
		_, ok = c.withoutQuestion().around(v)
		f.Asked = !ok
	}
}

// withoutQuestion is the text seen as if it told what it asks.
func (c *covered) withoutQuestion() *covered {
	told, words := *c, *c.text
	told.strict, told.roles = false, slices.Clone(c.roles)
	told.text, words.tokens = &words, slices.Clone(c.tokens)
	for i, r := range told.roles {
		switch {
		case r == roleBlock && told.classes[i] == query:
			told.roles[i] = roleUnknown
		case told.is(i, "?"):
			words.tokens[i].text = "."
		}
	}
	return &told
}

// candidates are the spans that may hold a value of the slot's type, and those
// that hold values of other types.
func (t *text) candidates() (values, others []span, strict bool) {
	switch t.slot.Type {
	case questioning.Boolean:
		return t.booleans(), t.counted(), true
	case questioning.Integer, questioning.Number:
		values, others = t.numbers()
		return values, others, false
	case questioning.Date:
		values, others = t.dateSpans()
		return values, others, false
	case questioning.Time:
		values, others = t.timeSpans()
		return values, others, false
	case questioning.DateTime:
		if value, problem := t.readDateTime(); value != nil && problem.reason == "" && len(t.tokens) > 0 {
			return []span{{from: 0, next: len(t.tokens), value: value}}, nil, false
		}
		return nil, nil, false
	case questioning.Choice, questioning.Choices:
		if values = t.optionSpans(); len(values) == 0 {
			values = t.stemSpans()
		}
		return values, t.moments(), false
	}
	return t.addresses(), nil, false
}

// addresses are the email or web addresses in the text.
func (t *text) addresses() []span {
	var found []span
	for i, token := range t.tokens {
		if token.shape != address {
			continue
		}
		own := t.source[token.start:token.end]
		read := readURI
		if t.slot.Type == questioning.Email {
			read = readEmail
		}
		if value, problem := read(t.slot, own); value != nil && problem.reason == "" {
			found = append(found, span{from: i, next: i + 1, value: value})
		}
	}
	return found
}
