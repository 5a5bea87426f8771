// Package relay publishes what waits in the outbox, woken by a nudge after a
// commit and by a timer.
package relay

import (
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventing"
)

// New returns an instance of the function.
func New() *eventing.Function {
	return eventing.New("relay", func() (eventing.Backend, error) { return event.OpenRelay() })
}
