package retrieval

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// indexGrams is the share of the character runs in an Index's scores.
const indexGrams = 0.3

// Ranked is a document that has something in common with a text.
type Ranked struct {
	ID    string
	Score float64 // from 0, nothing in common, to 1, the same words
}

// Document is what an Index finds, by the nearest of several texts, such as
// examples of it.
type Document struct {
	ID    string
	Texts []string
}

// Index finds documents in memory: up to a few thousand short texts. It may be
// used by several goroutines at once.
type Index struct {
	texts        []indexed
	words, grams rarity
}

// indexed is one text of a document.
type indexed struct {
	id           string
	words, grams direction
}

// NewIndex returns an index of the documents.
func NewIndex(docs []Document) *Index {
	index := &Index{words: newRarity(len(docs)), grams: newRarity(len(docs))}
	for _, doc := range docs {
		words, grams := weights{}, weights{}
		for _, text := range doc.Texts {
			w, g := indexTerms(text)
			maps.Copy(words, w)
			maps.Copy(grams, g)
		}
		index.words.count(words)
		index.grams.count(grams)
	}
	for _, doc := range docs {
		for _, text := range doc.Texts {
			words, grams := index.directions(text)
			index.texts = append(index.texts, indexed{doc.ID, words, grams})
		}
	}
	return index
}

// Search returns the documents that have something in common with a text, best
// first, at most limit. A document scores by the nearest of its texts: the cosine
// of words and of runs of characters, rare ones counting more. Documents of one
// score come by id, so that a ranking is the same every time.
func (x *Index) Search(text string, limit int) []Ranked {
	words, grams := x.directions(text)
	scores := map[string]float64{}
	for _, t := range x.texts {
		score := (1-indexGrams)*words.cosine(t.words) + indexGrams*grams.cosine(t.grams)
		if score > scores[t.id] {
			scores[t.id] = score
		}
	}
	ranked := make([]Ranked, 0, len(scores))
	for id, score := range scores {
		ranked = append(ranked, Ranked{id, score})
	}
	slices.SortFunc(ranked, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return ranked[:max(0, min(limit, len(ranked)))]
}

// directions are those of a text, its terms weighed by how rare they are in the
// index.
func (x *Index) directions(text string) (words, grams direction) {
	w, g := indexTerms(text)
	return x.words.scale(w).direction(), x.grams.scale(g).direction()
}

// indexTerms leaves short forms out, so that equal words score 1.
func indexTerms(text string) (words, grams weights) {
	q := newQuery(text)
	words = weights{}
	words.add(q.stems)
	return words, q.runs()
}

// rarity weighs terms by how few documents have them.
type rarity struct {
	documents float64
	having    weights
}

// newRarity is of so many documents, none counted yet.
func newRarity(documents int) rarity { return rarity{float64(documents), weights{}} }

// count adds a document by its terms.
func (r rarity) count(terms weights) {
	for term := range terms {
		r.having[term]++
	}
}

// scale multiplies weights by BM25's IDF, the formula that Qdrant applies, too.
func (r rarity) scale(terms weights) weights {
	scaled := make(weights, len(terms))
	for term, n := range terms {
		scaled[term] = n * math.Log((r.documents-r.having[term]+.5)/(r.having[term]+.5)+1)
	}
	return scaled
}
