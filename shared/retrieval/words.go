package retrieval

import (
	"slices"
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
	"golang.org/x/text/unicode/norm"
)

// maxTextBytes bounds what is read of one text; what lies beyond it is not encoded.
const maxTextBytes = 8 << 10

// words are the runs of letters and digits of a text, in lower case and without
// accents. An apostrophe joins: "what's" is "whats".
func words(text string) []string {
	if len(text) > maxTextBytes {
		text = text[:maxTextBytes]
	}
	text = strings.ToLower(norm.NFKD.String(strings.ToValidUTF8(text, " ")))
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' {
			return -1
		}
		return r
	}, text)
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

// telling are the words that say what a text is about; all of them when the
// text has stop words only.
func telling(words []string) []string {
	var kept []string
	for _, word := range words {
		if !stopWords[word] {
			kept = append(kept, word)
		}
	}
	if kept == nil {
		return words
	}
	return kept
}

// stems are the telling words as Snowball's English stems.
func stems(words []string) []string {
	var stems []string
	for _, word := range telling(words) {
		stems = append(stems, english.Stem(word, true))
	}
	return stems
}

// grams are the runs of three and four characters of each stem, a space on
// either side counted.
func grams(stems []string) []string {
	var grams []string
	for _, stem := range stems {
		padded := " " + stem + " "
		grams = slices.Grow(grams, 2*len(padded))
		starts := make([]int, 0, len(padded)+1) // of characters, and the end
		for i := range padded {
			starts = append(starts, i)
		}
		starts = append(starts, len(padded))
		for n := 3; n <= 4; n++ {
			for i := 0; i+n < len(starts); i++ {
				grams = append(grams, padded[starts[i]:starts[i+n]])
			}
		}
	}
	return grams
}
