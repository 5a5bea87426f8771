package store

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/cache"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// maxSlotBytes bounds the definitions that a store keeps decoded, in bytes as they are
// stored; decoded, they take a few times as much. A slot's takes about 150.
const maxSlotBytes = 128 << 10

// slotCache holds lists of decoded slots by their definitions: conversations for the same
// information have the same ones, and each call of a conversation loads all of them.
// Nothing changes a slot or its list, so calls share them.
type slotCache struct {
	*cache.Cache[[]questioning.Slot]
}

func newSlotCache() slotCache { return slotCache{cache.New[[]questioning.Slot](maxSlotBytes)} }

// of decodes the definitions of a conversation's slots, each of which ends with a zero byte.
func (c slotCache) of(definitions []byte) ([]questioning.Slot, error) {
	return c.Get(definitions, func() ([]questioning.Slot, int, error) {
		slots := make([]questioning.Slot, 0, bytes.Count(definitions, []byte{0}))
		for definition := range bytes.SplitAfterSeq(definitions, []byte{0}) {
			if len(definition) == 0 {
				break
			}
			var slot questioning.Slot
			if err := json.Unmarshal(definition[:len(definition)-1], &slot); err != nil {
				return nil, 0, fmt.Errorf("read the definition of a slot: %w", err)
			}
			slots = append(slots, slot.Plain())
		}
		return slots, 0, nil
	})
}
