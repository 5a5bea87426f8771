package qdrant_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
)

// everywhere runs a test on the embedded Qdrant, and on the real one that
// QDRANT_TEST_URL names, in collections of its own.
func everywhere(t *testing.T, test func(*testing.T, *qdrant.Client)) {
	t.Run("embedded", func(t *testing.T) { test(t, qdranttest.Open(t)) })
	url := os.Getenv("QDRANT_TEST_URL")
	if url == "" {
		return
	}
	t.Run("real", func(t *testing.T) {
		client, err := qdrant.Open(qdrant.Config{
			URL: url, APIKey: os.Getenv("QDRANT_TEST_API_KEY"), Timeout: 5 * time.Second, Prefix: "test_" + uuid.NewString(),
		})
		require.NoError(t, err)
		t.Cleanup(func() {
			assert.NoError(t, client.Drop(context.Background(), "c"))
			client.Close()
		})
		test(t, client)
	})
}

var shape = qdrant.Collection{
	Name: "c", Sparse: []string{"words", "grams"}, Dense: map[string]uint64{"meaning": 3}, Keywords: []string{"user", "tags"},
}

func ensured(t *testing.T, client *qdrant.Client) {
	t.Helper()
	require.NoError(t, client.Ensure(t.Context(), shape))
}

func id(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }

func sparse(pairs ...float32) qdrant.Sparse {
	var s qdrant.Sparse
	for i := 0; i < len(pairs); i += 2 {
		s.Indices, s.Values = append(s.Indices, uint32(pairs[i])), append(s.Values, pairs[i+1])
	}
	return s
}

func words(pairs ...float32) map[string]qdrant.Sparse {
	return map[string]qdrant.Sparse{"words": sparse(pairs...)}
}

func ids(hits []qdrant.Hit) []string {
	found := make([]string, len(hits))
	for i, hit := range hits {
		found[i] = strings.TrimLeft(hit.ID[len(hit.ID)-12:], "0")
	}
	return found
}

func count(t *testing.T, client *qdrant.Client, filter qdrant.Filter) int {
	t.Helper()
	hits, err := client.Scroll(t.Context(), "c", filter, 10_000)
	require.NoError(t, err)
	return len(hits)
}

func idf(n, df float64) float64 { return math.Log((n-df+0.5)/(df+0.5) + 1) }

func TestAReadyQdrantSaysSo(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) { assert.NoError(t, client.Ready(t.Context())) })
}

func TestAMissingCollectionIsToldWhereItMatters(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		_, err := client.Search(t.Context(), "c", qdrant.Query{Sparse: words(1, 1), Limit: 1})
		assert.ErrorIs(t, err, qdrant.ErrNoCollection)
		_, err = client.Scroll(t.Context(), "c", qdrant.Filter{}, 1)
		assert.ErrorIs(t, err, qdrant.ErrNoCollection)
		assert.ErrorIs(t, client.Upsert(t.Context(), "c", []qdrant.Point{{ID: id(1)}}), qdrant.ErrNoCollection)

		assert.NoError(t, client.Delete(t.Context(), "c", qdrant.Filter{Must: map[string]string{"user": "a"}}))
		assert.NoError(t, client.Drop(t.Context(), "c"))
	})
}

func TestSeveralCanEnsureACollectionAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { assert.NoError(t, client.Ensure(t.Context(), shape)) })
		}
		all.Wait()
		require.NoError(t, client.Upsert(t.Context(), "c", []qdrant.Point{{ID: id(1)}}))
		ensured(t, client)
		assert.Equal(t, 1, count(t, client, qdrant.Filter{}))
	})
}

func TestACollectionOfAnotherShapeIsLeftAloneAndTold(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		err := client.Ensure(t.Context(), qdrant.Collection{Name: "c", Sparse: []string{"letters"}, Dense: map[string]uint64{"meaning": 4}})
		assert.ErrorIs(t, err, qdrant.ErrMismatch)
		assert.ErrorContains(t, err, "no sparse vector letters")
		assert.ErrorContains(t, err, "meaning has 3 dimensions")

		require.NoError(t, client.Drop(t.Context(), "c"))
		assert.NoError(t, client.Ensure(t.Context(), qdrant.Collection{Name: "c", Dense: map[string]uint64{"meaning": 4}}))
	})
}

