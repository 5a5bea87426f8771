package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// maxSlotBytes bounds the definitions that a store keeps decoded, in bytes as they are
// stored; decoded, they take a few times as much. A slot's takes about 150.
const maxSlotBytes = 128 << 10

// slotCache holds lists of decoded slots by their definitions: conversations for the same
// information have the same ones, and each call of a conversation loads all of them.
// Nothing changes a slot or its list, so calls share them. It is emptied whole when it is
// full.
type slotCache struct {
	mu      sync.RWMutex
	decoded map[string][]questioning.Slot
	bytes   int // of the keys
}

// of decodes the definitions of a conversation's slots, each of which ends with a zero byte.
func (c *slotCache) of(definitions []byte) ([]questioning.Slot, error) {
	c.mu.RLock()
	known, ok := c.decoded[string(definitions)]
	c.mu.RUnlock()
	if ok {
		return known, nil
	}
	slots := make([]questioning.Slot, 0, bytes.Count(definitions, []byte{0}))
	for definition := range bytes.SplitAfterSeq(definitions, []byte{0}) {
		if len(definition) == 0 {
			break
		}
		var slot questioning.Slot
		if err := json.Unmarshal(definition[:len(definition)-1], &slot); err != nil {
			return nil, fmt.Errorf("read the definition of a slot: %w", err)
		}
		slots = append(slots, slot.Plain())
	}
	c.keep(definitions, slots)
	return slots, nil
}

func (c *slotCache) keep(definitions []byte, slots []questioning.Slot) {
	if len(definitions) > maxSlotBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes += len(definitions); c.bytes > maxSlotBytes || c.decoded == nil {
		c.decoded, c.bytes = map[string][]questioning.Slot{}, len(definitions)
	}
	c.decoded[string(definitions)] = slots
}
