package embedded

import (
	"math"

	api "github.com/qdrant/go-client/qdrant"
)

const (
	// few is the part of the points, 1 in few, below which those that an index
	// leaves are scored one by one.
	few         = 8
	defaultRRFK = 2
)

// nearest is a search by one vector.
type nearest struct {
	name      string
	sparse    []term
	dense     []float32 // of length one
	isDense   bool
	filter    filter
	threshold float32
	limit     int
}

func (s schema) readNearest(using string, query *api.Query, f filter, threshold *float32, limit int) (nearest, error) {
	n := nearest{name: using, filter: f, threshold: float32(math.Inf(-1)), limit: limit}
	if threshold != nil {
		n.threshold = *threshold
	}
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

// search returns the best slots for one vector.
func (c *collection) search(n nearest) []scored {
	best := &top{limit: n.limit, before: c.before}
	offer := func(slot uint32, score float32) {
		if score < n.threshold || best.barred && score < best.bar || !c.alive[slot] || !n.filter.match(c, slot) {
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

func (c *collection) offerDense(n nearest, slot uint32, offer func(uint32, float32)) {
	if vector := c.dense[n.name].at(slot); vector != nil && c.alive[slot] {
		offer(slot, dot(vector, n.dense))
	}
}

// fusion joins lists by reciprocal rank.
type fusion struct {
	k       int
	weights []float32 // of each list, nil is 1
}

// readFusion returns nil when the query is none.
func readFusion(query *api.Query, lists int) (*fusion, error) {
	switch variant := query.GetVariant().(type) {
	case *api.Query_Fusion:
		if variant.Fusion != api.Fusion_RRF {
			return nil, unimplemented("fusion " + variant.Fusion.String())
		}
		return &fusion{k: defaultRRFK}, nil
	case *api.Query_Rrf:
		f := &fusion{k: defaultRRFK, weights: variant.Rrf.GetWeights()}
		if variant.Rrf.K != nil {
			if f.k = int(variant.Rrf.GetK()); f.k < 1 {
				return nil, invalid("rrf: k must be at least 1")
			}
		}
		if len(f.weights) > 0 && len(f.weights) != lists {
			return nil, invalid("Number of weights in RRF should match number of pre-fetches: got %d, expected %d", len(f.weights), lists)
		}
		return f, nil
	}
	return nil, nil
}

func (f fusion) score(list, place int) float32 {
	weight := float32(1)
	if len(f.weights) > 0 {
		weight = f.weights[list]
	}
	if !(weight > 0) {
		return 0
	}
	return 1 / (float32(place)/weight + float32(f.k) - 1)
}

func (c *collection) fuse(f fusion, lists [][]scored, threshold *float32, limit int) []scored {
	sums := map[uint32]float32{}
	for i, list := range lists {
		for j, hit := range list {
			sums[hit.slot] += f.score(i, j+1)
		}
	}
	best := &top{limit: limit, before: c.before}
	for slot, score := range sums {
		if threshold == nil || score >= *threshold {
			best.offer(scored{slot, score})
		}
	}
	return best.result()
}

// query answers a request, under the lock of a reader.
func (c *collection) query(request *api.QueryPoints) ([]scored, error) {
	offset, limit, err := window(request.Offset, request.Limit)
	if err != nil {
		return nil, err
	}
	root, err := readFilter(request.GetFilter())
	if err != nil {
		return nil, err
	}
	var hits []scored
	if len(request.GetPrefetch()) == 0 {
		n, err := c.readNearest(request.GetUsing(), request.GetQuery(), root, request.ScoreThreshold, offset+limit)
		if err != nil {
			return nil, err
		}
		hits = c.search(n)
	} else if hits, err = c.queryFused(request, root, offset+limit); err != nil {
		return nil, err
	}
	return hits[min(offset, len(hits)):], nil
}

func (c *collection) queryFused(request *api.QueryPoints, root filter, limit int) ([]scored, error) {
	prefetches := request.GetPrefetch()
	if err := atMost("prefetches of a query", len(prefetches), MaxPrefetches); err != nil {
		return nil, err
	}
	fusion, err := readFusion(request.GetQuery(), len(prefetches))
	if err != nil {
		return nil, err
	}
	if fusion == nil {
		return nil, unimplemented("query over prefetches other than rank fusion")
	}
	lists := make([][]scored, len(prefetches))
	for i, prefetch := range prefetches {
		if err := refused(
			refusal{len(prefetch.GetPrefetch()) > 0, "prefetch in a prefetch"},
			refusal{prefetch.LookupFrom != nil, "lookup_from"},
			refusal{prefetch.GetParams().GetIdf() != nil, "idf of search params"},
		); err != nil {
			return nil, err
		}
		_, own, err := window(nil, prefetch.Limit)
		if err != nil {
			return nil, err
		}
		f, err := readFilter(prefetch.GetFilter())
		if err != nil {
			return nil, err
		}
		n, err := c.readNearest(prefetch.GetUsing(), prefetch.GetQuery(), root.both(f), prefetch.ScoreThreshold, max(own, limit))
		if err != nil {
			return nil, err
		}
		lists[i] = c.search(n)
	}
	return c.fuse(*fusion, lists, request.ScoreThreshold, limit), nil
}

func window(offset, limit *uint64) (int, int, error) {
	from, count := uint64(0), uint64(defaultLimit)
	if offset != nil {
		from = *offset
	}
	if limit != nil {
		count = *limit
	}
	if count < 1 {
		return 0, 0, invalid("limit must be at least 1")
	}
	if from > MaxResults || count > MaxResults || from+count > MaxResults {
		return 0, 0, atMost("limit and offset of a query", int(min(max(from, count, from+count), math.MaxInt32)), MaxResults)
	}
	return int(from), int(count), nil
}