func TestACollectionCanGainAKeyword(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		require.NoError(t, client.Upsert(t.Context(), "c", []qdrant.Point{{ID: id(1), Payload: map[string]any{"slot": "budget"}}}))
		wider := shape
		wider.Keywords = append(slices.Clone(shape.Keywords), "slot")
		require.NoError(t, client.Ensure(t.Context(), wider))
		assert.Equal(t, 1, count(t, client, qdrant.Filter{Must: map[string]string{"slot": "budget"}}))
	})
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		payload := map[string]any{
			"text": "größer", "number": 3, "part": 0.5, "yes": true, "none": nil, "tags": []string{"a", "b"},
			"nested": map[string]any{"list": []any{1, "x", []string{"y"}}},
		}
		require.NoError(t, client.Upsert(t.Context(), "c", []qdrant.Point{{ID: id(1), Payload: payload}, {ID: id(2)}}))
		hits, err := client.Scroll(t.Context(), "c", qdrant.Filter{}, 10)
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2"}, ids(hits))
		assert.Empty(t, hits[1].Payload)
		assert.Equal(t, map[string]any{
			"text": "größer", "number": int64(3), "part": 0.5, "yes": true, "none": nil, "tags": []any{"a", "b"},
			"nested": map[string]any{"list": []any{int64(1), "x", []any{"y"}}},
		}, hits[0].Payload)
	})
}

func TestWritingAgainReplacesThePointWhole(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		require.NoError(t, client.Upsert(t.Context(), "c", []qdrant.Point{
			{ID: id(1), Sparse: words(7, 1), Dense: map[string][]float32{"meaning": {1, 0, 0}}, Payload: map[string]any{"user": "a", "old": true}},
		}))
		require.NoError(t, client.Upsert(t.Context(), "c", []qdrant.Point{{ID: id(1), Sparse: words(8, 1), Payload: map[string]any{"user": "b"}}}))
		for query, want := range map[*qdrant.Query]int{
			{Sparse: words(7, 1)}:                               0,
			{Sparse: words(8, 1)}:                               1,
			{Dense: map[string][]float32{"meaning": {1, 0, 0}}}: 0,
		} {
			query.Limit = 10
			hits, err := client.Search(t.Context(), "c", *query)
			require.NoError(t, err)
			assert.Len(t, hits, want)
		}
		hits, err := client.Scroll(t.Context(), "c", qdrant.Filter{}, 10)
		require.NoError(t, err)
		require.Len(t, hits, 1)
		assert.Equal(t, map[string]any{"user": "b"}, hits[0].Payload)
		assert.Zero(t, count(t, client, qdrant.Filter{Must: map[string]string{"user": "a"}}))
	})
}

func TestARareWordWeighsMoreByTheFormulaOfIDF(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		points := []qdrant.Point{
			{ID: id(1), Sparse: words(2, 1, 1, 1)}, {ID: id(2), Sparse: words(1, 2)}, {ID: id(3), Sparse: words(1, 1)}, {ID: id(4), Sparse: words(9, 1)},
		}
		require.NoError(t, client.Upsert(t.Context(), "c", points))
		hits, err := client.Search(t.Context(), "c", qdrant.Query{Sparse: words(2, 1, 1, 0.5, 77, 1), Limit: 10})
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2", "3"}, ids(hits), "one that shares no index is not found")
		common, rare := 0.5*idf(4, 3), idf(4, 1)
		for i, want := range []float64{rare + common, 2 * common, common} {
			assert.InDelta(t, want, hits[i].Score, 1e-5)
		}
	})
}

