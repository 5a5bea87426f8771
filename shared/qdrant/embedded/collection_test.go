package embedded

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	api "github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func small() *collection {
	c := newCollection(schema{weighed: map[string]bool{"words": true}, sizes: map[string]int{"meaning": 2}}, standardLimits())
	_, err := c.createIndex("user")
	if err != nil {
		panic(err)
	}
	return c
}

func user(name string) map[string]*api.Value { return api.NewValueMap(map[string]any{"user": name}) }

// model is a collection in the plainest way.
type model map[int]point

func (m model) search(query []term, who string, limit int) []string {
	count, df := 0, map[uint32]int{}
	for _, p := range m {
		if len(p.sparse["words"]) > 0 {
			count++
		}
		for _, t := range p.sparse["words"] {
			df[t.index]++
		}
	}
	type hit struct {
		id    int
		score float64
	}
	var hits []hit
	for id, p := range m {
		if who != "" && p.payload["user"].GetStringValue() != who {
			continue
		}
		score, shared := 0.0, false
		for _, q := range query {
			for _, t := range p.sparse["words"] {
				if t.index == q.index {
					n, d := float64(count), float64(df[t.index])
					score, shared = score+float64(q.value*t.value)*math.Log((n-d+.5)/(d+.5)+1), true
				}
			}
		}
		if shared {
			hits = append(hits, hit{id, score})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	var found []string
	for _, h := range hits[:min(limit, len(hits))] {
		found = append(found, fmt.Sprintf("%.3f", h.score))
	}
	return found
}

func TestAfterAnyChangesASearchFindsWhatAPlainScanWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, plain := small(), model{}
		c.limits.points = 1000
		terms := rapid.Custom(func(t *rapid.T) []term {
			picked := rapid.MapOfN(rapid.Uint32Range(0, 12), rapid.Float32Range(0.5, 4), 0, 5).Draw(t, "terms")
			var list []term
			for _, index := range slices.Sorted(maps.Keys(picked)) {
				list = append(list, term{index, picked[index]})
			}
			return list
		})
		names := rapid.SampledFrom([]string{"ann", "bob", "cem", "dia", "eve", "fay", "gus", "hal", "ida", "jon"})
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				for range rapid.IntRange(1, 5).Draw(t, "count") {
					id := rapid.IntRange(0, 40).Draw(t, "id")
					p := point{id: number(id), payload: user(names.Draw(t, "user")), sparse: map[string][]term{"words": terms.Draw(t, "terms")}}
					_, err := c.upsert([]point{p})
					require.NoError(t, err)
					plain[id] = p
				}
			},
			"delete": func(t *rapid.T) {
				id := rapid.IntRange(0, 40).Draw(t, "id")
				c.remove(number(id))
				c.changed()
				delete(plain, id)
			},
			"delete of a user": func(t *rapid.T) {
				name := names.Draw(t, "user")
				f, err := readFilter(&api.Filter{Must: []*api.Condition{api.NewMatch("user", name)}})
				require.NoError(t, err)
				c.deleteWhere(f)
				maps.DeleteFunc(plain, func(_ int, p point) bool { return p.payload["user"].GetStringValue() == name })
			},
			"compact": func(*rapid.T) { c.compact() },
			"": func(t *rapid.T) {
				query, limit := terms.Draw(t, "query"), rapid.IntRange(1, 50).Draw(t, "limit")
				for _, who := range []string{"", "ann"} {
					conditions := &api.Filter{}
					if who != "" {
						conditions.Must = []*api.Condition{api.NewMatch("user", who)}
					}
					f, err := readFilter(conditions)
					require.NoError(t, err)
					var found []string
					for _, hit := range c.search(nearest{name: "words", sparse: query, filter: f, limit: limit}) {
						found = append(found, fmt.Sprintf("%.3f", hit.score))
					}
					assertClose(t, plain.search(query, who, limit), found)
				}
				require.Len(t, c.byID(), len(plain))
			},
		})
	})
}

