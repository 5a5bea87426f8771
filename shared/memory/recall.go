package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

// MaxRecalled bounds how many items one Recall returns.
const MaxRecalled = 100

// Recall returns what the principal's conversations, or those with one user when
// userID is given, hold about a query, best first. The limit is at most
// MaxRecalled. A query without words finds nothing.
func (m *Memory) Recall(ctx context.Context, principal, userID, query string, limit int) ([]Found, error) {
	if m.client == nil {
		return nil, ErrNotConfigured
	}
	if strings.TrimSpace(query) == "" || limit < 1 {
		return nil, nil
	}
	filter := qdrant.Filter{Must: map[string]string{byPrincipal: principal}}
	if userID != "" {
		filter.Must[byUser] = userID
	}
	query = plain.Prefix(query, maxText)
	meaning := m.embed(ctx, []string{query})
	found, err := m.search(ctx, query, meaning, filter, min(limit, MaxRecalled))
	if meaning == nil {
		words := encodeWords(query)
		found = slices.DeleteFunc(found, func(f Found) bool { return !anyWordIn(words, textOf(f.Item)) })
	}
	return found, err
}

// search ranks by a query's words and, where there is one, by the model's vector.
func (m *Memory) search(ctx context.Context, query string, meaning [][]float32, filter qdrant.Filter, limit int) ([]Found, error) {
	q := qdrant.Query{Sparse: sparse(retrieval.EncodeQuery(query)), Filter: filter, Limit: limit}
	if meaning != nil {
		q.Dense = map[string][]float32{meaningVector: meaning[0]}
		delete(q.Sparse, gramsVector) // a model reads past typing errors by itself
	}
	hits, err := m.client.Search(ctx, collection, q)
	if err != nil {
		return emptyWithoutCollection("search memory", err)
	}
	return found(hits)
}

// emptyWithoutCollection takes a collection that nobody has created yet for an
// empty one.
func emptyWithoutCollection(doing string, err error) ([]Found, error) {
	if errors.Is(err, qdrant.ErrNoCollection) {
		return nil, nil
	}
	return nil, fmt.Errorf("%s: %w", doing, err)
}

// misspeltThreshold is the share of a word's runs of characters that a text has to
// have to contain the word, though misspelt.
const misspeltThreshold = 0.4

// encodeWords encodes each word of a query that says anything.
func encodeWords(query string) []retrieval.Vectors {
	var words []retrieval.Vectors
	for word := range strings.FieldsSeq(query) {
		if v := retrieval.EncodeQuery(word); len(v.Words.Indices) > 0 {
			words = append(words, v)
		}
	}
	return words
}

// anyWordIn reports whether a text contains one of the words at least: ranking
// alone returns whatever shares three letters with the query when there is
// nothing better.
func anyWordIn(words []retrieval.Vectors, text string) bool {
	v := retrieval.EncodeQuery(text)
	return slices.ContainsFunc(words, func(word retrieval.Vectors) bool {
		if common(word.Words.Indices, v.Words.Indices) > 0 {
			return true
		}
		grams := word.Grams.Indices
		return float64(common(grams, v.Grams.Indices)) >= misspeltThreshold*float64(max(1, len(grams)))
	})
}

// common counts the indices that are in both; those of all rise.
func common(of, all []uint32) int {
	n := 0
	for _, index := range of {
		if _, found := slices.BinarySearch(all, index); found {
			n++
		}
	}
	return n
}
