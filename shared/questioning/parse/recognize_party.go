package parse

import "slices"

// Who comes. People rarely answer "how many" with a number: "me and my wife", "2 adults and a
// child", "the four of us". A slot that counts persons adds up what it is told, term by
// term, and asks where a term may leave somebody out: "my wife" may come with or without
// the one who writes, "3 more" join others whom nobody counted here.

// findParties add up who comes: "5 adults and 1 child", "me and four of my friends". A
// party is a run of terms, joined by "and", "with" or a comma, and its value their sum.
//
// Who names one group only may have left out himself, "my wife" or "3 friends of mine",
// or others: such a party is in doubt, and so is one whose kinds the slot tells apart.
func (t *text) findParties() []span {
	var found []span
	// From each token as many terms are read as follow each other; a party that began inside of
	// another one is no party, so the loop goes on behind it.
	for i := 0; i < len(t.tokens); i++ {
		sum, next, kinds, terms := 0.0, i, map[string]bool{}, 0
		myself := false
		for at := i; ; {
			count, kind, after, ok := t.companions(at, terms > 0)
			if !ok || terms > 0 && t.ends(after, "some_of") {
				break
			}
			if t.starts(at, oneself) && myself {
				count = 0 // "me, myself and I"
			}
			myself = myself || t.starts(at, oneself)
			sum, next, terms = sum+count, after, terms+1
			kinds[kind] = true
			joint, ok := t.joint(after)
			if !ok || t.is(after, ",") && (t.everybodyAt(joint) || t.ends(after, "ourselves")) {
				break // the number behind the comma counts all, or is among "6 of us"
			}
			at = joint
		}
		if count, after, ok := t.cardinal(i); terms == 0 && ok && t.ends(i, "groups") {
			party := span{from: i, next: after, value: float64(count)} // "a party of 5"
			if t.timesOver(i) || t.clockLike(i, amount{value: float64(count), next: after}) {
				party.doubt = twoMeanings
			}
			found = append(found, party)
			continue
		}
		if terms == 0 || terms == 1 && !t.aloneIsSum(i) || t.stayAway(next) || t.amongOthers(i, next, found) {
			continue
		}
		// What is left is a party, but its number may not be that of all who come.
		party := span{from: i, next: next, value: sum}
		switch {
		case len(kinds) > 1 && t.slotNamesKind(kinds):
			party.doubt = "the count of each is asked for"
		case t.ofMany(i):
			party.doubt = twoMeanings
		case t.joinsOthers(next):
			party.doubt = leftOut // "6 kids and their parents"
		case i > 1 && (t.ends(i, to) || t.ends(i, alternative)) && t.tokens[i-2].shape == numeral && t.tokens[i-2].text != formatNumber(sum) && !t.replacesBefore(i):
			party.doubt = blocking[between]
		case terms == 1 && (t.ends(i, plus) || t.starts(i, "my") || t.starts(i+1, more) || t.ends(next, "some_of") || sum == 1 && t.oneOfMany(i, next)), t.ends(i, and) && t.somebody(i-2):
			party.doubt = leftOut
		}
		found = append(found, party)
		i = next - 1
	}
	return t.inAll(found)
}

// timesOver reports several of what the words before token i say that it is the size of: "3
// tables for 4".
func (t *text) timesOver(i int) bool {
	for from := max(0, i-3); from < i; from++ {
		if _, next, ok := t.class(from, "groups"); ok && next == i {
			for at := max(0, from-2); at < from; at++ {
				if value, end, ok := t.cardinal(at); ok && end == from && value > 1 {
					return true
				}
			}
		}
	}
	return false
}

// ofMany reports people at token i that another number counts a part of, or times:
// "5 of the 6 people", "5 tables of 4 people".
func (t *text) ofMany(i int) bool {
	const farthest = 4
	of := i - 1
	for of > 0 && t.starts(of, article) || t.is(of, "the") {
		of--
	}
	if of < 1 || !t.ends(of+1, "out_of") || t.is(of, "/") || t.starts(of, placing) {
		return false
	}
	for at := max(0, of-farthest); at < of; at++ {
		if value, _, ok := t.cardinal(at); ok && value > 1 {
			return true
		}
	}
	return false
}

// replacesBefore reports that the number before token i is replaced: "change it from 4 to".
func (t *text) replacesBefore(i int) bool {
	_, ok := t.replaced(span{from: i - 2, next: i - 1})
	return ok
}

// amongOthers reports those whom an earlier number counts: the "2 of them" of "6
// people, 2 of them late", the "2 kids" of "6 of us, 2 kids".
func (t *text) amongOthers(from, next int, earlier []span) bool {
	if len(earlier) == 0 {
		return false
	}
	last := earlier[len(earlier)-1]
	return t.ends(next, "some_of") || t.ends(last.next, "ourselves") && t.is(last.next, ",") && last.next+1 == from
}

// stayAway reports that those named before token i do not come: "my boss can't".
func (t *text) stayAway(i int) bool { return t.starts(i, negation) }

// everybodyAt reports a number of people of no special kind.
func (t *text) everybodyAt(i int) bool {
	count, _, next, ok := t.companions(i, false)
	return ok && count > 1 && t.ends(next, "everybody")
}

