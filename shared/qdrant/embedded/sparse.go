package embedded

import (
	"cmp"
	"math"
	"slices"

	api "github.com/qdrant/go-client/qdrant"
)

// term is one place of a sparse vector.
type term struct {
	index uint32
	value float32
}

// readSparse reads a vector of a request, by index. As in Qdrant no index may be
// there twice. The order by index lets a score be computed in one pass.
func readSparse(name string, vector *api.SparseVector) ([]term, error) {
	if len(vector.GetIndices()) != len(vector.GetValues()) {
		return nil, invalid("vector %s: %d indices and %d values", name, len(vector.GetIndices()), len(vector.GetValues()))
	}
	if err := atMost("values of the sparse vector "+name, len(vector.GetIndices()), MaxSparseValues); err != nil {
		return nil, err
	}
	terms := make([]term, len(vector.GetIndices()))
	for i, index := range vector.GetIndices() {
		terms[i] = term{index, vector.GetValues()[i]}
		if !finite(terms[i].value) {
			return nil, invalid("vector %s: value %d is no finite number", name, i)
		}
	}
	slices.SortFunc(terms, func(a, b term) int { return cmp.Compare(a.index, b.index) })
	for i := 1; i < len(terms); i++ {
		if terms[i].index == terms[i-1].index {
			return nil, invalid("vector %s: indices must be unique, %d is there twice", name, terms[i].index)
		}
	}
	return terms, nil
}

// finite says that a value is a number: NaN or infinity would make every score of a
// search meaningless.
func finite(value float32) bool {
	return !math.IsNaN(float64(value)) && !math.IsInf(float64(value), 0)
}

// posting lists the slots that have one index, in order. Deleted slots stay in
// it until the collection is compacted; count leaves them out.
type posting struct {
	slots  []uint32
	values []float32
	count  int
}

// sparseVectors holds the vectors of one name twice: by slot, packed, and by index.
// The inverted index (postings) serves searches over all points, the packed vectors
// those over the few that a filter leaves.
type sparseVectors struct {
	idf      bool
	postings map[uint32]*posting
	indices  []uint32
	values   []float32
	starts   []int // of each slot in indices and values, and the end
	count    int   // points that have this vector
}

func newSparseVectors(idf bool) *sparseVectors {
	return &sparseVectors{idf: idf, postings: map[uint32]*posting{}, starts: []int{0}}
}

// add gives the next slot its vector; nil is none.
func (s *sparseVectors) add(terms []term) {
	slot := uint32(len(s.starts) - 1)
	for _, t := range terms {
		p := s.postings[t.index]
		if p == nil {
			p = &posting{}
			s.postings[t.index] = p
		}
		p.slots, p.values, p.count = append(p.slots, slot), append(p.values, t.value), p.count+1
		s.indices, s.values = append(s.indices, t.index), append(s.values, t.value)
	}
	s.starts = append(s.starts, len(s.indices))
	if len(terms) > 0 {
		s.count++
	}
}

// forget takes a deleted slot out of the counts that IDF rests on. Its postings stay
// until the collection is compacted.
func (s *sparseVectors) forget(slot uint32) {
	indices, _ := s.at(slot)
	for _, index := range indices {
		s.postings[index].count--
	}
	if len(indices) > 0 {
		s.count--
	}
}

// at returns the indices and values of a slot, by index; both empty where it has no
// such vector.
func (s *sparseVectors) at(slot uint32) ([]uint32, []float32) {
	from, to := s.starts[slot], s.starts[slot+1]
	return s.indices[from:to], s.values[from:to]
}

// terms is at as it was added, for compaction.
func (s *sparseVectors) terms(slot uint32) []term {
	indices, values := s.at(slot)
	terms := make([]term, len(indices))
	for i := range indices {
		terms[i] = term{indices[i], values[i]}
	}
	return terms
}

// weigh multiplies the query by IDF where the collection asks for it. IDF changes
// with every point that is added, so it is applied to the query, never to what is
// stored.
func (s *sparseVectors) weigh(query []term) []term {
	if !s.idf {
		return query
	}
	weighed := make([]term, len(query))
	for i, t := range query {
		df := 0
		if p := s.postings[t.index]; p != nil {
			df = p.count
		}
		weighed[i] = term{t.index, t.value * idf(s.count, df)}
	}
	return weighed
}

// idf is how much a term weighs that df of n points have, by the formula of Qdrant,
// which is that of BM25.
func idf(n, df int) float32 {
	return float32(math.Log((float64(n)-float64(df)+0.5)/(float64(df)+0.5) + 1))
}

// scores gives each slot that shares an index with the query its dot product. Its
// time grows with the postings of the query's terms, not with the points.
func (s *sparseVectors) scores(query []term, scratch *scratch) {
	scratch.reset(len(s.starts) - 1)
	for _, t := range s.weigh(query) {
		p := s.postings[t.index]
		if p == nil {
			continue
		}
		for i, slot := range p.slots {
			scratch.scores[slot] += t.value * p.values[i]
			scratch.touched.set(slot)
		}
	}
}

// score is the dot product with one slot; false when they share no index. Both are
// in the order of their indices, so one pass over each is enough.
func (s *sparseVectors) score(weighed []term, slot uint32) (score float32, shared bool) {
	indices, values := s.at(slot)
	i := 0
	for _, t := range weighed {
		for i < len(indices) && indices[i] < t.index {
			i++
		}
		if i < len(indices) && indices[i] == t.index {
			score, shared = score+t.value*values[i], true
		}
	}
	return score, shared
}
