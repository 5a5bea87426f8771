package parse

import (
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// A text is what all recognizers work on: the tokens of a person's words, the language that
// they are in, the slot that they may answer, and what was looked up so far. Recognizers are
// its methods. They take a token's index and return the index behind what they read, and
// they never change the tokens.
//
// Looking up phrases costs more than all else, and one reply is read for many slots. So
// phrases are looked up once for each token, and textOf hands out copies of a text that
// differ in the slot only.

// text is a person's words, split and looked up, with the slot they may answer.
type text struct {
	source string
	tokens []token
	lang   *language
	sure   bool // the words themselves, or the caller, say which language it is
	slot   questioning.Slot
	now    time.Time
	exact  bool           // it is a value as a program sends it, so it has no words beside
	asks   map[class]bool // the classes of the slot's words
	unit   *string        // the time unit that the slot names
	seen   *seen          // nil outside of a reply
	echo   []string       // what the slot's own words add to the known ones
	found  [][]phrase
	part   span                    // the part of the day that a time elsewhere is in
	scans  map[*patternNode][]when // what scan found

}

// phrase is a run of tokens that the language has meanings for.
type phrase struct {
	next    int
	entries []entry
}

// textOf is the text of words that may answer a slot. What was looked up for another
// slot is used again, where the context keeps it.
func textOf(slot questioning.Slot, words string, c Context) *text {
	if t := c.seen.text(words); t != nil {
		same := *t
		same.setSlot(slot)
		return &same
	}
	t := newText(slot, words, c)
	if c.seen != nil && len(c.seen.texts) < mostSeen {
		t.seen, c.seen.texts[words] = c.seen, t
	}
	return t
}

// setSlot makes the text one that may answer another slot.
func (t *text) setSlot(slot questioning.Slot) { t.slot, t.asks, t.echo, t.unit = slot, nil, nil, nil }

// seen keeps what was looked up for one reply: in it slots differ, and the words, the
// time and the language do not.
type seen struct {
	texts  map[string]*text   // by their words
	labels map[string][]token // the words of slots
	asks   map[slotSaid]map[class]bool
}

// slotSaid are the words of a slot that tell what it asks for, and a text's language.
type slotSaid struct{ title, key, description, question, language string }

// mostSeen bounds the texts kept: the reply, its pieces and the names of slots.
const mostSeen = 2000

func newSeen() *seen {
	return &seen{map[string]*text{}, map[string][]token{}, map[slotSaid]map[class]bool{}}
}

// text is the text of words that were looked up before, or nil.
func (s *seen) text(words string) *text {
	if s == nil {
		return nil
	}
	return s.texts[words]
}

// label splits words of a slot, such as "start_date".
func (s *seen) label(said string) []token {
	if s == nil {
		return tokenize(labelJoints.Replace(said))
	}
	tokens, ok := s.labels[said]
	if !ok {
		tokens = tokenize(labelJoints.Replace(said))
		if len(s.labels) < mostSeen {
			s.labels[said] = tokens
		}
	}
	return tokens
}

// newText splits words and finds their language.
func newText(slot questioning.Slot, words string, c Context) *text {
	tokens := tokenize(words)
	lang, sure := languageOf(tokens, c.Language)
	t := &text{source: words, lang: lang, sure: sure || load(lang.code) != nil && c.Language != "", slot: slot, now: c.Now, scans: map[*patternNode][]when{}}
	t.tokens = lang.split(lang.unstretched(tokens))
	t.found = make([][]phrase, len(t.tokens))
	return t
}

var nothing = []phrase{}

// phrases are those that begin at token i, the longest first.
func (t *text) phrases(i int) []phrase {
	if i >= len(t.tokens) {
		return nil
	}
	if t.found[i] != nil {
		return t.found[i]
	}
	found := nothing
	node := t.lang.lexicon
	for at := i; at < len(t.tokens) && (at == i || !t.tokens[at].newline); at++ {
		next := node.after(t.tokens[at].text)
		if next == nil {
			next = node.after(t.tokens[at].plain)
		}
		if next == nil {
			break
		}
		if node = next; len(node.entries) > 0 {
			found = append(found, phrase{at + 1, node.entries})
		}
	}
	for a, b := 0, len(found)-1; a < b; a, b = a+1, b-1 {
		found[a], found[b] = found[b], found[a]
	}
	t.found[i] = found
	return found
}

// class is the longest phrase at token i that can be of the class.
func (t *text) class(i int, c class) (entry, int, bool) {
	for _, p := range t.phrases(i) {
		for _, e := range p.entries {
			if e.class == c {
				return e, p.next, true
			}
		}
	}
	return entry{}, i, false
}

// starts reports that a phrase of the class begins at token i.
func (t *text) starts(i int, c class) bool {
	_, _, ok := t.class(i, c)
	return ok
}

// ends reports whether a phrase of the class ends before token i.
func (t *text) ends(i int, c class) bool {
	for at := max(0, i-3); at < i; at++ {
		if _, next, ok := t.class(at, c); ok && next == i {
			return true
		}
	}
	return false
}

// tells reports a phrase of the class among the words.
func (t *text) tells(c class) bool { return t.tellsBefore(c, len(t.tokens)) }

// tellsBefore reports a phrase of the class that begins before token end.
func (t *text) tellsBefore(c class, end int) bool {
	for i := range end {
		if t.starts(i, c) {
			return true
		}
	}
	return false
}

// is reports that token i is the sign or word.
func (t *text) is(i int, sign string) bool {
	return i >= 0 && i < len(t.tokens) && t.tokens[i].text == sign
}

// words are those of tokens from to next, as the person wrote them.
func (t *text) words(from, next int) string {
	if from >= next {
		return ""
	}
	return t.source[t.tokens[from].start:t.tokens[next-1].end]
}

// Context is what the words alone do not say.
type Context struct {
	// Now resolves words such as "tomorrow" and gives the location of dates.
	Now time.Time
	// Language is the BCP 47 tag of the language to expect, such as "de" or
	// "pt-BR"; empty means that only the words tell.
	Language string

	// seen keeps what was looked up in a text that is read for many slots.
	seen *seen
}

const (
	// longestTyped bounds, in bytes, the words read as anything but text or a list.
	longestTyped = 16 << 10
	// longestPhrase bounds, in bytes, what can be a set phrase.
	longestPhrase = 120
)
