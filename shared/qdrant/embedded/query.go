package embedded

import (
	"math"

	api "github.com/qdrant/go-client/qdrant"
)

// rrfK is Qdrant's default constant of reciprocal rank fusion (Cormack, Clarke and
// Büttcher, SIGIR 2009, who use 60).
const rrfK = 2

// nearest is a search by one vector: a whole query, or one of several whose lists are
// fused.
type nearest struct {
	name    string
	sparse  []term
	dense   []float32 // of length one
	isDense bool
	filter  filter
	limit   int
}

// readNearest reads what a request looks for by one vector. A vector that the
// collection does not have, or has of the other kind, is refused in the words of
// Qdrant, which clients may look for.
func (s schema) readNearest(using string, query *api.Query, f filter, limit int) (nearest, error) {
	n := nearest{name: using, filter: f, limit: limit}
	var err error
	size, isDense := s.sizes[using]
	_, isSparse := s.weighed[using]
	switch vector := query.GetNearest().GetVariant().(type) {
	case *api.VectorInput_Dense:
		if isSparse {
			return n, invalid("Conversion between sparse and regular vectors failed: vector %s is sparse", using)
		}
		if !isDense {
			break
		}
		n.isDense = true
		n.dense, err = readDense(using, vector.Dense.GetData(), size)
		return n, err
	case *api.VectorInput_Sparse:
		if isDense {
			return n, invalid("Conversion between sparse and regular vectors failed: vector %s is dense", using)
		}
		if !isSparse {
			break
		}
		n.sparse, err = readSparse(using, vector.Sparse)
		return n, err
	default:
		return n, unimplemented("query other than by a dense or a sparse vector or by rank fusion of these")
	}
	return n, invalid("Not existing vector name error: %s", using)
}

// search returns the best slots for one vector. There are four ways to the same
// result, chosen by the kind of vector and by how few points an index leaves. Only
// points that share an index with a sparse query are hits, as in Qdrant.
func (c *collection) search(n nearest) []scored {
	best := &top{limit: n.limit, before: c.before}
	offer := func(slot uint32, score float32) {
		if best.full && score < best.threshold || !c.alive[slot] || !n.filter.match(c.payloads[slot]) {
			return
		}
		best.offer(scored{slot, score})
	}
	narrow, narrowed := c.narrow(n.filter)
	switch {
	case n.isDense && narrowed:
		for _, slot := range narrow {
			c.offerDense(n, slot, offer)
		}
	case n.isDense:
		for slot := range c.alive {
			c.offerDense(n, uint32(slot), offer)
		}
	case narrowed && len(narrow) <= len(c.ids)/few:
		vectors := c.sparse[n.name]
		weighed := vectors.weigh(n.sparse)
		for _, slot := range narrow {
			if score, shared := vectors.score(weighed, slot); shared {
				offer(slot, score)
			}
		}
	default:
		scratch := scratches.Get().(*scratch)
		defer scratches.Put(scratch)
		c.sparse[n.name].scores(n.sparse, scratch)
		for slot := range scratch.touched.each {
			offer(slot, scratch.scores[slot])
		}
	}
	return best.result()
}

// offerDense offers a living slot that has the vector. Deleted points are skipped
// here, since their vectors are still in the rows.
func (c *collection) offerDense(n nearest, slot uint32, offer func(uint32, float32)) {
	if vector := c.dense[n.name].at(slot); vector != nil && c.alive[slot] {
		offer(slot, dot(vector, n.dense))
	}
}

// fuse joins lists by reciprocal rank. Scores of different vectors are not
// comparable, places are.
func (c *collection) fuse(lists [][]scored, limit int) []scored {
	sums := map[uint32]float32{}
	for _, list := range lists {
		for i, hit := range list {
			place := float32(i + 1)
			sums[hit.slot] += 1 / (place + rrfK - 1)
		}
	}
	best := &top{limit: limit, before: c.before}
	for slot, score := range sums {
		best.offer(scored{slot, score})
	}
	return best.result()
}

// query answers a request, under the lock of a reader.
func (c *collection) query(request *api.QueryPoints) ([]scored, error) {
	limit, err := readLimit(request.Limit)
	if err != nil {
		return nil, err
	}
	if len(request.GetPrefetch()) > 0 {
		return c.queryFused(request, limit)
	}
	f, err := readFilter(request.GetFilter())
	if err != nil {
		return nil, err
	}
	n, err := c.readNearest(request.GetUsing(), request.GetQuery(), f, limit)
	if err != nil {
		return nil, err
	}
	return c.search(n), nil
}

// queryFused fuses the lists of several vectors. A filter has to be on each
// prefetch; one on the query itself is refused, because package qdrant never sends
// it.
func (c *collection) queryFused(request *api.QueryPoints, limit int) ([]scored, error) {
	prefetches := request.GetPrefetch()
	if err := atMost("prefetches of a query", len(prefetches), MaxPrefetches); err != nil {
		return nil, err
	}
	fusion, ok := request.GetQuery().GetVariant().(*api.Query_Fusion)
	if err := refused(
		refusal{!ok || fusion.Fusion != api.Fusion_RRF, "query over prefetches other than fusion RRF"},
		refusal{request.Filter != nil, "filter beside prefetches"},
	); err != nil {
		return nil, err
	}
	lists := make([][]scored, len(prefetches))
	for i, prefetch := range prefetches {
		n, err := c.readPrefetch(prefetch, limit)
		if err != nil {
			return nil, err
		}
		lists[i] = c.search(n)
	}
	return c.fuse(lists, limit), nil
}

// readPrefetch reads one list to be fused. It has at least as many hits as
// are asked for in the end.
func (c *collection) readPrefetch(prefetch *api.PrefetchQuery, least int) (nearest, error) {
	if err := refused(
		refusal{len(prefetch.GetPrefetch()) > 0, "prefetch in a prefetch"},
		refusal{prefetch.ScoreThreshold != nil, "score_threshold"},
		refusal{prefetch.LookupFrom != nil, "lookup_from"},
		refusal{prefetch.GetParams().GetIdf() != nil, "idf of search params"},
	); err != nil {
		return nearest{}, err
	}
	limit, err := readLimit(prefetch.Limit)
	if err != nil {
		return nearest{}, err
	}
	f, err := readFilter(prefetch.GetFilter())
	if err != nil {
		return nearest{}, err
	}
	return c.readNearest(prefetch.GetUsing(), prefetch.GetQuery(), f, max(limit, least))
}

// readLimit reads how many results are asked for. Without one it is 10, as in
// Qdrant.
func readLimit[N uint32 | uint64](limit *N) (int, error) {
	switch {
	case limit == nil:
		return defaultLimit, nil
	case *limit < 1:
		return 0, invalid("limit must be at least 1")
	}
	count := int(min(uint64(*limit), math.MaxInt32))
	return count, atMost("limit of a request", count, MaxResults)
}
