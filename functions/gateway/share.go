package gateway

import "sync"

// shareOfOne is the part of a whole that one principal may hold, as a divisor:
// half, so that one busy account keeps most of what it could use and all others
// together always find as much.
const shareOfOne = 2

// shares bounds how many of something are held at once: in all, and by one
// principal. It is safe for concurrent use.
type shares struct {
	total, each int

	mu   sync.Mutex
	held int
	by   map[string]int
}

// newShares divides total among principals. Where there is only one, the whole
// is its share.
func newShares(total int, onePrincipal bool) *shares {
	each := total
	if !onePrincipal {
		each = max(1, total/shareOfOne)
	}
	return &shares{total: total, each: each, by: map[string]int{}}
}

// take holds one for a principal until release is called, which may be called
// once. It returns false when the whole or the principal's share is held.
func (s *shares) take(principal string) (release func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held >= s.total || s.by[principal] >= s.each {
		return nil, false
	}
	s.held++
	s.by[principal]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held--
		if s.by[principal]--; s.by[principal] == 0 {
			delete(s.by, principal)
		}
	}, true
}
