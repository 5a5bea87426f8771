package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

// MaxRecalled bounds how many items one Recall returns.
const MaxRecalled = 100

// Recall returns what the principal's conversations, or those with one user when
// userID is given, hold about a query, best first.
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
	query = clip(query, maxText)
	meaning := m.embed(ctx, []string{query})
	found, err := m.search(ctx, query, meaning, filter, min(limit, MaxRecalled))
	if meaning == nil {
		about := newAbout(query)
		found = slices.DeleteFunc(found, func(f Found) bool { return !about.fits(f.text()) })
	}
	return found, err
}

// search goes by a query's words and, where there is one, the model's vector.
func (m *Memory) search(ctx context.Context, query string, meaning [][]float32, filter qdrant.Filter, limit int) ([]Found, error) {
	q := qdrant.Query{Sparse: sparse(retrieval.EncodeQuery(query)), Filter: filter, Limit: limit}
	if meaning != nil {
		q.Dense = map[string][]float32{meaningVector: meaning[0]}
		delete(q.Sparse, gramsVector) // a model reads past typing errors by itself
	}
	hits, err := m.client.Search(ctx, collection, q)
	if err != nil {
		return nothingYet("search memory", err)
	}
	return found(hits)
}

// found reads hits, except for secrets that an earlier version remembered.
func found(hits []qdrant.Hit) ([]Found, error) {
	all := make([]Found, 0, len(hits))
	for _, hit := range hits {
		one, err := item(hit)
		if err != nil {
			return nil, err
		}
		if !one.secret() {
			all = append(all, Found{Item: one, Score: float64(hit.Score)})
		}
	}
	return all, nil
}

// nothingYet takes a collection that was never written for an empty one.
func nothingYet(doing string, err error) ([]Found, error) {
	if errors.Is(err, qdrant.ErrNoCollection) {
		return nil, nil
	}
	return nil, fmt.Errorf("%s: %w", doing, err)
}
