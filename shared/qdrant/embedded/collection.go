package embedded

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	api "github.com/qdrant/go-client/qdrant"
)

// few is the part of the points, 1 in few, below which those that an index leaves
// are looked at one by one instead of all in order. Looking at one by one costs a
// binary search or a merge for each, and going through all a fixed cost for each.
const few = 8

// schema is what a collection was created with. It never changes, so it is read
// without the lock.
type schema struct {
	params   *api.CollectionParams
	metadata map[string]*api.Value
	weighed  map[string]bool // sparse vectors: with the IDF modifier?
	sizes    map[string]int  // dense vectors: dimensions
}

// collection keeps points in slots. A slot is never used again: a point that
// is deleted or replaced leaves a dead one, and when these are as many as the
// living the collection is compacted. So every list of slots stays in order.
//
// mu guards everything below it: changes hold it for writing, searches for reading.
// All slices by slot have the same length. order is computed by readers, which may
// do so at the same time: they store the same.
type collection struct {
	schema
	limits limits

	mu       sync.RWMutex
	slots    map[pointID]uint32
	ids      []pointID
	payloads []map[string]*api.Value
	bytesOf  []int // of the vectors and the payload of each slot
	alive    []bool
	dead     int
	bytes    int
	sparse   map[string]*sparseVectors
	dense    map[string]*denseVectors
	keywords map[string]map[string][]uint32 // indexed payload field, value: slots
	version  uint64

	order atomic.Pointer[[]uint32] // living slots by id; nil after a change
}

// newCollection makes an empty one.
func newCollection(s schema, l limits) *collection {
	c := &collection{schema: s, limits: l, keywords: map[string]map[string][]uint32{}}
	c.clear()
	return c
}

// clear empties the collection and keeps which fields have an index.
func (c *collection) clear() {
	c.slots = map[pointID]uint32{}
	c.ids, c.payloads, c.bytesOf, c.alive, c.dead, c.bytes = nil, nil, nil, nil, 0, 0
	c.sparse, c.dense = map[string]*sparseVectors{}, map[string]*denseVectors{}
	for name, idf := range c.weighed {
		c.sparse[name] = newSparseVectors(idf)
	}
	for name, size := range c.sizes {
		c.dense[name] = newDenseVectors(size)
	}
	for field := range c.keywords {
		c.keywords[field] = map[string][]uint32{}
	}
}

// point is one as it is kept.
type point struct {
	id      pointID
	payload map[string]*api.Value
	sparse  map[string][]term
	dense   map[string][]float32
	size    int
}

// upsert writes points whole, all of them or none, and returns the number of the
// change. The last of several with one id counts.
func (c *collection) upsert(points []point) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.room(points); err != nil {
		return 0, err
	}
	for _, p := range points {
		c.remove(p.id)
		c.add(p)
	}
	return c.changed(), nil
}

// room says whether the points fit, before any is taken in. So a request that does
// not fit changes nothing.
func (c *collection) room(points []point) error {
	last := make(map[pointID]int, len(points))
	for _, p := range points {
		last[p.id] = p.size
	}
	count, bytes := len(c.slots)+len(last), c.bytes
	for id, size := range last {
		bytes += size
		if slot, ok := c.slots[id]; ok {
			count, bytes = count-1, bytes-c.bytesOf[slot]
		}
	}
	if err := atMost("points of a collection", count, c.limits.points); err != nil {
		return err
	}
	return atMost("bytes of a collection", bytes, c.limits.collectionBytes)
}

// add gives a point the next slot. Every list by slot grows by one, so that they
// stay of the same length.
func (c *collection) add(p point) {
	slot := uint32(len(c.ids))
	c.slots[p.id] = slot
	c.ids, c.payloads = append(c.ids, p.id), append(c.payloads, p.payload)
	c.bytesOf, c.alive, c.bytes = append(c.bytesOf, p.size), append(c.alive, true), c.bytes+p.size
	for name, vectors := range c.sparse {
		vectors.add(p.sparse[name])
	}
	for name, vectors := range c.dense {
		vectors.add(p.dense[name])
	}
	for field, index := range c.keywords {
		indexKeywords(index, p.payload[field], slot)
	}
}

// indexKeywords adds a slot to the list of each keyword that a field of its payload
// holds, once: a list may repeat one.
func indexKeywords(index map[string][]uint32, value *api.Value, slot uint32) {
	for item := range items(value) {
		if keyword, ok := item.GetKind().(*api.Value_StringValue); ok {
			slots := index[keyword.StringValue]
			if n := len(slots); n == 0 || slots[n-1] != slot {
				index[keyword.StringValue] = append(slots, slot)
			}
		}
	}
}

// remove leaves a dead slot where the id had one. Dense vectors stay until
// compaction, which search skips by alive.
func (c *collection) remove(id pointID) {
	slot, ok := c.slots[id]
	if !ok {
		return
	}
	delete(c.slots, id)
	c.alive[slot], c.payloads[slot] = false, nil
	c.dead++
	c.bytes -= c.bytesOf[slot]
	for _, vectors := range c.sparse {
		vectors.forget(slot)
	}
}

// deleteWhere removes the points that fit and returns the number of the change. The
// filter is matched and the points are removed under one lock, so no point that is
// written meanwhile escapes it half way.
func (c *collection) deleteWhere(f filter) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, slot := range c.matching(f) {
		c.remove(c.ids[slot])
	}
	return c.changed()
}

