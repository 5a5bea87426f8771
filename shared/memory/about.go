package memory

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

// alike is the share of a word's runs of characters from which a text has the
// word, though spelt otherwise.
const alike = 0.4

// about tells what has to do with a query: ranking alone brings up whatever
// shares three letters with it when there is nothing better.
type about struct{ words []retrieval.Vectors }

func newAbout(query string) about {
	var a about
	for word := range strings.FieldsSeq(query) {
		if v := retrieval.EncodeQuery(word); len(v.Words.Indices) > 0 {
			a.words = append(a.words, v)
		}
	}
	return a
}

// fits says that a text has one of the query's words at least.
func (a about) fits(text string) bool {
	v := retrieval.EncodeQuery(text)
	return slices.ContainsFunc(a.words, func(word retrieval.Vectors) bool {
		if shared(word.Words.Indices, v.Words.Indices) > 0 {
			return true
		}
		grams := word.Grams.Indices
		return float64(shared(grams, v.Grams.Indices)) >= alike*float64(max(1, len(grams)))
	})
}

// shared counts the indices that both have; those of all rise.
func shared(of, all []uint32) int {
	n := 0
	for _, index := range of {
		if _, found := slices.BinarySearch(all, index); found {
			n++
		}
	}
	return n
}
