// Package withmemory gives conversations a memory. A function that opens
// conversations without it links neither Qdrant's client nor gRPC.
package withmemory

import (
	"fmt"

	"github.com/caarlos0/env/v11"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
)

// Open opens the memory that the environment describes, without connecting: a
// conversation.Extension.
func Open() (conversation.Option, error) {
	settings, err := env.ParseAs[memory.Settings]()
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	opened, err := settings.Open()
	if err != nil {
		return nil, err
	}
	return conversation.WithMemory(opened), nil
}
