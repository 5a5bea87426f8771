package parse

import (
	"strings"
	"sync"
	"unicode"
)

// Which language a reply is in. The caller may know; else the words tell, by how many of
// them each language has in its file. A digit or a name tells nothing, and then the language
// expected stays, or English. The answer matters for more than words: "5.000" is five
// thousand in Spanish and five in English, and where no word tells it is asked.

var codes = []string{"en", "de", "fr", "es", "it", "pt", "nl", "zh"}

// vocabularies and languages are those of a code; each is read once, when first needed.
// Of the languages that a text is not in, only the vocabulary is.
var (
	vocabularies = map[string]func() *vocabulary{}
	languages    = map[string]func() *language{}
)

func init() {
	for _, code := range codes {
		words := sync.OnceValue(func() *vocabulary { return readVocabulary(code) })
		vocabularies[code] = words
		languages[code] = sync.OnceValue(func() *language { return readLanguage(code, words()) })
	}
}

// load returns the language of a code, nil for one that there is not.
func load(code string) *language {
	if read, ok := languages[code]; ok {
		return read()
	}
	return nil
}

// languageOf is the language that knows most of the words: the one expected, if
// none knows more; sure is false when no word says which language it is. It counts words
// of the lexicon and takes no model: replies are short, and their small words tell.
func languageOf(tokens []token, expected string) (l *language, sure bool) {
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
	best, most := first.code, first.coverage(tokens)
	if most == words {
		return first, words > 0
	}
	// Ties go to the language expected, since most words of a short reply are no evidence.
	if expected != "" && most > 0 {
		most++ // one word that another language knows too is no reason to leave the one expected
	}
	for _, code := range codes {
		if code != first.code {
			if knows := vocabularies[code]().coverage(tokens); knows > most {
				best, most = code, knows
			}
		}
	}
	return load(best), most > 0
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
		switch knows := vocabularies[code]().coverage(tokens); {
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
