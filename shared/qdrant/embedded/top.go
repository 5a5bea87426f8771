package embedded

import (
	"slices"
	"sync"
)

// scored is a slot with its score in one search.
type scored struct {
	slot  uint32
	score float32
}

// top keeps the best of what is offered. It sorts only when twice as many have
// come, so each offer costs little.
type top struct {
	limit  int
	before func(a, b scored) int
	best   []scored
	// threshold is the score of the last of the best, once there are limit of them:
	// full. What scores less cannot be among the best any more.
	threshold float32
	full      bool
}

// offer takes a slot in unless it cannot be among the best. Between two cuts the
// list grows to twice its limit and a little, so that a small limit does not sort
// at every offer.
func (t *top) offer(s scored) {
	if t.full && s.score < t.threshold {
		return
	}
	t.best = append(t.best, s)
	if len(t.best) >= 2*t.limit+64 {
		t.cut()
	}
}

// cut sorts what was offered, leaves the best, and raises the threshold.
func (t *top) cut() {
	slices.SortFunc(t.best, t.before)
	if len(t.best) >= t.limit {
		t.best = t.best[:t.limit]
		if t.limit > 0 {
			t.threshold, t.full = t.best[t.limit-1].score, true
		}
	}
}

// result returns the best in order, at most limit of them.
func (t *top) result() []scored {
	t.cut()
	return t.best
}

// scratch is memory for the scores of one search over all slots, used again by
// later ones: allocating it for each would cost more than the search.
type scratch struct {
	scores  []float32
	touched bitset
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// reset makes it empty and fit for so many slots.
func (s *scratch) reset(slots int) {
	if cap(s.scores) < slots {
		s.scores, s.touched = make([]float32, slots, slots+slots/4), make(bitset, (slots+63)/64, (slots+slots/4+127)/64)
		return
	}
	s.scores, s.touched = s.scores[:slots], s.touched[:(slots+63)/64]
	clear(s.scores)
	clear(s.touched)
}
