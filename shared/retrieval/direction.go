package retrieval

import (
	"maps"
	"math"
	"slices"
)

// direction is a vector of length one, or an empty one. Indices rise, so that
// sums are the same every time.
type direction struct {
	indices []uint32
	values  []float64
}

// direction scales weights to length one.
func (w weights) direction() direction {
	d := direction{indices: slices.Sorted(maps.Keys(w))}
	squares := 0.0
	for _, index := range d.indices {
		d.values = append(d.values, w[index])
		squares += w[index] * w[index]
	}
	for i := range d.values {
		d.values[i] /= math.Sqrt(squares)
	}
	return d
}

// cosine is 0 to 1, as no weight is negative; rounding must not make it more.
func (d direction) cosine(other direction) float64 {
	sum := 0.0
	for i, j := 0, 0; i < len(d.indices) && j < len(other.indices); {
		switch a, b := d.indices[i], other.indices[j]; {
		case a < b:
			i++
		case a > b:
			j++
		default:
			sum += d.values[i] * other.values[j]
			i, j = i+1, j+1
		}
	}
	return min(1, sum)
}
