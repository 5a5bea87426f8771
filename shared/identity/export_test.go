package identity

import "time"

// Forward has the guard's memory of its issuer believe that time has passed.
func (g *Guard) Forward(by time.Duration) {
	g.issuer.mu.Lock()
	defer g.issuer.mu.Unlock()
	now := g.issuer.now
	g.issuer.now = func() time.Time { return now().Add(by) }
}