func TestDenseVectorsAreComparedByCosine(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		require.NoError(t, client.Upsert(t.Context(), "c", []qdrant.Point{
			{ID: id(1), Dense: map[string][]float32{"meaning": {5, 0, 0}}},
			{ID: id(2), Dense: map[string][]float32{"meaning": {3, 4, 0}}},
			{ID: id(3), Dense: map[string][]float32{"meaning": {-1, 0, 0}}},
			{ID: id(4), Sparse: words(1, 1)},
		}))
		hits, err := client.Search(t.Context(), "c", qdrant.Query{Dense: map[string][]float32{"meaning": {2, 0, 0}}, Limit: 10})
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2", "3"}, ids(hits))
		for i, want := range []float64{1, 0.6, -1} {
			assert.InDelta(t, want, hits[i].Score, 1e-6)
		}
	})
}

func TestVectorsAreFusedByReciprocalRank(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		// By words the order is 1, 2, 3; by grams 3, 2; by meaning 2 alone.
		require.NoError(t, client.Upsert(t.Context(), "c", []qdrant.Point{
			{ID: id(1), Sparse: map[string]qdrant.Sparse{"words": sparse(1, 3)}},
			{ID: id(2), Sparse: map[string]qdrant.Sparse{"words": sparse(1, 2), "grams": sparse(1, 1)}, Dense: map[string][]float32{"meaning": {1, 0, 0}}},
			{ID: id(3), Sparse: map[string]qdrant.Sparse{"words": sparse(1, 1), "grams": sparse(1, 2)}},
		}))
		query := qdrant.Query{
			Sparse: map[string]qdrant.Sparse{"words": sparse(1, 1), "grams": sparse(1, 1)},
			Dense:  map[string][]float32{"meaning": {1, 0, 0}}, Limit: 10,
		}
		one := func(place float64) float64 { return 1 / (place + 1) }
		hits, err := client.Search(t.Context(), "c", query)
		require.NoError(t, err)
		require.Equal(t, []string{"2", "3", "1"}, ids(hits))
		for i, want := range []float64{one(2) + one(2) + one(1), one(3) + one(1), one(1)} {
			assert.InDelta(t, want, hits[i].Score, 1e-5)
		}
	})
}

func TestOnlySoManyAreFound(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		var points []qdrant.Point
		for n := 1; n <= 20; n++ {
			points = append(points, qdrant.Point{ID: id(n), Dense: map[string][]float32{"meaning": {float32(n), 10, 0}}, Sparse: words(1, float32(n))})
		}
		require.NoError(t, client.Upsert(t.Context(), "c", points))
		near := map[string][]float32{"meaning": {1, 0, 0}}
		for _, query := range []qdrant.Query{{Dense: near, Limit: 3}, {Dense: near, Sparse: words(1, 1), Limit: 3}} {
			hits, err := client.Search(t.Context(), "c", query)
			require.NoError(t, err)
			assert.Equal(t, []string{"20", "19", "18"}, ids(hits))
		}
	})
}

