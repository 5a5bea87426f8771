package parse

import (
	"embed"
	"strings"
	"sync"
	"unicode"
)

// languages holds one table for each language: what its words are to this
// package, and how they make dates and times of day. TestTables writes them from
// the files beside them, which are for people; tables.go reads them.
//
//go:embed languages/*.table
var languages embed.FS

// class is what a phrase can be in a text. Classes with a value have it in the
// entry; languages/en.yaml says of each what it is for.
type class string

const (
	number, ordinal, scale, fraction, article          class = "number", "ordinal", "scale", "fraction", "article"
	half, point, minus, plus, percent                  class = "half", "point", "minus", "plus", "percent"
	month, weekday, day, holiday, part, unit           class = "month", "weekday", "day", "holiday", "part", "unit"
	currency, cents, measure, persons, person          class = "currency", "cents", "measure", "persons", "person"
	yes, no, assent, dissent, want                     class = "yes", "no", "assent", "dissent", "want"
	unknown, declined, notApplicable                   class = "unknown", "declined", "not_applicable"
	filler, hedge, and, because, outro                 class = "filler", "hedge", "and", "because", "outro"
	negation, bound, alternative, between, condition   class = "not", "bound", "or", "range", "condition"
	query, repeated, rate, until, since, request, more class = "question", "every", "rate", "until", "since", "request", "more"
	all, none, both, except, position, suffix          class = "all", "none", "both", "except", "position", "ordinal_suffix"
	starts, ends, only, oneself, period, to            class = "starts", "ends", "only", "oneself", "period", "to"
	thing, inNameOf                                    class = "thing", "in_name_of"
	weak                                               class = "weak" // of no phrase: a number that may be part of a date
)

// language is a file of languages made ready for matching.
type language struct {
	code string
	// decimal is the decimal separator, "." or ",".
	decimal string
	// compounds lets number words be written as one, "dreiundzwanzig"; unitsFirst
	// has "und" join units to the tens after them, tensAnd has "y" join tens to the
	// units after them.
	compounds, unitsFirst, tensAnd bool
	// dayFirst reads 11/12 as the 11th of December; otherwise it is asked.
	dayFirst bool
	lexicon  *phraseNode
	known    map[string]bool // every word of the lexicon and the patterns
	dates    *patternNode
	times    *patternNode
	compound map[string]bool // the words that compounds are made of
}

// entry is one meaning of a phrase.
type entry struct {
	class class
	value float64
	name  string // the value as written
}

var codes = []string{"en", "de", "fr", "es", "it", "pt", "nl", "zh"}

// load is the language of a code; each file is read once, when first needed.
var load = func() func(code string) *language {
	once := map[string]func() *language{}
	for _, code := range codes {
		once[code] = sync.OnceValue(func() *language { return readLanguage(code) })
	}
	return func(code string) *language {
		if read, ok := once[code]; ok {
			return read()
		}
		return nil
	}
}()

// languageOf is the language that knows most of the words: the one expected, if
// none knows more; told is false when no word says which language it is.
func languageOf(tokens []token, expected string) (l *language, told bool) {
	words := 0
	for _, t := range tokens {
		if t.shape == word {
			words++
			if unicode.Is(unicode.Han, []rune(t.text)[0]) {
				return load("zh"), true
			}
		}
	}
	expected, _, _ = strings.Cut(strings.ToLower(expected), "-")
	first := load(expected)
	if first == nil {
		first = load("en")
	}
	best, most := first, first.coverage(tokens)
	if most == words {
		return first, words > 0
	}
	if expected != "" && most > 0 {
		most++ // one word that another language knows too is no reason to leave the one expected
	}
	for _, code := range codes {
		if l := load(code); l != first {
			if knows := l.coverage(tokens); knows > most {
				best, most = l, knows
			}
		}
	}
	return best, most > 0
}

// clearWords is how many more words than any other a language has to know before
// it counts as the language of a text: names and loanwords know no border.
const clearWords = 2

// longestDetected bounds, in bytes, how much of a text tells its language.
const longestDetected = 4 << 10

// Language is the ISO 639-1 code of the language that a text is clearly in, empty
// where it is in none that is known or could be in several.
func Language(text string) string {
	if len(text) > longestDetected {
		text = strings.ToValidUTF8(text[:longestDetected], "")
	}
	tokens := tokenize(text)
	best, most, second := "", 0, 0
	for _, code := range codes {
		switch knows := load(code).coverage(tokens); {
		case knows > most:
			best, most, second = code, knows, most
		case knows > second:
			second = knows
		}
	}
	if most < second+clearWords {
		return ""
	}
	return best
}

func (l *language) coverage(tokens []token) int {
	knows := 0
	for _, t := range tokens {
		if t.shape == word && !(t.glued && len(t.text) == 1) && (l.known[t.text] || l.known[t.plain] || l.parts(t.plain) != nil) {
			knows++
		}
	}
	return knows
}

// longestCompound bounds, in bytes, the number words written as one.
const longestCompound = 80

// parts are the number words that make up a compound, nil if it is none.
func (l *language) parts(compound string) []string {
	if !l.compounds || len(compound) > longestCompound {
		return nil
	}
	// back[end] is where the last part of compound[:end] begins.
	back := make([]int, len(compound)+1)
	for end := 1; end <= len(compound); end++ {
		back[end] = -1
		for from := range end {
			if (from == 0 || back[from] >= 0) && l.compound[compound[from:end]] {
				back[end] = from
				break
			}
		}
	}
	if back[len(compound)] < 0 {
		return nil
	}
	var parts []string
	for end := len(compound); end > 0; end = back[end] {
		parts = append([]string{compound[back[end]:end]}, parts...)
	}
	return parts
}

// split replaces each compound of number words by its parts.
func (l *language) split(tokens []token) []token {
	if !l.compounds {
		return tokens
	}
	out := make([]token, 0, len(tokens))
	for _, t := range tokens {
		parts := l.parts(t.plain)
		if t.shape != word || len(parts) < 2 || l.lexicon.after(t.plain) != nil {
			out = append(out, t)
			continue
		}
		for i, part := range parts {
			piece := token{start: t.start, end: t.end, text: part, plain: part, glued: t.glued || i > 0, newline: t.newline && i == 0}
			out = append(out, piece)
		}
	}
	return out
}
