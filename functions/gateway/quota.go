package gateway

import "sync"

// principalShare is the part of a quota that one principal may hold, as a divisor:
// half, so that one busy account keeps most of what it could use and all others
// together always find as much.
const principalShare = 2

// quota bounds how many of something are held at once: in all, and by one
// principal. It is safe for concurrent use.
type quota struct {
	total, each int

	mu   sync.Mutex
	held int
	by   map[string]int // principal
}

// newQuota divides total among principals. Where there is only one, the whole is
// its share.
func newQuota(total int, onePrincipal bool) *quota {
	each := total
	if !onePrincipal {
		each = max(1, total/principalShare)
	}
	return &quota{total: total, each: each, by: map[string]int{}}
}

// take holds one for a principal until release is called, which may be called
// once. It returns false when the whole or the principal's share is held.
func (q *quota) take(principal string) (release func(), ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held >= q.total || q.by[principal] >= q.each {
		return nil, false
	}
	q.held++
	q.by[principal]++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.held--
		if q.by[principal]--; q.by[principal] == 0 {
			delete(q.by, principal)
		}
	}, true
}
