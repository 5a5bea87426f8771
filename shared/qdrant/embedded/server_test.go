package embedded

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

func TestItsVersionFitsTheClient(t *testing.T) {
	c := client(t, standardLimits())
	reply, err := c.HealthCheck(t.Context())
	require.NoError(t, err)
	assert.True(t, api.IsCompatible("1.19.0", reply.GetVersion()))
}

func TestItServesOnAListenerAndClosesIt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, err := Start(Options{Listener: listener})
	require.NoError(t, err)
	assert.Equal(t, "http://"+listener.Addr().String(), server.URL())
	require.NoError(t, server.Close())
	require.NoError(t, server.Close())
	_, err = net.DialTimeout("tcp", listener.Addr().String(), time.Second)
	assert.Error(t, err)
}

func TestAnAddressThatIsTakenIsTold(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, err = Start(Options{Address: listener.Addr().String()})
	assert.ErrorContains(t, err, listener.Addr().String())
}

func TestCollectionsAreMadeListedAndRemoved(t *testing.T) {
	c := client(t, standardLimits())
	created(t, c)
	assertCode(t, codes.AlreadyExists, "Collection `c` already exists!", c.CreateCollection(t.Context(), shape()))
	exists, err := c.CollectionExists(t.Context(), "c")
	require.NoError(t, err)
	assert.True(t, exists)
	names, err := c.ListCollections(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"c"}, names)

	_, err = c.CreateFieldIndex(t.Context(), &api.CreateFieldIndexCollection{CollectionName: "c", FieldName: "user", FieldType: api.FieldType_FieldTypeKeyword.Enum()})
	require.NoError(t, err)
	require.NoError(t, upsert(t, c, written(1, nil, nil), written(2, nil, nil)))
	info, err := c.GetCollectionInfo(t.Context(), "c")
	require.NoError(t, err)
	assert.Equal(t, api.CollectionStatus_Green, info.GetStatus())
	assert.EqualValues(t, 2, info.GetPointsCount())
	assert.Equal(t, api.PayloadSchemaType_Keyword, info.GetPayloadSchema()["user"].GetDataType())
	assert.EqualValues(t, 2, info.GetConfig().GetParams().GetVectorsConfig().GetParamsMap().GetMap()["meaning"].GetSize())

	require.NoError(t, c.DeleteCollection(t.Context(), "c"))
	_, err = c.GetCollectionInfo(t.Context(), "c")
	assertCode(t, codes.NotFound, "Not found: Collection `c` doesn't exist!", err)
	assert.Error(t, c.DeleteCollection(t.Context(), "c"), "there was nothing to delete")
}

func TestPagesStartWhereTheLastEnded(t *testing.T) {
	c := client(t, standardLimits())
	created(t, c)
	require.NoError(t, upsert(t, c, written(500, nil, nil), written(30, nil, nil), written(4, nil, nil)))
	var seen []int
	var offset *api.PointId
	for {
		points, next, err := c.ScrollAndOffset(t.Context(), &api.ScrollPoints{CollectionName: "c", Limit: api.PtrOf(uint32(2)), Offset: offset})
		require.NoError(t, err)
		for _, p := range points {
			seen = append(seen, numberOf(p.GetId()))
		}
		if offset = next; next == nil {
			break
		}
	}
	assert.Equal(t, []int{4, 30, 500}, seen)
}

func TestEqualScoresComeByID(t *testing.T) {
	c := client(t, standardLimits())
	created(t, c)
	for _, id := range []int{5, 3, 1, 4, 2} {
		require.NoError(t, upsert(t, c, written(id, nil, map[string]*api.Vector{"raw": api.NewVectorSparse([]uint32{1}, []float32{1})})))
	}
	ids, err := query(t, c, &api.QueryPoints{
		Query: api.NewQuerySparse([]uint32{1}, []float32{1}), Using: api.PtrOf("raw"), Limit: api.PtrOf(uint64(3)),
	})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 3}, ids)
}

func TestAPrefetchPutsForwardAtLeastWhatIsAskedFor(t *testing.T) {
	c := client(t, standardLimits())
	created(t, c)
	for id := range 5 {
		require.NoError(t, upsert(t, c, written(id, nil, map[string]*api.Vector{"raw": api.NewVectorSparse([]uint32{1}, []float32{float32(id + 1)})})))
	}
	ids, err := query(t, c, &api.QueryPoints{
		Prefetch: []*api.PrefetchQuery{{Query: api.NewQuerySparse([]uint32{1}, []float32{1}), Using: api.PtrOf("raw"), Limit: api.PtrOf(uint64(1))}},
		Query:    api.NewQueryFusion(api.Fusion_RRF), Limit: api.PtrOf(uint64(2)),
	})
	require.NoError(t, err)
	assert.Equal(t, []int{4, 3}, ids)
}

