package embedded

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	api "github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/require"
)

// BenchmarkSearch searches 100,000 points, 30 terms each out of 30,000 as
// frequent as words are, by 8 terms, and by 384 dimensions.
func BenchmarkSearch(b *testing.B) {
	const points, size = 100_000, 384
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.1, 3, 30_000)
	terms := func(count int) []term {
		picked := map[uint32]bool{}
		for len(picked) < count {
			picked[uint32(zipf.Uint64())] = true
		}
		var list []term
		for index := range picked {
			list = append(list, term{index, random.Float32() + 0.1})
		}
		slices.SortFunc(list, func(a, b term) int { return int(a.index) - int(b.index) })
		return list
	}
	dense := func() []float32 {
		vector := make([]float32, size)
		for i := range vector {
			vector[i] = random.Float32() - 0.5
		}
		unit, err := readDense("meaning", vector, size)
		require.NoError(b, err)
		return unit
	}
	c := newCollection(schema{weighed: map[string]bool{"words": true}, sizes: map[string]int{"meaning": size}}, standardLimits())
	_, err := c.createIndex("user")
	require.NoError(b, err)
	for n := range points {
		_, err := c.upsert([]point{{
			id: number(n), payload: user(fmt.Sprint(n % 1000)), size: 1,
			sparse: map[string][]term{"words": terms(30)}, dense: map[string][]float32{"meaning": dense()},
		}})
		require.NoError(b, err)
	}
	one, err := readFilter(&api.Filter{Must: []*api.Condition{api.NewMatch("user", "7")}})
	require.NoError(b, err)
	not, err := readFilter(&api.Filter{MustNot: []*api.Condition{api.NewMatch("user", "7")}})
	require.NoError(b, err)
	queries := make([]nearest, 64)
	for i := range queries {
		queries[i] = nearest{name: "words", sparse: terms(8), dense: dense(), limit: 40}
	}
	for name, run := range map[string]struct {
		filter filter
		dense  bool
	}{
		"sparse/all": {everything(b), false}, "sparse/one-user": {one, false}, "sparse/all-but-one-user": {not, false},
		"dense/all": {everything(b), true}, "dense/one-user": {one, true},
	} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				n := queries[i%len(queries)]
				n.filter = run.filter
				if run.dense {
					n.name, n.isDense = "meaning", true
				}
				c.search(n)
			}
		})
	}
}
