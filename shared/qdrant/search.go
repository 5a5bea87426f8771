package qdrant

import (
	"context"
	"fmt"
	"maps"
	"slices"

	api "github.com/qdrant/go-client/qdrant"
)

const (
	// MaxLimit bounds the hits of one Search and the hits of each vector that are fused.
	MaxLimit = 10_000
	// perVector is how many times Limit hits of each vector are fused. A hit that
	// is among the best only by several vectors together is lost below it.
	perVector = 4
)

// Query looks for points near any of several vectors. With one vector the
// score of a hit is the dot product (sparse, weighted by IDF) or the cosine
// (dense). The hits of several are fused by reciprocal rank, as Qdrant does by
// default: the score is the sum over the vectors of 1/(place + 1), place counted
// from 1.
type Query struct {
	Sparse map[string]Sparse
	Dense  map[string][]float32
	Limit  int // 1 to MaxLimit
	Filter Filter
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

// encode returns nil when there is no vector to look for. With several vectors the
// filter has to be on each prefetch: on the query alone it would apply after the
// lists were cut.
func (q Query) encode() (*api.QueryPoints, error) {
	if q.Limit < 1 || q.Limit > MaxLimit {
		return nil, fmt.Errorf("limit is %d: want 1 to %d", q.Limit, MaxLimit)
	}
	vectors, err := q.vectors()
	if err != nil || len(vectors) == 0 {
		return nil, err
	}
	request := &api.QueryPoints{Limit: api.PtrOf(uint64(q.Limit)), WithPayload: api.NewWithPayload(true)}
	names := slices.Sorted(maps.Keys(vectors))
	if len(names) == 1 {
		request.Using, request.Query, request.Filter = &names[0], vectors[names[0]], q.Filter.encode()
		return request, nil
	}
	forward := uint64(min(perVector*q.Limit, MaxLimit))
	for _, name := range names {
		request.Prefetch = append(request.Prefetch, &api.PrefetchQuery{
			Query: vectors[name], Using: &name, Filter: q.Filter.encode(), Limit: &forward,
		})
	}
	request.Query = api.NewQueryFusion(api.Fusion_RRF)
	return request, nil
}

// vectors are those of the query that have values, by name.
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
	return vectors, nil
}
