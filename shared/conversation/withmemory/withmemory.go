// Package withmemory gives conversations a memory. A function that opens
// conversations without it links neither Qdrant's client nor gRPC.
package withmemory

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
)

// Open opens the memory that the environment describes, without connecting: a
// conversation.Extension.
func Open() (conversation.Option, error) {
	var config memory.Settings
	if err := settings.Parse(&config); err != nil {
		return nil, err
	}
	opened, err := config.Open()
	if err != nil {
		return nil, err
	}
	return conversation.WithMemory(opened), nil
}
