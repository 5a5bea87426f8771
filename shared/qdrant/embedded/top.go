package embedded

import (
	"slices"
	"sync"
)

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
	bar    float32 // below it nothing gets in
	barred bool
}

func (t *top) offer(s scored) {
	if t.barred && s.score < t.bar {
		return
	}
	t.best = append(t.best, s)
	if len(t.best) >= 2*t.limit+64 {
		t.cut()
	}
}

func (t *top) cut() {
	slices.SortFunc(t.best, t.before)
	if len(t.best) >= t.limit {
		t.best = t.best[:t.limit]
		if t.limit > 0 {
			t.bar, t.barred = t.best[t.limit-1].score, true
		}
	}
}

func (t *top) result() []scored {
	t.cut()
	return t.best
}

// scratch is room for the scores of a search, used again.
type scratch struct {
	scores  []float32
	touched bitset
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (s *scratch) reset(slots int) {
	if cap(s.scores) < slots {
		s.scores, s.touched = make([]float32, slots, slots+slots/4), make(bitset, (slots+63)/64, (slots+slots/4+127)/64)
		return
	}
	s.scores, s.touched = s.scores[:slots], s.touched[:(slots+63)/64]
	clear(s.scores)
	clear(s.touched)
}
