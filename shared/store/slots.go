package store

import (
	"encoding/json"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/cache"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// maxSlotBytes bounds the definitions that a store keeps decoded, in bytes as they are
// stored; decoded, they take a few times as much. A slot's takes about 150.
const maxSlotBytes = 128 << 10

// slotCache holds decoded slots by their definitions: conversations for the same
// information have the same ones, and each call of a conversation loads all of them.
// Nothing changes a slot, so calls share them.
type slotCache struct{ *cache.Cache[questioning.Slot] }

func newSlotCache() slotCache { return slotCache{cache.New[questioning.Slot](maxSlotBytes)} }

// of decodes the definition of a slot.
func (c slotCache) of(definition []byte) (questioning.Slot, error) {
	return c.Get(definition, func() (slot questioning.Slot, _ int, err error) {
		if err := json.Unmarshal(definition, &slot); err != nil {
			return slot, 0, fmt.Errorf("read the definition of a slot: %w", err)
		}
		return slot.Plain(), 0, nil
	})
}
