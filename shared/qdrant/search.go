package qdrant

import (
	"context"
	"fmt"
	"maps"
	"slices"

	api "github.com/qdrant/go-client/qdrant"
)

const (
	// MaxLimit bounds the hits of one Search and the hits that each vector
	// puts forward.
	MaxLimit = 10_000
	// perVector is how many times Limit each vector puts forward by default.
	perVector = 4
)

// Query looks for points near any of several vectors. With one vector the
// score of a hit is the dot product (sparse, weighted by IDF) or the cosine
// (dense). The hits of several are fused by reciprocal rank: the score is the
// sum over the vectors of 1/(place/weight + RRFK - 1), place counted from 1.
type Query struct {
	Sparse map[string]Sparse
	Dense  map[string][]float32
	// Weights of the vectors in the fusion, by name; one not named has 1.
	Weights map[string]float32
	RRFK    uint32 // 0 is 2, the default of Qdrant
	// Prefetch is how many hits each vector puts forward: Limit to MaxLimit,
	// 0 is four times Limit.
	Prefetch int
	Limit    int // 1 to MaxLimit
	Filter   Filter
	MinScore float32 // of a hit at last; 0 is no bound
}

// Search returns the best hits first. A vector of the query without values is
// left out, and with none left nothing is found.
func (c *Client) Search(ctx context.Context, collection string, q Query) ([]Hit, error) {
	name, err := c.name(collection)
	if err != nil {
		return nil, err
	}
	request, err := q.encode()
	if err != nil {
		return nil, fmt.Errorf("qdrant: search %s: %w", collection, err)
	}
	if request == nil || q.Filter.nothing() {
		return nil, nil
	}
	request.CollectionName = name
	var found []*api.ScoredPoint
	err = c.read(ctx, "search", collection, func(ctx context.Context) error {
		found, err = c.api.Query(ctx, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	hits := make([]Hit, len(found))
	for i, point := range found {
		hits[i] = hitOf(point.GetId(), point.GetScore(), point.GetPayload())
	}
	return hits, nil
}

// encode returns nil when there is no vector to look for.
func (q Query) encode() (*api.QueryPoints, error) {
	if q.Limit < 1 || q.Limit > MaxLimit {
		return nil, fmt.Errorf("limit is %d: want 1 to %d", q.Limit, MaxLimit)
	}
	prefetch := q.Prefetch
	if prefetch == 0 {
		prefetch = min(perVector*q.Limit, MaxLimit)
	}
	if prefetch < q.Limit || prefetch > MaxLimit {
		return nil, fmt.Errorf("prefetch is %d: want %d to %d", q.Prefetch, q.Limit, MaxLimit)
	}
	vectors, err := q.vectors()
	if err != nil || len(vectors) == 0 {
		return nil, err
	}
	request := &api.QueryPoints{Limit: api.PtrOf(uint64(q.Limit)), WithPayload: api.NewWithPayload(true)}
	if q.MinScore != 0 {
		request.ScoreThreshold = &q.MinScore
	}
	names := slices.Sorted(maps.Keys(vectors))
	if len(names) == 1 {
		request.Using, request.Query, request.Filter = &names[0], vectors[names[0]], q.Filter.encode()
		return request, nil
	}
	rrf := &api.Rrf{}
	if q.RRFK > 0 {
		rrf.K = &q.RRFK
	}
	for _, name := range names {
		request.Prefetch = append(request.Prefetch, &api.PrefetchQuery{
			Query: vectors[name], Using: &name, Filter: q.Filter.encode(), Limit: api.PtrOf(uint64(prefetch)),
		})
		if len(q.Weights) > 0 {
			rrf.Weights = append(rrf.Weights, q.weight(name))
		}
	}
	request.Query = api.NewQueryRRF(rrf)
	return request, nil
}

func (q Query) vectors() (map[string]*api.Query, error) {
	vectors := map[string]*api.Query{}
	for name, vector := range q.Sparse {
		if err := vector.check(); err != nil {
			return nil, fmt.Errorf("sparse vector %s: %w", name, err)
		}
		if len(vector.Indices) > 0 {
			vectors[name] = api.NewQuerySparse(vector.Indices, vector.Values)
		}
	}
	for name, vector := range q.Dense {
		if _, twice := q.Sparse[name]; twice {
			return nil, fmt.Errorf("vector %s is both sparse and dense", name)
		}
		if err := finite(vector); err != nil {
			return nil, fmt.Errorf("dense vector %s: %w", name, err)
		}
		if len(vector) > 0 {
			vectors[name] = api.NewQueryDense(vector)
		}
	}
	return vectors, q.checkWeights()
}

func (q Query) checkWeights() error {
	for _, name := range slices.Sorted(maps.Keys(q.Weights)) {
		_, sparse := q.Sparse[name]
		_, dense := q.Dense[name]
		if !sparse && !dense {
			return fmt.Errorf("weights: %s is no vector of the query", name)
		}
		if weight := q.Weights[name]; !(weight > 0) || finite([]float32{weight}) != nil {
			return fmt.Errorf("weights: %s is %g: want a number above 0", name, weight)
		}
	}
	return nil
}

func (q Query) weight(name string) float32 {
	if weight, ok := q.Weights[name]; ok {
		return weight
	}
	return 1
}
