package parse

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// text is a person's words, split and looked up, with the slot they may answer.
type text struct {
	source string
	tokens []token
	lang   *language
	told   bool // the words themselves, or the caller, say which language it is
	slot   questioning.Slot
	now    time.Time
	asks   map[class]bool // what slotIs found
	echo   []string       // what the slot's own words add to the known ones
	found  [][]phrase
	part   span                    // the part of the day that a time elsewhere is in
	scans  map[*patternNode][]when // what scan found, nil when it is not kept
}

// phrase is a run of tokens that the language has meanings for.
type phrase struct {
	next    int
	entries []entry
}

func read(slot questioning.Slot, words string, c Context) *text {
	if t, ok := c.seen[words]; ok {
		same := *t
		same.slot, same.echo, same.asks = slot, nil, nil
		return &same
	}
	t := look(slot, words, c)
	if c.seen != nil && len(c.seen) < mostSeen {
		t.scans = map[*patternNode][]when{}
		c.seen[words] = t
	}
	return t
}

// seen are texts by their words. It serves one reply, in which slots differ and
// the words, the time and the language do not.
type seen map[string]*text

// mostSeen bounds the texts kept: the reply, its pieces and the names of slots.
const mostSeen = 2000

func look(slot questioning.Slot, words string, c Context) *text {
	tokens := tokenize(words)
	lang, told := languageOf(tokens, c.Language)
	t := &text{source: words, lang: lang, told: told || load(lang.code) != nil && c.Language != "", slot: slot, now: c.Now}
	t.tokens = lang.split(tokens)
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

// names reports whether the slot's own words say the token's word, in any form
// of it: what repeats the question is accounted for.
func (t *text) names(token token) bool {
	if token.shape != word {
		return false
	}
	if t.echo == nil {
		t.echo = []string{""}
		for _, said := range append([]string{t.slot.Key, t.slot.Title, t.slot.Description, t.slot.Question}, t.slot.LookFor...) {
			for _, one := range tokenize(strings.ReplaceAll(said, "_", " ")) {
				if one.shape == word {
					t.echo = append(t.echo, one.plain)
				}
			}
		}
	}
	for _, said := range t.echo[1:] {
		if sameStem(said, token.plain) {
			return true
		}
	}
	return false
}

// sameStem reports two forms of one word: "ticket" and "tickets", "leave" and
// "leaving". Endings differ by language, but what stands before them does not.
func sameStem(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	common := 0
	for common < len(a) && a[common] == b[common] {
		common++
	}
	return common >= 4 && common >= len(a)-1 && common >= len(b)-3 || len(a) >= 4 && strings.HasSuffix(b, a) || isHan(a) && utf8.RuneCountInString(a) > 1 && strings.Contains(b, a)
}