func TestFiltersHoldInEveryWayOfReading(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		var points []qdrant.Point
		for n, payload := range []map[string]any{
			{"user": "a", "tags": []string{"x", "y"}, "plain": "p"},
			{"user": "b", "tags": []string{"x"}},
			{"user": "a", "tags": "z", "plain": "q"},
			{"tags": []string{}},
		} {
			points = append(points, qdrant.Point{ID: id(n + 1), Payload: payload, Sparse: words(1, float32(9-n)), Dense: map[string][]float32{"meaning": {1, float32(n), 0}}})
		}
		require.NoError(t, client.Upsert(t.Context(), "c", points))
		for name, c := range map[string]struct {
			filter qdrant.Filter
			want   []string
		}{
			"none":               {qdrant.Filter{}, []string{"1", "2", "3", "4"}},
			"must":               {qdrant.Filter{Must: map[string]string{"user": "a"}}, []string{"1", "3"}},
			"must of two":        {qdrant.Filter{Must: map[string]string{"user": "a", "tags": "y"}}, []string{"1"}},
			"must without index": {qdrant.Filter{Must: map[string]string{"plain": "q"}}, []string{"3"}},
			"must of none":       {qdrant.Filter{Must: map[string]string{"user": "nobody"}}, []string{}},
			"must not":           {qdrant.Filter{MustNot: map[string]string{"user": "a"}}, []string{"2", "4"}},
			"any":                {qdrant.Filter{Any: map[string][]string{"tags": {"y", "x", "z"}}}, []string{"1", "2", "3"}},
			"any of one":         {qdrant.Filter{Any: map[string][]string{"tags": {"z"}}}, []string{"3"}},
			"any of nothing":     {qdrant.Filter{Any: map[string][]string{"tags": {}}}, []string{}},
			"all kinds": {qdrant.Filter{
				Must: map[string]string{"user": "a"}, MustNot: map[string]string{"tags": "z"}, Any: map[string][]string{"tags": {"x", "z"}},
			}, []string{"1"}},
		} {
			t.Run(name, func(t *testing.T) {
				hits, err := client.Scroll(t.Context(), "c", c.filter, 10)
				require.NoError(t, err)
				assert.Equal(t, c.want, ids(hits), "scroll")
				both := qdrant.Query{Sparse: words(1, 1), Dense: map[string][]float32{"meaning": {1, 0, 0}}}
				for way, query := range map[string]qdrant.Query{"sparse": {Sparse: both.Sparse}, "dense": {Dense: both.Dense}, "both": both} {
					query.Limit, query.Filter = 10, c.filter
					hits, err := client.Search(t.Context(), "c", query)
					require.NoError(t, err)
					assert.Equal(t, c.want, ids(hits), way)
				}
			})
		}
	})
}

func TestAScrollGoesOverAllPagesInOrderOfID(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		var points []qdrant.Point
		for n := 700; n >= 1; n-- {
			points = append(points, qdrant.Point{ID: id(n), Payload: map[string]any{"user": []string{"odd", "even"}[1-n%2]}})
		}
		require.NoError(t, client.Upsert(t.Context(), "c", points))
		all, err := client.Scroll(t.Context(), "c", qdrant.Filter{}, 10_000)
		require.NoError(t, err)
		require.Len(t, all, 700)
		assert.True(t, slices.IsSortedFunc(all, func(a, b qdrant.Hit) int { return strings.Compare(a.ID, b.ID) }))
		some, err := client.Scroll(t.Context(), "c", qdrant.Filter{Must: map[string]string{"user": "even"}}, 300)
		require.NoError(t, err)
		require.Len(t, some, 300)
		assert.Equal(t, id(600), some[299].ID)
	})
}

func TestDeletingTakesWhatFitsAndNothingElse(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		var points []qdrant.Point
		for n := 1; n <= 6; n++ {
			points = append(points, qdrant.Point{ID: id(n), Sparse: words(1, 1), Payload: map[string]any{"user": fmt.Sprint(n % 3)}})
		}
		require.NoError(t, client.Upsert(t.Context(), "c", points))
		left := func() []string {
			hits, err := client.Scroll(t.Context(), "c", qdrant.Filter{}, 10)
			require.NoError(t, err)
			found, err := client.Search(t.Context(), "c", qdrant.Query{Sparse: words(1, 1), Limit: 10})
			require.NoError(t, err)
			assert.Len(t, found, len(hits))
			return ids(hits)
		}
		assert.ErrorContains(t, client.Delete(t.Context(), "c", qdrant.Filter{}), "empty")
		require.NoError(t, client.Delete(t.Context(), "c", qdrant.Filter{Any: map[string][]string{"user": {}}}))
		assert.Len(t, left(), 6)
		require.NoError(t, client.Delete(t.Context(), "c", qdrant.Filter{Must: map[string]string{"user": "1"}}))
		assert.Equal(t, []string{"2", "3", "5", "6"}, left())
		require.NoError(t, client.Drop(t.Context(), "c"))
		ensured(t, client)
		assert.Empty(t, left())
	})
}

