package playbook

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
	"golang.org/x/text/unicode/norm"
)

// Cues are the words and phrases by which a playbook is found, in any language,
// separated by commas. English words match in all their forms. A star at either end
// of a word matches any letters, # a number and @name a capitalised word within a
// sentence.
//
// They are written by hand; docs/playbooks.md compares them with a ranking by the
// words of titles, descriptions and goals. A model would understand a goal better,
// but is optional.
type Cues struct {
	Subject string `json:"subject"` // what the goal is about
	Context string `json:"context"` // what goes with it; never enough alone
}

// word is one word of a goal.
type word struct {
	text      string // lower case, without accents
	stem      string // of the English word; empty for numbers
	content   bool   // it carries meaning
	name      bool   // capitalised within a sentence
	secondary bool   // it names the circumstances, not what is wanted
}

// readOfGoal is how much of a goal is read, in bytes. What a goal is about stands
// at its beginning.
const readOfGoal = 16 << 10

// circumstance words begin what only surrounds the goal: "a diet before my wedding" is
// about a diet. Accents are left out, as fold does.
var circumstance = set("for before after because since during about when while although if so until despite as where which " +
	"fur vor nach weil bevor nachdem pour avant apres parce para antes despues por per prima dopo voor omdat als")

// light words say that something is wanted, not what.
var light = set("find get give help like make need new please want would could one")

// numberWords match the cue #. The articles are among them: "a week in Rome" gives
// a number.
var numberWords = set("one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred a " +
	"zwei drei vier funf sechs sieben acht neun zehn deux trois quatre cinq six sept huit dix dos tres cuatro cinco diez " +
	"due quattro cinque dieci duas dois dez twee drie vier vijf tien")

// set is that of a list of words.
func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(words) {
		all[w] = true
	}
	return all
}

// words splits a text. What follows the first sentence, or a word that begins a
// circumstance, is secondary. A point ends a sentence only before a space, so
// that "v1.2" and hosts stay one.
func words(text string) []word {
	text = text[:min(len(text), readOfGoal)]
	var all []word
	start, secondary, begun := true, false, false
	for len(text) > 0 {
		end := strings.IndexFunc(text, func(r rune) bool { return !isLetter(r) })
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			r, size := utf8.DecodeRuneInString(text)
			if strings.ContainsRune(".!?;\n", r) && (len(text) == size || strings.ContainsRune(" \n", rune(text[size]))) {
				start, secondary = true, secondary || begun
			}
			text = text[size:]
			continue
		}
		w := newWord(text[:end], start)
		secondary = secondary || begun && circumstance[w.text]
		begun = begun || w.content
		w.secondary = secondary
		all = append(all, w)
		text, start = text[end:], false
	}
	return all
}

// isLetter says whether a character belongs to a word: letters with their marks,
// digits, apostrophes. Apostrophes keep "don't" and "qu'est" one word.
func isLetter(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || r == '\'' || r == '’'
}

// newWord reads a word of a goal. A capital makes it a name, except at the start
// of a sentence.
func newWord(written string, first bool) word {
	text := fold(written)
	w := word{text: text, name: !first && unicode.IsUpper([]rune(written)[0])}
	if text == "" || unicode.IsDigit([]rune(text)[0]) {
		return w
	}
	w.stem = stem(text)
	w.content = utf8.RuneCountInString(text) > 1 && !english.IsStopWord(text) && !light[text] && !circumstance[text]
	return w
}

// fold writes a word in lower case without accents and without 's.
func fold(text string) string {
	folded := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == '’':
			return '\''
		}
		return r
	}, norm.NFD.String(strings.ToLower(text)))
	return strings.Trim(strings.TrimSuffix(folded, "'s"), "'")
}

// stem is the English stem (Snowball), for words of other languages too: it cuts their
// endings alike in cues and in goals.
func stem(text string) string { return english.Stem(text, false) }

// cue is a cue as it is looked for. playbook is its place in the index, subject
// whether it is one of Cues.Subject.
type cue struct {
	words    []string
	playbook int
	subject  bool
}

// fits says whether a cue's word stands for a word of a goal.
func fits(pattern string, w word) bool {
	switch {
	case pattern == "#":
		return w.stem == "" && w.text != "" || numberWords[w.text]
	case pattern == "@name":
		return w.name
	case strings.HasPrefix(pattern, "*") && strings.HasSuffix(pattern, "*"):
		return strings.Contains(w.text, strings.Trim(pattern, "*"))
	case strings.HasPrefix(pattern, "*"):
		return strings.HasSuffix(w.text, pattern[1:])
	case strings.HasSuffix(pattern, "*"):
		return strings.HasPrefix(w.text, pattern[:len(pattern)-1])
	}
	return pattern == w.text || pattern == w.stem
}

// found is a cue at its place in a goal.
type found struct {
	cue
	at int
}

// end is the place after the cue.
func (f found) end() int { return f.at + len(f.words) }

// within says whether f is a subject and a part of a longer one, as "conference" is
// of "conference room". Context stays: a "trip to Peru" is one to insure, too.
func (f found) within(longer found) bool {
	return f.subject && longer.subject && longer.at <= f.at && f.end() <= longer.end() && len(longer.words) > len(f.words)
}

// matcher finds cues. Its time grows with the words of the goal, not with the
// number of cues, except for the few that begin with a pattern.
type matcher struct {
	byFirst map[string][]cue // by their first word, as written or as a stem
	open    []cue            // that begin with a pattern
}

// add takes a cue of a playbook, whose words are patterns or compared by their
// stems.
func (m *matcher) add(text string, playbook int, subject bool) {
	c := cue{playbook: playbook, subject: subject}
	for _, w := range strings.Fields(strings.NewReplacer("-", " ", ".", " ").Replace(text)) {
		if !strings.ContainsAny(w, "*#@") {
			w = fold(w)
			if !unicode.IsDigit(rune(w[0])) {
				w = stem(w)
			}
		}
		c.words = append(c.words, w)
	}
	switch {
	case len(c.words) == 0:
	case strings.ContainsAny(c.words[0], "*#@"):
		m.open = append(m.open, c)
	default:
		m.byFirst[c.words[0]] = append(m.byFirst[c.words[0]], c)
	}
}

// find returns the cues in a goal, without subjects within longer ones. Matches may
// overlap; ranked.add counts each word of the goal once for a playbook.
func (m *matcher) find(goal []word) []found {
	var all []found
	for at, w := range goal {
		candidates := [][]cue{m.byFirst[w.stem], nil, m.open}
		if w.text != w.stem {
			candidates[1] = m.byFirst[w.text]
		}
		for _, some := range candidates {
			for _, c := range some {
				if at+len(c.words) <= len(goal) && matches(c, goal[at:]) {
					all = append(all, found{c, at})
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(f found) bool {
		return slices.ContainsFunc(all, f.within)
	})
}

// matches says whether the words of a goal begin with a cue.
func matches(c cue, goal []word) bool {
	for i, pattern := range c.words {
		if !fits(pattern, goal[i]) {
			return false
		}
	}
	return true
}