// assertClose lets the last digit differ, since one adds in 32 bits.
func assertClose(t *rapid.T, want, have []string) {
	require.Len(t, have, len(want))
	for i := range want {
		var a, b float64
		_, _ = fmt.Sscan(want[i], &a)
		_, _ = fmt.Sscan(have[i], &b)
		require.InDelta(t, a, b, 0.0021)
	}
}

func TestDeletedPointsAreClearedAwayInTime(t *testing.T) {
	c := small()
	for round := range 10 {
		var points []point
		for n := range 1000 {
			points = append(points, point{
				id: number(n), payload: user(fmt.Sprint(round)), dense: map[string][]float32{"meaning": {1, 0}},
				sparse: map[string][]term{"words": {{1, 1}, {uint32(100 + n), 1}}}, size: 10,
			})
		}
		_, err := c.upsert(points)
		require.NoError(t, err)
	}
	assert.LessOrEqual(t, len(c.ids), 1000+2*compactAfterDeleted)
	assert.LessOrEqual(t, len(c.sparse["words"].postings[1].slots), 1000+2*compactAfterDeleted)
	assert.Equal(t, 10*1000, c.bytes)
	c.remove(number(0))
	assert.Equal(t, 10*999, c.bytes)
}

func TestDeletingMakesAWordRarer(t *testing.T) {
	c := small()
	for n := range 4 {
		_, err := c.upsert([]point{{id: number(n), sparse: map[string][]term{"words": {{1, 1}}}}})
		require.NoError(t, err)
	}
	_, err := c.upsert([]point{{id: number(9), sparse: map[string][]term{"words": {{2, 1}}}}})
	require.NoError(t, err)
	score := func() float32 {
		hits := c.search(nearest{name: "words", sparse: []term{{1, 1}}, limit: 1, filter: everything(t)})
		require.Len(t, hits, 1)
		return hits[0].score
	}
	before := score()
	for n := range 3 {
		c.remove(number(n))
	}
	assert.Greater(t, score(), before)
	assert.InDelta(t, math.Log((2-1+.5)/(1+.5)+1), score(), 1e-6)
}

func everything(t testing.TB) filter {
	f, err := readFilter(nil)
	require.NoError(t, err)
	return f
}

func TestConditionsSayWhatTheySay(t *testing.T) {
	c := newCollection(schema{}, standardLimits())
	for n, payload := range []map[string]any{
		{},
		{"x": nil},
		{"x": []any{}},
		{"x": "a"},
		{"x": []any{"a", "b"}},
		{"x": 7},
		{"x": true},
	} {
		_, err := c.upsert([]point{{id: number(n), payload: api.NewValueMap(payload)}})
		require.NoError(t, err)
	}
	must := func(conditions ...*api.Condition) *api.Filter { return &api.Filter{Must: conditions} }
	for name, want := range map[string]struct {
		filter *api.Filter
		ids    []int
	}{
		"nothing asked":     {nil, []int{0, 1, 2, 3, 4, 5, 6}},
		"keyword":           {must(api.NewMatch("x", "a")), []int{3, 4}},
		"keywords":          {must(api.NewMatchKeywords("x", "b", "c")), []int{4}},
		"two keywords":      {must(api.NewMatch("x", "a"), api.NewMatch("x", "b")), []int{4}},
		"must not":          {&api.Filter{MustNot: []*api.Condition{api.NewMatch("x", "b"), api.NewMatchKeywords("x", "c")}}, []int{0, 1, 2, 3, 5, 6}},
		"both":              {&api.Filter{Must: []*api.Condition{api.NewMatch("x", "a")}, MustNot: []*api.Condition{api.NewMatch("x", "b")}}, []int{3}},
		"no keyword at all": {must(api.NewMatchKeywords("x")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := readFilter(want.filter)
			require.NoError(t, err)
			var found []int
			for _, slot := range c.matching(f) {
				found = append(found, numberOf(c.ids[slot].write()))
			}
			slices.Sort(found)
			assert.Equal(t, want.ids, found)
		})
	}
}
