package store

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// maxSlotBytes bounds the definitions that a store keeps decoded, in bytes as they are
// stored; decoded, they take a few times as much. A slot's takes about 150.
const maxSlotBytes = 128 << 10

// slotCache holds decoded slots by their definitions: conversations for the same
// information have the same ones, and each call of a conversation loads all of them.
// Nothing changes a slot, so calls share them. It is emptied whole when it is full.
type slotCache struct {
	mu      sync.RWMutex
	decoded map[string]questioning.Slot
	bytes   int // of the keys
}

// of decodes the definition of a slot.
func (c *slotCache) of(definition []byte) (questioning.Slot, error) {
	c.mu.RLock()
	known, ok := c.decoded[string(definition)]
	c.mu.RUnlock()
	if ok {
		return known, nil
	}
	var slot questioning.Slot
	if err := json.Unmarshal(definition, &slot); err != nil {
		return slot, fmt.Errorf("read the definition of a slot: %w", err)
	}
	slot = slot.Plain()
	c.keep(definition, slot)
	return slot, nil
}

func (c *slotCache) keep(definition []byte, slot questioning.Slot) {
	if len(definition) > maxSlotBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes += len(definition); c.bytes > maxSlotBytes || c.decoded == nil {
		c.decoded, c.bytes = map[string]questioning.Slot{}, len(definition)
	}
	c.decoded[string(definition)] = slot
}