func TestAPointWithoutValuesIsKeptAndNotFoundByThem(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		require.NoError(t, client.Upsert(t.Context(), "c", []qdrant.Point{{ID: id(1), Sparse: words(), Dense: map[string][]float32{"meaning": {}}}}))
		assert.Equal(t, 1, count(t, client, qdrant.Filter{}))
		hits, err := client.Search(t.Context(), "c", qdrant.Query{Sparse: words(), Limit: 1})
		require.NoError(t, err)
		assert.Empty(t, hits)
	})
}

func TestMoreThanOneMessageHoldsIsWrittenAndReadInParts(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		var points []qdrant.Point
		for n := 1; n <= 150; n++ {
			points = append(points, qdrant.Point{ID: id(n), Payload: map[string]any{"text": strings.Repeat("x", 200<<10)}})
		}
		require.NoError(t, client.Upsert(t.Context(), "c", points))
		assert.Equal(t, len(points), count(t, client, qdrant.Filter{}))
	})
}

func TestAWrongRequestNamesWhatIsWrong(t *testing.T) {
	everywhere(t, func(t *testing.T, client *qdrant.Client) {
		ensured(t, client)
		search := func(q qdrant.Query) error { _, err := client.Search(t.Context(), "c", q); return err }
		write := func(p qdrant.Point) error { return client.Upsert(t.Context(), "c", []qdrant.Point{p}) }
		nan := float32(math.NaN())
		for what, err := range map[string]error{
			"limit is 0":               search(qdrant.Query{Sparse: words(1, 1)}),
			"limit is 10001":           search(qdrant.Query{Sparse: words(1, 1), Limit: 10_001}),
			"words: 1 indices":         search(qdrant.Query{Sparse: map[string]qdrant.Sparse{"words": {Indices: []uint32{1}}}, Limit: 1}),
			"both sparse and dense":    search(qdrant.Query{Sparse: words(1, 1), Dense: map[string][]float32{"words": {1}}, Limit: 1}),
			"value 1 is NaN":           search(qdrant.Query{Dense: map[string][]float32{"meaning": {1, nan, 1}}, Limit: 1}),
			"other":                    search(qdrant.Query{Sparse: map[string]qdrant.Sparse{"other": sparse(1, 1)}, Limit: 1}),
			"3":                        search(qdrant.Query{Dense: map[string][]float32{"meaning": {1, 2}}, Limit: 1}),
			`point id is "seven"`:      write(qdrant.Point{ID: "seven"}),
			"index 5 is there twice":   write(qdrant.Point{ID: id(1), Sparse: words(5, 1, 5, 2)}),
			"payload: when":            write(qdrant.Point{ID: id(1), Payload: map[string]any{"when": time.Now()}}),
			"bytes: at most 8388608":   write(qdrant.Point{ID: id(1), Payload: map[string]any{"text": strings.Repeat("x", 9<<20)}}),
			"Not existing vector name": write(qdrant.Point{ID: id(1), Sparse: map[string]qdrant.Sparse{"nothere": sparse(1, 1)}}),
			"expected dim: 3, got 2":   write(qdrant.Point{ID: id(1), Dense: map[string][]float32{"meaning": {1, 2}}}),
		} {
			if assert.ErrorContains(t, err, what) {
				assert.NotErrorIs(t, err, qdrant.ErrUnavailable)
			}
		}
		_, err := client.Scroll(t.Context(), "c", qdrant.Filter{}, 0)
		assert.ErrorContains(t, err, "limit is 0")
		assert.ErrorContains(t, client.Drop(t.Context(), "a/b"), `collection is "a/b"`)
		assert.Zero(t, count(t, client, qdrant.Filter{}), "nothing wrong was taken in")
	})
}

func TestAReadyMadeClientIsForOneTest(t *testing.T) {
	a, b := qdranttest.Open(t), qdranttest.Open(t)
	ensured(t, a)
	_, err := b.Scroll(t.Context(), "c", qdrant.Filter{}, 1)
	assert.ErrorIs(t, err, qdrant.ErrNoCollection)
}
