// Package relay publishes what waits in the outbox, woken by a nudge after a
// commit and by a timer.
package relay

import (
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventing"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

// New returns an instance of the function.
func New() *function.Function {
	return eventing.New("relay", func() (eventing.Backend, error) { return event.OpenRelay() })
}