func TestWhatIsNotCoveredSaysWhatItIs(t *testing.T) {
	c := client(t, standardLimits())
	created(t, c)
	ask := func(q *api.QueryPoints) error { _, err := query(t, c, q); return err }
	where := func(condition *api.Condition) error {
		_, err := c.Count(t.Context(), &api.CountPoints{CollectionName: "c", Filter: &api.Filter{Must: []*api.Condition{condition}}})
		return err
	}
	create := func(change func(*api.CreateCollection)) error {
		request := shape()
		request.CollectionName = "other"
		change(request)
		return c.CreateCollection(t.Context(), request)
	}
	sparse := api.NewQuerySparse([]uint32{1}, []float32{1})
	words := api.PtrOf("words")
	for what, err := range map[string]error{
		"method SetPayload":       second(c.SetPayload(t.Context(), &api.SetPayloadPoints{CollectionName: "c"})),
		"method Facet":            second(c.Facet(t.Context(), &api.FacetCounts{CollectionName: "c"})),
		"order_by":                second(c.Scroll(t.Context(), &api.ScrollPoints{CollectionName: "c", OrderBy: &api.OrderBy{Key: "x"}})),
		"with_vectors":            second(c.Scroll(t.Context(), &api.ScrollPoints{CollectionName: "c", WithVectors: api.NewWithVectors(true)})),
		"update_mode InsertOnly":  second(c.Upsert(t.Context(), &api.UpsertPoints{CollectionName: "c", UpdateMode: api.UpdateMode_InsertOnly.Enum()})),
		"vector other than dense": upsert(t, c, written(1, nil, map[string]*api.Vector{"meaning": api.NewVectorMulti([][]float32{{1, 2}})})),
		"vector without a name":   upsert(t, c, &api.PointStruct{Id: number(1).write(), Vectors: api.NewVectors(1, 2)}),
		"query other than":        ask(&api.QueryPoints{Query: api.NewQueryID(api.NewIDNum(1)), Using: words}),
		"other than fusion RRF":   ask(&api.QueryPoints{Prefetch: []*api.PrefetchQuery{{Query: sparse, Using: words}}, Query: api.NewQueryFusion(api.Fusion_DBSF)}),
		"prefetches other than":   ask(&api.QueryPoints{Prefetch: []*api.PrefetchQuery{{Query: sparse, Using: words}}, Query: sparse, Using: words}),
		"prefetch in a prefetch":  ask(&api.QueryPoints{Prefetch: []*api.PrefetchQuery{{Prefetch: []*api.PrefetchQuery{{}}}}, Query: api.NewQueryFusion(api.Fusion_RRF)}),
		"should in a filter":      second(c.Count(t.Context(), &api.CountPoints{CollectionName: "c", Filter: &api.Filter{Should: []*api.Condition{api.NewMatch("x", "y")}}})),
		"number as a point's id":  upsert(t, c, &api.PointStruct{Id: api.NewIDNum(1), Vectors: api.NewVectorsMap(nil)}),
		"deletion by ids":         second(c.Delete(t.Context(), &api.DeletePoints{CollectionName: "c", Points: api.NewPointsSelector(number(1).write())})),
		"choice of payload":       second(c.Scroll(t.Context(), &api.ScrollPoints{CollectionName: "c", WithPayload: api.NewWithPayloadInclude("a")})),
		"offset of a query":       ask(&api.QueryPoints{Query: sparse, Using: words, Offset: api.PtrOf(uint64(1))}),
		"score_threshold":         ask(&api.QueryPoints{Query: sparse, Using: words, ScoreThreshold: api.PtrOf(float32(1))}),
		"filter beside prefetch":  ask(&api.QueryPoints{Prefetch: []*api.PrefetchQuery{{Query: sparse, Using: words}}, Query: api.NewQueryFusion(api.Fusion_RRF), Filter: &api.Filter{}}),
		"path into a payload":     where(api.NewMatch("x.y", "z")),
		"quantization": create(func(r *api.CreateCollection) {
			r.QuantizationConfig = api.NewQuantizationScalar(&api.ScalarQuantization{})
		}),
		"sharding method Custom": create(func(r *api.CreateCollection) { r.ShardingMethod = api.ShardingMethod_Custom.Enum() }),
		"distance Euclid": create(func(r *api.CreateCollection) {
			r.VectorsConfig.GetParamsMap().Map["meaning"].Distance = api.Distance_Euclid
		}),
		"index of type FieldTypeFloat": second(c.CreateFieldIndex(t.Context(), &api.CreateFieldIndexCollection{CollectionName: "c", FieldName: "x", FieldType: api.FieldType_FieldTypeFloat.Enum()})),
	} {
		assertCode(t, codes.Unimplemented, what, err)
	}
	for _, condition := range []*api.Condition{
		api.NewRange("x", &api.Range{Gt: api.PtrOf(1.0)}), api.NewMatchInt("x", 7), api.NewMatchText("x", "y"), api.NewIsNull("x"),
		api.NewHasID(number(1).write()), api.NewNestedCondition("x", api.NewMatch("y", "z")), api.NewMatchExcept("x", "y"),
	} {
		assertCode(t, codes.Unimplemented, "condition in a filter other than a match of keywords", where(condition))
	}
}

