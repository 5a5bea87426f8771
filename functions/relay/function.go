// Package relay publishes the events that wait in the outbox, woken by a nudge after
// a commit and by a timer.
package relay

import (
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

// New returns an instance of the function.
func New() *function.Function {
	return function.Serve("relay", func() (function.Service, error) { return delivery.OpenRelay() })
}
