package embedded

import "math/bits"

// bitset is a set of slots, one bit for each. It remembers which scores of a search
// were touched, without a map.
type bitset []uint64

// set adds a slot, which has to be within the length that the set was made with.
func (b bitset) set(slot uint32) { b[slot/64] |= 1 << (slot % 64) }

// each yields the slots in the set, in order.
func (b bitset) each(yield func(uint32) bool) {
	for i, word := range b {
		for ; word != 0; word &= word - 1 {
			if !yield(uint32(i*64 + bits.TrailingZeros64(word))) {
				return
			}
		}
	}
}