func second[T any](_ T, err error) error { return err }

func TestAWrongRequestIsAWrongRequest(t *testing.T) {
	c := client(t, standardLimits())
	created(t, c)
	for what, err := range map[string]error{
		"vector words is sparse":       upsert(t, c, written(1, nil, map[string]*api.Vector{"words": api.NewVector(1, 2)})),
		"vector meaning is dense":      upsert(t, c, written(1, nil, map[string]*api.Vector{"meaning": api.NewVectorSparse([]uint32{1}, []float32{1})})),
		"Not existing vector name":     upsert(t, c, written(1, nil, map[string]*api.Vector{"nothere": api.NewVector(1, 2)})),
		"expected dim: 2, got 3":       upsert(t, c, written(1, nil, map[string]*api.Vector{"meaning": api.NewVector(1, 2, 3)})),
		"indices must be unique":       upsert(t, c, written(1, nil, map[string]*api.Vector{"words": api.NewVectorSparse([]uint32{1, 1}, []float32{1, 2})})),
		"1 indices and 2 values":       upsert(t, c, written(1, nil, map[string]*api.Vector{"words": api.NewVectorSparse([]uint32{1}, []float32{1, 2})})),
		"has no id":                    upsert(t, c, &api.PointStruct{}),
		"Unable to parse UUID: me":     upsert(t, c, &api.PointStruct{Id: api.NewID("me")}),
		"limit must be at least 1":     second(query(t, c, &api.QueryPoints{Query: api.NewQuery(1, 2), Using: api.PtrOf("meaning"), Limit: api.PtrOf(uint64(0))})),
		"points to delete":             second(c.Delete(t.Context(), &api.DeletePoints{CollectionName: "c"})),
		"condition of the filter":      second(c.Count(t.Context(), &api.CountPoints{CollectionName: "c", Filter: &api.Filter{Must: []*api.Condition{{}}}})),
		"collection_name \"a/b\"":      c.CreateCollection(t.Context(), &api.CreateCollection{CollectionName: "a/b"}),
		"field_type of the index on x": second(c.CreateFieldIndex(t.Context(), &api.CreateFieldIndexCollection{CollectionName: "c", FieldName: "x"})),
	} {
		assertCode(t, codes.InvalidArgument, what, err)
	}
	count, err := c.Count(t.Context(), &api.CountPoints{CollectionName: "c"})
	require.NoError(t, err)
	assert.Zero(t, count)
}

