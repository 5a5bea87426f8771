// Package indexer takes events into memory and statistics.
package indexer

import (
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventing"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

// New returns an instance of the function.
func New() *function.Function {
	return eventing.New("indexer", func() (eventing.Backend, error) { return indexer.Open() })
}
