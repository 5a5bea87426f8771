// Package retrieval finds texts by what they are about, without a model: by the
// stems of their words, by short runs of characters where a word is mistyped or
// ends otherwise, and by initials. Stop words and stems are English; runs of
// characters work in any language.
package retrieval

import (
	"hash/fnv"
	"maps"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

// Settings of BM25, chosen on ClariQ's training topics (`make quality` measures
// the recall). The usual lengths are those of the questions it was chosen on: a
// collection's own would change vectors that are stored already.
const (
	saturation  = 1.2
	lengthShare = 0.9
	usualWords  = 3.2
	usualGrams  = 30
	// shortFormShare is how much of a whole word a short form counts in a query.
	shortFormShare = 0.5
)

// Kinds keep terms apart that are spelt alike.
const (
	plain     = ""
	shortForm = "short form of "
	shortWord = "short word "
)

// Vectors is a text's encoding for collections whose sparse vectors have the
// IDF modifier. An index is the hash of a term: of a stem or a short form in
// Words, of a run of three or four characters in Grams.
type Vectors struct{ Words, Grams qdrant.Sparse }

// Encode encodes a text that is to be found. Its dot product with what
// EncodeQuery returns is BM25. At most 8 KiB of the text are read.
func Encode(text string) Vectors {
	all := words(text)
	stems := stems(all)
	grams := grams(stems)
	forms, short := shortForms(all), shortWords(all)
	terms := make(weights, len(stems)+len(forms)+len(short))
	terms.add(stems)
	terms.set(shortForm, forms, 1)
	terms.set(shortWord, short, 1)
	runs := make(weights, len(grams))
	runs.add(grams)
	return Vectors{
		Words: terms.saturated(float64(len(stems)) / usualWords).sparse(),
		Grams: runs.saturated(float64(len(grams)) / usualGrams).sparse(),
	}
}

// EncodeQuery encodes a text that others are searched by. A short word also
// finds what it may stand for ("dnr": department of natural resources), and the
// other way round.
func EncodeQuery(text string) Vectors {
	q := newQuery(text)
	return Vectors{Words: q.terms().sparse(), Grams: q.runs().sparse()}
}

// query is a text that others are searched by.
type query struct{ words, stems []string }

// newQuery splits a text once, for both of its vectors.
func newQuery(text string) query {
	all := words(text)
	return query{words: all, stems: stems(all)}
}

// terms are stems, and short forms with what they can stand for, at a part of
// the weight.
func (q query) terms() weights {
	terms := weights{}
	terms.add(q.stems)
	terms.set(shortWord, shortForms(q.words), shortFormShare)
	terms.set(shortForm, shortWords(q.words), shortFormShare)
	return terms
}

// runs are runs of characters, which find words in other spellings and endings.
func (q query) runs() weights {
	runs := weights{}
	runs.add(grams(q.stems))
	return runs
}

// weights are of terms, by their hash.
type weights map[uint32]float64

// add counts each term as often as it is there.
func (w weights) add(terms []string) {
	for _, term := range terms {
		w[hash(plain, term)]++
	}
}

// set counts each term once.
func (w weights) set(kind string, terms []string, weight float64) {
	for _, term := range terms {
		w[hash(kind, term)] = weight
	}
}

// saturated returns BM25's weights, but for the rarity of the terms, in a text
// of this many times the usual length.
func (w weights) saturated(length float64) weights {
	norm := saturation * (1 - lengthShare + lengthShare*length)
	for index, n := range w {
		w[index] = n * (saturation + 1) / (n + norm)
	}
	return w
}

// sparse writes weights as Qdrant takes them, by index.
func (w weights) sparse() qdrant.Sparse {
	vector := qdrant.Sparse{Indices: slices.AppendSeq(make([]uint32, 0, len(w)), maps.Keys(w)), Values: make([]float32, len(w))}
	slices.Sort(vector.Indices)
	for i, index := range vector.Indices {
		vector.Values[i] = float32(w[index])
	}
	return vector
}

// hash is the index of a term in a sparse vector. Two terms with the same index
// cannot be distinguished; among 2^32 that is rare enough for texts as short as
// these.
func hash(kind, term string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(kind))
	h.Write([]byte(term))
	return h.Sum32()
}