const leftOut = "this may leave out who writes"

// inAll drops who is named apart where the text says how many people come in all:
// the son of "a party for my son, 20 people" is among them, or is not counted.
func (t *text) inAll(parties []span) []span {
	if !slices.ContainsFunc(parties, func(p span) bool { return p.doubt == "" && p.value != 1.0 && t.ends(p.next, "everybody") }) {
		return parties
	}
	return slices.DeleteFunc(parties, func(p span) bool { return p.doubt == leftOut && p.value == 1.0 })
}

// saidInAll is the one number that the text says is that of all who come: the 30 of "12 kids,
// 30 in total", the 8 of "4 generations, 8 total". The parties beside it are among them; of
// more than the total, it is asked. The number has to begin its clause, since that of
// "budget 120 in total" counts no people.
func (t *text) saidInAll(parties []span) (total span, ok bool) {
	if !t.tells("in_all") {
		return span{}, false // as in most replies, whose amounts need not be read again
	}
	for i := range t.tokens {
		a, isAmount := t.amountAt(i)
		count, next, isCount := t.cardinal(i)
		after := next
		if _, end, named := t.class(next, persons); named {
			after = end
		}
		_, end, behind := t.class(after, "in_all")
		from, begins := i, i == 0 || t.tokens[i-1].shape == sign || t.tokens[i].newline
		for at := max(0, i-3); at < i && !behind; at++ {
			if _, until, before := t.class(at, "in_all"); before && until == i {
				behind, end, begins = true, after, at == 0 || t.tokens[at-1].shape == sign || t.ends(at, and) || t.tokens[at].newline
				from = at
			}
		}
		switch {
		case !isCount || !isAmount || a.money || a.unit != "" || !behind || !begins:
		case ok:
			return span{}, false
		default:
			total, ok = span{from: from, next: end, value: float64(count), free: true}, true
		}
	}
	for _, party := range parties {
		if value, isNumber := party.value.(float64); ok && isNumber && !meets(party, []span{total}) && value > total.value.(float64) {
			total.doubt = twoMeanings
		}
	}
	return total, ok && len(t.tokens) > total.next-total.from
}

// otherCounts are the bare numbers that a sentence of their own makes second candidates beside
// a party, or that are counted up behind it: "5 people. Actually 6", "3 people, one, two,
// three". Other bare numbers beside a party are those of something else.
func (t *text) otherCounts(parties, moments []span) []span {
	var found []span
	// The "6." of a German may be a day, and the end of a sentence too.
	sure := slices.DeleteFunc(slices.Clone(moments), func(m span) bool { return m.weak })
	bare, listed := 0, []span{}
	for i := range t.tokens {
		value, next, ok := t.cardinal(i)
		count := span{from: i, next: next, value: float64(value)}
		isSame := func(party span) bool { return party.value == count.value }
		if !ok || slices.ContainsFunc(parties, isSame) || meets(count, parties) || meets(count, sure) || next < len(t.tokens) && t.tokens[next].shape != sign {
			continue
		}
		from := i
		for from > 0 && (t.corrects(from-1) || t.starts(from-1, filler) || t.starts(from-1, only) || t.is(from-1, ",") && (from < i || t.corrects(from-2))) {
			from--
		}
		switch {
		case i > 1 && t.is(i-1, ":") && (t.ends(i-1, persons) || t.ends(i-1, person)): // "5 adults, kids: 2"
			found = append(found, count)
		case from == 0 || !t.ends(i, "at") && !t.ends(i, "on") && slices.Contains([]string{".", "!", ";", "?"}, t.tokens[from-1].text):
			found = append(found, count)
		case from == i && t.is(i-1, ","):
			bare, listed = bare+1, append(listed, count)
		}
	}
	if bare > 1 {
		return append(found, listed...)
	}
	return found
}

// joinsOthers reports that somebody's more join a party that ends before token i, who are not
// counted: "and their parents", "with my dog".
func (t *text) joinsOthers(i int) bool {
	for _, c := range []class{and, plus} {
		if _, next, ok := t.class(i, c); ok && t.starts(next, "my") {
			return true
		}
	}
	return false
}

// corrects reports a word that a correction begins with: "no", "actually", "doch".
func (t *text) corrects(i int) bool {
	return t.starts(i, no) || t.starts(i, yes) || t.starts(i, "but") || t.starts(i, outro)
}

// oneOfMany reports one person who need not be all: "another person", "one of us".
func (t *text) oneOfMany(from, next int) bool {
	return t.starts(from, article) && !t.starts(from, number) && t.ends(next, person) || next-from > 2 && t.ends(next, persons)
}

// somebody reports a word that may be one who comes too: the "dog" of "my dog and
// two kids", and any that is not known.
func (t *text) somebody(i int) bool {
	return i >= 0 && (t.ends(i, "my") || t.tokens[i].shape == word && len(t.phrases(i)) == 0 && !t.names(t.tokens[i]))
}

