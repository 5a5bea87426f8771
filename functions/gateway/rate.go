package gateway

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// burst is how long a principal that made no calls may call at any rate.
	burst = 10 * time.Second
	// maxLimiters bounds how many principals are remembered. One whose limiter is full
	// again is forgotten without a loss.
	maxLimiters = 10_000
)

// rateLimit bounds how often each principal calls tools. It counts by instance: a
// count in PostgreSQL would add a round trip to every call, and what the limit
// protects, the functions and the database, is bounded by what all instances together
// let through, which is known: the limit times their number. It is safe for concurrent
// use. A nil *rateLimit allows everything.
type rateLimit struct {
	each  rate.Limit
	burst int
	most  int // limiters, at once

	mu sync.Mutex
	by map[string]*rate.Limiter // principal
}

// newRateLimit returns the limit of a configuration: none without a number, and none
// where all callers are one principal.
func newRateLimit(perMinute int, onePrincipal bool) *rateLimit {
	if perMinute == 0 || onePrincipal {
		return nil
	}
	each := rate.Limit(perMinute) / 60
	return &rateLimit{each: each, burst: max(1, int(float64(each)*burst.Seconds())), most: maxLimiters, by: map[string]*rate.Limiter{}}
}

// take counts a call of a principal. When the principal has called too often, it
// returns false and after what time the next call is allowed.
func (l *rateLimit) take(principal string) (wait time.Duration, ok bool) {
	if l == nil {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	limiter, known := l.by[principal]
	if !known {
		l.forget(now)
		limiter = rate.NewLimiter(l.each, l.burst)
		l.by[principal] = limiter
	}
	reserved := limiter.ReserveN(now, 1)
	if wait = reserved.DelayFrom(now); wait > 0 {
		reserved.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// forget makes room for one more principal: those that have not called for so long
// that their limiters are full go, and if there are none, all.
func (l *rateLimit) forget(now time.Time) {
	if len(l.by) < l.most {
		return
	}
	for principal, limiter := range l.by {
		if limiter.TokensAt(now) >= float64(l.burst) {
			delete(l.by, principal)
		}
	}
	if len(l.by) >= l.most {
		clear(l.by)
	}
}
