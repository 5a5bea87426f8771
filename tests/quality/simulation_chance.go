package main

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
)

// chance gives random numbers that depend on names alone, so that what a person does
// about one slot is the same in whatever order the slots come. Ways of asking are then
// compared on the same people (common random numbers), which narrows the intervals.
// It is no source of secrets.
type chance uint64

// of derives the chance of something named below this one. A nought ends each name, so
// that "ab", "c" is not "a", "bc".
func (c chance) of(names ...string) chance {
	h := fnv.New64a()
	binary.Write(h, binary.LittleEndian, uint64(c)) // a hash takes everything
	for _, name := range names {
		h.Write([]byte(name))
		h.Write([]byte{0})
	}
	return chance(h.Sum64())
}

// generator returns a new generator each time: asking twice gives the same number
// twice.
func (c chance) generator() *rand.Rand { return rand.New(rand.NewPCG(uint64(c), 0x5eed)) }

// float is a number from 0 to below 1, the same at each call; so are the others.
func (c chance) float() float64 { return c.generator().Float64() }

// below is a whole number from 0 to below n.
func (c chance) below(n int) int { return c.generator().IntN(n) }

// between is a number in the range.
func (c chance) between(low, high float64) float64 { return low + (high-low)*c.float() }
