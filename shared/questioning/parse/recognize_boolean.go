package parse

// Yes and no. The words for them are few, and the ways to say them by other words are many:
// what is fine, wanted or needed is a yes, what is too late or not wanted a no. So a negation
// is carried to the next word that can be denied. A condition, "yes if it is free", is no
// yes: settle finds the "if".

// findBooleans finds the words that say yes or no. What is fine, wanted or agreed to is
// a yes, and a no where a negation stands before it. A negation stays open up to the
// next yes or no, or to the end of its clause. In German and Dutch it may stand behind
// the verb too: "passt mir leider nicht".
func (t *text) findBooleans() []span {
	var found []span
	denied := -1    // where a negation began that is still open
	agreed := false // the last of found is what is fine or wanted, in this clause
	for i := 0; i < len(t.tokens); {
		next, what := t.polarity(i)
		if agreed && t.ends(next, negation) && (what == no || what == negation) && t.lang.notBehind() {
			last := &found[len(found)-1]
			last.next, last.value, agreed = next, false, false
			i = next
			continue
		}
		switch what {
		case negation:
			if denied < 0 {
				denied = i
			}
		case no, dissent:
			from := i
			if denied >= 0 && t.starts(i, negation) {
				from = denied // "ce n'est pas nécessaire" denies once
			}
			found = append(found, span{from: from, next: next, value: false})
			denied = -1
		case yes, assent, want:
			from := i
			if denied >= 0 {
				from = denied
			}
			found = append(found, span{from: from, next: next, value: denied < 0})
			agreed = denied < 0 && (t.starts(i, assent) || t.starts(i, want))
			denied = -1
		case "but":
			denied, agreed = -1, false
		}
		i = next
	}
	return t.plainly(found)
}

// plainly leaves the yes or no that is a clause by itself, what contradicts it,
// and the negations that say the same: "Yes, I need it for two".
func (t *text) plainly(found []span) []span {
	if len(found) < 2 || !t.alone(found[0].next) || found[0].from > 0 && !t.alone(found[0].from-1) {
		return found
	}
	kept := found[:1]
	for _, s := range found[1:] {
		if s.value == false && found[0].value == false || s.value != found[0].value && !t.reported(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// reported is a yes or no within a later sentence, as in "Yes. I said no".
func (t *text) reported(s span) bool {
	i := s.from
	for i > 0 && (t.tokens[i-1].shape != sign || t.tokens[i-1].text == "'") {
		i--
	}
	return i > 0 && i < s.from && !t.is(i-1, ",") && s.next-s.from == 1
}

// alone reports that a clause ends before token i: words such as "I do" are a yes only
// there, and begin a sentence elsewhere.
func (t *text) alone(i int) bool {
	return i == len(t.tokens) || t.tokens[i].shape == sign && t.tokens[i].text != "'" || t.starts(i, outro)
}

// polarity is the part that the longest phrase at token i plays in a yes or no.
func (t *text) polarity(i int) (next int, what class) {
	found := t.phrases(i)
	if len(found) == 0 {
		if t.tokens[i].shape == sign && t.tokens[i].text != "'" && t.tokens[i].text != `"` {
			return i + 1, "but"
		}
		return i + 1, ""
	}
	// "I do" is a yes, and the beginning of "I do like it": only the end of the clause tells.
	for c, instead := range map[class]class{"yes_alone": yes, "no_alone": no} {
		_, longer, _ := t.class(i, instead)
		if _, next, ok := t.class(i, c); ok && t.alone(next) && next >= longer {
			return next, instead
		}
	}
	for _, e := range found[0].entries {
		if outcomes[e.class] != "" {
			return found[0].next, "" // the "no sé" of a Spaniard denies nothing
		}
	}
	if t.starts(i, no) && t.starts(i, negation) && !t.alone(found[0].next) {
		return found[0].next, negation // "no" of one word: "no es necesario"
	}
	// Of one phrase with several classes the plainer answer counts, and only if no longer
	// phrase begins here: the "no" of "no problem" is none.
	for _, c := range []class{yes, no, dissent, negation, assent, want} {
		if _, next, ok := t.class(i, c); ok && (next == found[0].next || t.starts(i, "yes_alone") || t.starts(i, "no_alone")) {
			return next, c
		}
	}
	if t.starts(i, "yes_alone") || t.starts(i, "no_alone") {
		return i + 1, ""
	}
	if t.starts(i, because) {
		return found[0].next, "but"
	}
	return found[0].next, ""
}
