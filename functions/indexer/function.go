// Package indexer brings events into memory and statistics.
package indexer

import (
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

// New returns an instance of the function.
func New() *function.Function {
	return function.Serve("indexer", func() (function.Service, error) { return indexer.Open() })
}
