package retrieval

import (
	"maps"
	"math"
	"slices"
)

// Similarity says how alike two texts are, from 0 to 1: the cosine of their
// telling words' runs of characters, every run counting the same.
func Similarity(a, b string) float64 {
	return newQuery(a).runs().direction().cosine(newQuery(b).runs().direction())
}

// similarTo compares texts with one, each text once.
func similarTo(text string) func(other string) float64 {
	to := newQuery(text).runs().direction()
	known := map[string]float64{}
	return func(other string) float64 {
		similar, ok := known[other]
		if !ok {
			similar = to.cosine(newQuery(other).runs().direction())
			known[other] = similar
		}
		return similar
	}
}

// direction is a vector of length one, or an empty one. Indices rise, so that
// sums are the same every time.
type direction struct {
	indices []uint32
	values  []float64
}

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