// companions reads one term of a party: its count, the noun that tells its kind, and the
// token behind it. follows says that a term stands before it, behind which a bare noun
// or the writer may come too.
func (t *text) companions(i int, follows bool) (count float64, kind string, next int, ok bool) {
	if _, after, ok := t.class(i, oneself); ok {
		// The "I" of "3 people and I want to leave" begins a clause.
		clause := follows && t.starts(i, "subject") && !t.starts(after, and) && !t.starts(after, "are") && after < len(t.tokens) && (t.tokens[after].shape == word || t.is(after, "'"))
		return 1, "", after, !clause
	}
	count, at := 1.0, i
	counted := false
	if value, after, ok := t.cardinal(i); ok {
		count, at, counted = float64(value), after, true
	} else if _, after, ok := t.class(i, "my"); ok {
		at = after
		if value, after, ok := t.cardinal(at); ok {
			count, at, counted = float64(value), after, true
		}
	} else if _, after, ok := t.class(i, article); ok {
		at = after
		if e, after, ok := t.class(at, scale); ok && e.value < 100 && t.starts(after, persons) {
			count, at, counted = e.value, after, true // "a couple of friends"
		} else if e, after, ok := t.class(at, persons); ok && e.value > 1 && !t.starts(after, "out_of") {
			return e.value, t.tokens[at].plain, after, true // "a couple"
		}
	} else if !follows || !t.starts(i, person) {
		return 0, "", i, false
	}
	if _, after, ok := t.class(at, "of_my"); ok {
		at = after
	}
	if _, after, ok := t.class(at, "parents"); ok && !counted && count == 1 && at > i && !t.is(i, "their") { // of each other's there are more
		return 2, "parents", after, true
	}
	if counted && t.isUnknown(at) && !t.is(at, "new") && t.starts(at+1, persons) {
		at++ // "10 hungry people", but "3 new people" join others
	}
	if e, after, ok := t.class(at, persons); ok && counted {
		if after > at+1 {
			return count * max(1, e.value), "", after, true // "of us" is no kind
		}
		return count * max(1, e.value), t.tokens[at].plain, after, true
	}
	if _, after, ok := t.class(at, person); ok && count == 1 {
		return count, t.tokens[at].plain, after, true
	}
	return count, "", at, counted && follows && at != i && at >= len(t.tokens)
}

// isUnknown reports a word that the language has no meaning for.
func (t *text) isUnknown(i int) bool {
	return i < len(t.tokens) && t.tokens[i].shape == word && len(t.phrases(i)) == 0
}

// joint is where the next term begins after "and", "plus", "with" or a comma.
func (t *text) joint(i int) (int, bool) {
	if count, _, _, ok := t.companions(i, false); ok && count > 0 && t.tokens[i].shape == numeral {
		return i, true // "4 adults 2 kids"
	}
	if t.is(i, ",") {
		i++
		if _, after, ok := t.class(i, and); ok {
			return after, true
		}
		return i, true
	}
	for _, c := range []class{and, plus} {
		if _, after, ok := t.class(i, c); ok {
			return after, true
		}
	}
	return i, false
}

// aloneIsSum reports that one term is a party by itself: "just me", "two couples". "Me" is
// in most requests, "book it for me", and a party only where nothing is requested.
func (t *text) aloneIsSum(i int) bool {
	count, _, next, ok := t.companions(i, false)
	if !ok {
		return false
	}
	if t.starts(i, oneself) {
		return t.ends(i, only) || t.ends(i, "span") && t.ends(i-1, only) || t.onlyEnds(next) || t.ends(i, plus) || next >= len(t.tokens) && t.ends(i, filler) && !t.requests() || next == len(t.tokens) && i == 0
	}
	return count > 0
}

// onlyEnds reports an "only" at token i that ends the sentence: "for me only".
func (t *text) onlyEnds(i int) bool {
	_, next, ok := t.class(i, only)
	return ok && (next == len(t.tokens) || t.tokens[next].shape == sign)
}

// requests reports words that ask somebody to do something: "book that for me".
func (t *text) requests() bool {
	for i := range t.tokens {
		if t.starts(i, request) || t.starts(i, want) {
			return true
		}
	}
	return false
}

// slotNamesKind reports a slot that asks for one of the kinds that are told apart.
func (t *text) slotNamesKind(kinds map[string]bool) bool {
	for kind := range kinds {
		if node := t.lang.lexicon.after(kind); node != nil && slices.ContainsFunc(node.entries, func(e entry) bool { return e.class == "everybody" }) {
			continue // "people" are of every kind
		}
		if kind != "" && t.names(token{shape: word, plain: kind}) {
			return true
		}
	}
	return false
}

// clockLike reports the digits of "a table for 530", which are a time of day to some.
func (t *text) clockLike(i int, a amount) bool {
	if t.tokens[i].shape != numeral || a.next != i+1 || a.value < 100 || !t.isClock(i) || t.starts(a.next, persons) {
		return false
	}
	if i > 0 && t.starts(i-1, hedge) {
		i--
	}
	return t.ends(i, "groups")
}

// isClock reports digits that are a time of day without its colon.
func (t *text) isClock(i int) bool {
	var m moment
	_, ok := readCompactClock(t, i, &m)
	return ok
}