func TestALimitIsTold(t *testing.T) {
	l := standardLimits()
	l.collections, l.points, l.collectionBytes = 1, 3, 4000
	c := client(t, l)
	created(t, c)
	other := shape()
	other.CollectionName = "other"
	many := shape()
	many.CollectionName = "c2"
	for n := range MaxVectors {
		many.SparseVectorsConfig.Map[fmt.Sprint(n)] = &api.SparseVectorParams{}
	}
	large := shape()
	large.VectorsConfig.GetParamsMap().Map["meaning"].Size = MaxDimensions + 1
	long := make([]uint32, MaxSparseValues+1)
	conditions := &api.Filter{Must: []*api.Condition{api.NewMatchKeywords("x", make([]string, MaxConditions+1)...)}}
	count := func(f *api.Filter) error {
		return second(c.Count(t.Context(), &api.CountPoints{CollectionName: "c", Filter: f}))
	}
	for what, err := range map[string]error{
		"collections: 2, at most 1":      c.CreateCollection(t.Context(), other),
		"vectors of a collection":        c.CreateCollection(t.Context(), many),
		"dimensions of the vector":       c.CreateCollection(t.Context(), large),
		"points of a collection: 4":      upsert(t, c, written(1, nil, nil), written(2, nil, nil), written(3, nil, nil), written(4, nil, nil)),
		"bytes of a collection":          upsert(t, c, written(1, map[string]any{"text": string(make([]byte, 5000))}, nil)),
		"bytes of the payload":           upsert(t, c, written(1, map[string]any{"text": string(make([]byte, MaxPayloadBytes))}, nil)),
		"values of the sparse vector":    upsert(t, c, written(1, nil, map[string]*api.Vector{"words": api.NewVectorSparse(long, make([]float32, len(long)))})),
		"points of a request":            upsert(t, c, make([]*api.PointStruct, MaxRequestPoints+1)...),
		"limit of a request":             second(query(t, c, &api.QueryPoints{Query: api.NewQuery(1, 2), Using: api.PtrOf("meaning"), Limit: api.PtrOf(^uint64(0))})),
		"prefetches of a query":          second(query(t, c, &api.QueryPoints{Prefetch: make([]*api.PrefetchQuery, MaxPrefetches+1), Query: api.NewQueryFusion(api.Fusion_RRF)})),
		"keywords of a condition":        count(conditions),
		"conditions of a filter":         count(&api.Filter{Must: make([]*api.Condition, MaxConditions+1)}),
		"message larger than max":        upsert(t, c, written(1, map[string]any{"text": string(make([]byte, MaxMessageBytes))}, nil)),
		"indexes of a collection: 33, a": indexes(t, c, MaxIndexes+1),
	} {
		assertCode(t, codes.ResourceExhausted, what, err)
	}
	require.NoError(t, upsert(t, c, written(1, nil, nil), written(1, nil, nil), written(2, nil, nil), written(3, nil, nil)), "one twice is one")
	require.NoError(t, upsert(t, c, written(3, nil, nil)), "to replace needs no room")
}

func indexes(t *testing.T, c *api.Client, count int) (err error) {
	for n := 0; n < count && err == nil; n++ {
		_, err = c.CreateFieldIndex(t.Context(), &api.CreateFieldIndexCollection{
			CollectionName: "c", FieldName: fmt.Sprint("field", n), FieldType: api.FieldType_FieldTypeKeyword.Enum(),
		})
	}
	return err
}

func TestManyCanReadAndWriteAtOnce(t *testing.T) {
	c := client(t, standardLimits())
	created(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const writers, rounds = 4, 60
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for round := range rounds {
				user := fmt.Sprint(writer)
				var points []*api.PointStruct
				for n := range 30 {
					points = append(points, written(writer*1000+n, map[string]any{"user": user, "round": fmt.Sprint(round)}, map[string]*api.Vector{
						"words":   api.NewVectorSparse([]uint32{uint32(n), uint32(round)}[:1+min(1, round/40)], []float32{1, 2}[:1+min(1, round/40)]),
						"meaning": api.NewVector(float32(n), 1),
					}))
				}
				_, err := c.Upsert(ctx, &api.UpsertPoints{CollectionName: "c", Points: points})
				assert.NoError(t, err)
				_, err = c.Delete(ctx, &api.DeletePoints{CollectionName: "c", Points: api.NewPointsSelectorFilter(&api.Filter{
					Must: []*api.Condition{api.NewMatch("user", user)}, MustNot: []*api.Condition{api.NewMatch("round", fmt.Sprint(round))},
				})})
				assert.NoError(t, err)
			}
		})
		all.Go(func() {
			for range rounds {
				hits, err := c.Query(ctx, &api.QueryPoints{
					CollectionName: "c", Query: api.NewQuerySparse([]uint32{3}, []float32{1}), Using: api.PtrOf("words"), Limit: api.PtrOf(uint64(50)),
				})
				assert.NoError(t, err)
				seen := map[int]bool{}
				for _, hit := range hits {
					assert.False(t, seen[numberOf(hit.GetId())], "a point is found once")
					seen[numberOf(hit.GetId())] = true
				}
				_, err = c.Scroll(ctx, &api.ScrollPoints{CollectionName: "c", Limit: api.PtrOf(uint32(200))})
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	count, err := c.Count(ctx, &api.CountPoints{CollectionName: "c"})
	require.NoError(t, err)
	assert.EqualValues(t, writers*30, count)
}