// changed ends each change and returns its number. Compacting copies the living
// points when the dead are more than they are, so its cost is spread over as many
// deletions.
func (c *collection) changed() uint64 {
	if c.dead > compactAfterDeleted && c.dead > len(c.slots) {
		c.compact()
	}
	c.order.Store(nil)
	c.version++
	return c.version
}

// compact gives the living points new slots, in their order. It frees the memory of
// deleted payloads and vectors; searches wait meanwhile.
func (c *collection) compact() {
	points := make([]point, 0, len(c.slots))
	for slot, alive := range c.alive {
		if alive {
			points = append(points, c.at(uint32(slot)))
		}
	}
	c.clear()
	for _, p := range points {
		c.add(p)
	}
}

// at returns the point of a living slot. It is used for compaction only; searches
// read the slices directly.
func (c *collection) at(slot uint32) point {
	p := point{id: c.ids[slot], payload: c.payloads[slot], size: c.bytesOf[slot], sparse: map[string][]term{}, dense: map[string][]float32{}}
	for name, vectors := range c.sparse {
		p.sparse[name] = vectors.terms(slot)
	}
	for name, vectors := range c.dense {
		p.dense[name] = vectors.at(slot)
	}
	return p
}

// matching returns the living slots that fit, in no order that means anything.
func (c *collection) matching(f filter) []uint32 {
	var slots []uint32
	take := func(slot uint32) {
		if c.alive[slot] && f.match(c.payloads[slot]) {
			slots = append(slots, slot)
		}
	}
	if narrow, ok := c.narrow(f); ok {
		for _, slot := range narrow {
			take(slot)
		}
		return slots
	}
	for slot := range c.alive {
		take(uint32(slot))
	}
	return slots
}

// narrow returns the slots that one indexed keyword of the filter leaves, the
// fewest of any; false when none is indexed. Dead ones can be among them.
// Conditions of mustNot narrow nothing down, and fields without an index are
// checked on each point.
func (c *collection) narrow(f filter) (slots []uint32, ok bool) {
	for _, choice := range f.must {
		index, indexed := c.keywords[choice.field]
		if !indexed {
			continue
		}
		count := 0
		for _, value := range choice.values {
			count += len(index[value])
		}
		if ok && count >= len(slots) {
			continue
		}
		slots, ok = union(index, choice.values), true
	}
	return slots, ok
}

// union returns the slots of any of the keywords, in order, each once. The slots of
// one keyword alone are those of the index itself: they are only read.
func union(index map[string][]uint32, values []string) []uint32 {
	if len(values) == 1 {
		return index[values[0]]
	}
	var slots []uint32
	for _, value := range values {
		slots = append(slots, index[value]...)
	}
	slices.Sort(slots)
	return slices.Compact(slots)
}

// byID returns all living slots by id. The order is kept until the next change: a
// caller that pages through everything would otherwise sort for every page.
func (c *collection) byID() []uint32 {
	if order := c.order.Load(); order != nil {
		return *order
	}
	order := make([]uint32, 0, len(c.slots))
	for _, slot := range c.slots {
		order = append(order, slot)
	}
	c.sortByID(order)
	c.order.Store(&order)
	return order
}

// before orders by score, the best first, and then by id. A total order makes
// results repeatable, as tests need them; Qdrant leaves ties open.
func (c *collection) before(a, b scored) int {
	if byScore := cmp.Compare(b.score, a.score); byScore != 0 {
		return byScore
	}
	return c.ids[a.slot].compare(c.ids[b.slot])
}

func (c *collection) sortByID(slots []uint32) {
	slices.SortFunc(slots, func(a, b uint32) int { return c.ids[a].compare(c.ids[b]) })
}

// page returns up to limit slots that fit, by id from the one at offset, and the id
// where the next page starts, nil at the end. The caller holds the lock for
// reading, and copies what it returns before it lets go.
func (c *collection) page(f filter, offset pointID, limit int) (slots []uint32, next *pointID) {
	order := c.byIDWhere(f)
	start, _ := slices.BinarySearchFunc(order, offset, func(slot uint32, id pointID) int { return c.ids[slot].compare(id) })
	for _, slot := range order[start:] {
		if !f.match(c.payloads[slot]) {
			continue
		}
		if len(slots) == limit {
			return slots, &c.ids[slot]
		}
		slots = append(slots, slot)
	}
	return slots, nil
}

// byIDWhere sorts only what fits when an index leaves few.
func (c *collection) byIDWhere(f filter) []uint32 {
	if narrow, ok := c.narrow(f); !ok || len(narrow) > len(c.ids)/few {
		return c.byID()
	}
	slots := c.matching(f)
	c.sortByID(slots)
	return slots
}

// createIndex indexes the keywords of a payload field. Slots go into it in order,
// which union and narrow rely on.
func (c *collection) createIndex(field string) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.keywords[field]; !ok {
		if err := atMost("indexes of a collection", len(c.keywords)+1, MaxIndexes); err != nil {
			return 0, err
		}
	}
	index := map[string][]uint32{}
	for slot, payload := range c.payloads {
		indexKeywords(index, payload[field], uint32(slot))
	}
	c.keywords[field] = index
	return c.changed(), nil
}
