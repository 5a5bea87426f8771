package parse

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// One of several options. A choice is found by its name and not by what it means: the ways to
// name one are tried from the surest to the least sure (see choose), and two options that
// fit equally are none. The names come from the caller, in any language and case, so they
// are compared by spelling and by the stems of their words.

// valueIndex is the first option that holds value, or -1.
func valueIndex(options []questioning.Option, value any) int {
	return slices.IndexFunc(options, func(option questioning.Option) bool {
		switch value := value.(type) {
		case string, float64, bool:
			return option.Value == value
		}
		return false
	})
}

// optionNames are the spellings that name an option: its value and its title.
func optionNames(option questioning.Option) []string {
	var names []string
	for _, name := range []string{valueText(option.Value), option.Title} {
		if name = spell(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// namesOption reports whether words are the name of one of slot's options.
func namesOption(slot questioning.Slot, words string) bool {
	switch slot.Type {
	case questioning.Choice, questioning.Choices:
		_, ok := optionNamed(slot.Options, words)
		return ok
	}
	return false
}

// optionNamed is the option whose value or title is words: first as written, then
// folded, then without the punctuation around them; values before titles.
func optionNamed(options []questioning.Option, words string) (int, bool) {
	if at := valueIndex(options, words); at >= 0 {
		return at, true
	}
	for _, wanted := range []string{spell(words), spell(bare(words))} {
		for _, name := range []func(questioning.Option) string{
			func(option questioning.Option) string { return valueText(option.Value) },
			func(option questioning.Option) string { return option.Title },
		} {
			at := slices.IndexFunc(options, func(option questioning.Option) bool {
				return wanted != "" && spell(name(option)) == wanted
			})
			if at >= 0 {
				return at, true
			}
		}
	}
	return 0, false
}

// readChoice is the value of the option that the text means. There is no guess by
// meaning: that a concert is Music, the client's model knows and the parser does not.
func (t *text) readChoice() (any, obstacle) {
	at, problem := t.choose()
	if at < 0 {
		return nil, problem
	}
	return t.slot.Options[at].Value, obstacle{}
}

// choose is the option that the text means, or -1: by its name or place, its
// start or a near spelling, the names within a sentence, forms of their words,
// part of a name, its number, or a yes or no. The ways are tried from the surest to
// the least sure, and the first that finds an option decides.
func (t *text) choose() (int, obstacle) {
	options := t.slot.Options
	if at, ok := optionNamed(options, t.source); ok {
		return at, obstacle{}
	}
	if at, ok := t.place(); ok {
		return at, obstacle{}
	}
	for _, matches := range []func(name, word string) int{startsWith, misspelled} {
		if at, ok := nearestOption(options, spell(bare(t.source)), matches); ok {
			return at, obstacle{}
		}
	}
	// From here on the names stand among other words, which settle has to account for.
	for _, propose := range []func() []span{t.findOptions, t.findStems} {
		if spans := propose(); len(spans) > 0 {
			value, problem := t.settle(spans, t.findMoments(), false)
			if problem.reason != "" {
				return -1, problem
			}
			return valueIndex(options, value), problem
		}
	}
	for _, choose := range []func() (int, bool){t.partOfName, t.byNumber, t.byPolarity} {
		if at, ok := choose(); ok {
			return at, obstacle{}
		}
	}
	return -1, obstacle{}
}

// place reads "2", "#2", "option 2", "the second one", "b)" and "the last": the index
// of the option at that place. A bare number is no place where the options are numbers
// themselves, and two places are none.
func (t *text) place() (int, bool) {
	options := t.slot.Options
	// All tokens have to be part of saying the place, so "2 tickets" is none: it counts.
	at, named, lettered, found := -1, false, false, 0
	for i := 0; i < len(t.tokens); {
		token := t.tokens[i]
		next := i + 1
		if n, after, ok := t.ordinalAt(i); ok {
			at, next, found, named = n-1, after, found+1, true
		} else if _, after, ok := t.class(i, position); ok {
			next, named = after, named || found == 0 // "option 1", but not "1 option"
		} else if _, after, ok := t.class(i, "last"); ok {
			at, next, found, named = len(options)-1, after, found+1, true
		} else if len(token.text) == 1 && token.shape == word && token.text >= "a" && token.text <= "z" && (len(t.tokens) == 1 || t.is(i+1, ")") || t.is(i+1, ".") || named) {
			at, lettered, found = int(token.text[0]-'a'), true, found+1
		} else if n, after, ok := t.cardinal(i); ok && !(token.shape == word && t.pronoun(i)) {
			at, next, found = n-1, after, found+1
		} else if _, after, ok := t.class(i, article); ok {
			next = after
		} else if _, after, ok := t.class(i, filler); ok {
			next = after
		} else if token.shape != sign && !(token.text == "one" && named) {
			return 0, false
		}
		i = next
	}
	if found != 1 || at < 0 || at >= len(options) || lettered && t.lettered() {
		return 0, false
	}
	return at, named || !t.numeric()
}

// lettered reports options that are letters themselves, of which a letter names one and
// no place.
func (t *text) lettered() bool {
	return slices.ContainsFunc(t.slot.Options, func(option questioning.Option) bool {
		return slices.ContainsFunc(optionNames(option), func(name string) bool { return len(name) == 1 && !isDigits(name) })
	})
}

// numeric reports options that are numbers themselves.
func (t *text) numeric() bool {
	return slices.ContainsFunc(t.slot.Options, func(option questioning.Option) bool {
		_, err := strconv.ParseFloat(valueText(option.Value), 64)
		return err == nil
	})
}

// nearestOption is the unique cheapest option under a cost, which is negative for a
// name that does not match. Words longer than longestPhrase are a sentence and no
// misspelled name, and are not compared.
func nearestOption(options []questioning.Option, word string, cost func(name, word string) int) (int, bool) {
	best, lowest, unique := 0, -1, false
	if utf8.RuneCountInString(word) > longestPhrase {
		return 0, false
	}
	for i, option := range options {
		for _, name := range optionNames(option) {
			switch cost := cost(name, word); {
			case cost < 0:
			case lowest < 0 || cost < lowest:
				best, lowest, unique = i, cost, true
			case cost == lowest && options[best].Value != options[i].Value:
				unique = false
			}
		}
	}
	return best, unique
}

// startsWith is the cost of an option whose name begins with the word: 0, or -1 for none.
func startsWith(name, word string) int {
	rest, ok := strings.CutPrefix(name, word)
	if !ok || utf8.RuneCountInString(word) < 3 || isDigits(word[len(word)-1:]) && rest != "" && strings.ContainsAny(rest[:1], "0123456789.,") {
		return -1
	}
	return 0
}

// misspelled is the edit distance of word to name if that is short for a name
// of its length: 1 from 4 letters on, 2 from 8. A shorter name is one slip away from
// too many other words. Digits are no matter of spelling.
func misspelled(name, word string) int {
	wanted, got := []rune(name), []rune(word)
	limit := 0
	switch length := len(wanted); {
	case length >= 8:
		limit = 2
	case length >= 4:
		limit = 1
	}
	if limit == 0 || len(wanted) > longestPhrase || max(len(wanted)-len(got), len(got)-len(wanted)) > limit || onlyDigits(name) != onlyDigits(word) {
		return -1
	}
	if distance := editDistance(wanted, got); distance <= limit {
		return distance
	}
	return -1
}

// onlyDigits are the digits of a text.
func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours (Damerau-Levenshtein, optimal string alignment).
func editDistance(a, b []rune) int {
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitution := old[j-1]
			if a[i-1] != b[j-1] {
				substitution++
			}
			row[j] = min(old[j]+1, row[j-1]+1, substitution)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old, row = old, row, older
	}
	return old[len(b)]
}

// findOptions finds the names of options in the text, a longer name hiding
// those within it.
func (t *text) findOptions() []span {
	type spelling struct {
		words []token
		at    int
	}
	var spellings []spelling
	for i, option := range t.slot.Options {
		for _, name := range optionNames(option) {
			if utf8.RuneCountInString(name) > 1 || len(t.tokens) == 1 || isHan(name) {
				spellings = append(spellings, spelling{tokenize(name), i})
			}
		}
	}
	slices.SortStableFunc(spellings, func(a, b spelling) int { return len(b.words) - len(a.words) })
	var found []span
	for i := 0; i < len(t.tokens); {
		next := i + 1
		for _, s := range spellings {
			if t.says(i, s.words) {
				next = i + len(s.words)
				found = append(found, span{from: i, next: next, value: t.slot.Options[s.at].Value})
				break
			}
		}
		i = next
	}
	return found
}

// says reports whether the tokens from i are the words; "_" stands for a space.
func (t *text) says(i int, words []token) bool {
	if len(words) == 0 || i+len(words) > len(t.tokens) || words[0].shape == numeral && (t.partOfWord(i) || t.ends(i, position)) {
		return false // the 1 of "MP1" names nothing, and that of "option 1" a place
	}
	for n, w := range words {
		if own := t.tokens[i+n]; own.plain != w.plain {
			return false
		}
	}
	after := i + len(words)
	return after == len(t.tokens) || words[len(words)-1].shape != numeral || !t.tokens[after].glued || t.tokens[after].shape == sign && t.tokens[after].text != "%"
}

// contents are the words of a name that carry its meaning.
func (t *text) contents(name string) []token {
	named := &text{lang: t.lang, tokens: tokenize(name)}
	named.found = make([][]phrase, len(named.tokens))
	var contents []token
	for i, token := range named.tokens {
		if token.shape == word && !named.starts(i, filler) && !named.starts(i, article) && !named.starts(i, and) || token.shape == numeral {
			contents = append(contents, token)
		}
	}
	return contents
}

// findStems finds the options of which each word stands in the text in some form. The
// words may have others between them, but not many: "lose some weight" is "Lose
// weight", while the same two words of two sentences are not.
func (t *text) findStems() []span {
	var found []span
	for _, option := range t.slot.Options {
		for _, name := range optionNames(option) {
			from, next, all := len(t.tokens), 0, true
			contents := t.contents(name)
			if t.saysLittle(name, contents) {
				continue
			}
			for _, w := range contents {
				i := t.formOf(w)
				if all = all && i >= 0 && !(w.shape == numeral && t.saysPlace(i)); !all {
					break
				}
				from, next = min(from, i), max(next, i+1)
			}
			if all && len(contents) > 0 && next-from <= 2*len(contents)+2 {
				found = append(found, span{from: from, next: next, value: option.Value})
				break
			}
		}
	}
	return found
}

// formOf is the first token that is a form of a word, or -1.
func (t *text) formOf(w token) int {
	for i := range t.tokens {
		if t.isFormOf(i, w) {
			return i
		}
	}
	return -1
}

// isFormOf reports token i to be a form of a word. A small word is no form of another: the
// "works" of "that works" is no workshop.
func (t *text) isFormOf(i int, w token) bool {
	own := t.tokens[i]
	if own.shape != w.shape || !sameStem(own.plain, w.plain) {
		return false
	}
	return own.plain == w.plain || !t.starts(i, filler) && !t.starts(i, assent) && !t.starts(i, want)
}

// saysLittle reports contents that leave words of a name out and are among those of another
// option: "a venue" does not say which of "a venue that is booked" and "a venue that has to
// be found" is meant.
func (t *text) saysLittle(name string, contents []token) bool {
	words := slices.DeleteFunc(tokenize(name), func(one token) bool { return one.shape == sign })
	if len(contents) == len(words) {
		return false
	}
	for _, option := range t.slot.Options {
		for _, other := range optionNames(option) {
			if other == name {
				continue
			}
			all := t.contents(other)
			isAmong := func(w token) bool {
				return slices.ContainsFunc(all, func(o token) bool { return o.plain == w.plain })
			}
			if len(all) > len(contents) && !slices.ContainsFunc(contents, func(w token) bool { return !isAmong(w) }) {
				return true
			}
		}
	}
	return false
}

// partOfName is the only option whose name holds all the words in the text that
// mean something: "once a day" for "Take it once a day".
func (t *text) partOfName() (int, bool) {
	best := -1
	for i, option := range t.slot.Options {
		for _, name := range optionNames(option) {
			if !t.isPartOf(name) {
				continue
			}
			if best >= 0 && t.slot.Options[best].Value != option.Value {
				return 0, false
			}
			best = i
		}
	}
	return best, best >= 0
}

// isPartOf reports a name that holds all words of the text that mean something. One
// word is enough for a name of two, but not for a longer one, of which it says little.
func (t *text) isPartOf(name string) bool {
	contents := t.contents(name)
	c := t.cover(nil, nil, true)
	held := 0
	for i := range t.tokens {
		if c.roles[i] != roleBlock && slices.ContainsFunc(contents, func(w token) bool { return t.isFormOf(i, w) }) {
			held++
			continue
		}
		switch c.roles[i] {
		case roleUnknown, roleBlock, roleBut:
			return false
		}
	}
	return held > 0 && (held > 1 || len(contents) <= 2)
}

// byNumber is the option of the one number in the text: "two tickets" for 2. It is
// for options that are numbers, which a place does not name.
func (t *text) byNumber() (int, bool) {
	if !t.numeric() {
		return 0, false
	}
	counted := *t
	counted.slot.Type = questioning.Number
	values, others := counted.findNumbers()
	for i := range values {
		if t.saysPlace(values[i].from) {
			return 0, false
		}
		values[i].free = true // the options say what is counted
	}
	value, problem := counted.settle(values, others, false)
	if value == nil || problem.reason != "" {
		return 0, false
	}
	return optionNamed(t.slot.Options, formatNumber(value.(float64)))
}

// saysPlace reports a number that says a place and no name: the 1 of "option 1" and of "1st".
func (t *text) saysPlace(i int) bool {
	_, _, ordered := t.ordinalAt(i)
	return ordered || t.ends(i, position)
}

// byPolarity is the option "yes" or "no" for what says so: an option whose whole name
// is a yes or a no in the language of the text.
func (t *text) byPolarity() (int, bool) {
	value, problem := t.settle(t.findBooleans(), t.findCounted(), true)
	if value == nil || problem.reason != "" {
		return 0, false
	}
	for _, c := range []class{map[bool]class{true: yes, false: no}[value.(bool)]} {
		for i, option := range t.slot.Options {
			for _, name := range optionNames(option) {
				named := textOf(questioning.Slot{}, name, Context{Language: t.lang.code})
				if _, next, ok := named.class(0, c); ok && next == len(named.tokens) {
					return i, true
				}
			}
		}
	}
	return 0, false
}
