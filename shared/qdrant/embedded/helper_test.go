package embedded

import (
	"net"
	"net/url"
	"strconv"
	"testing"

	api "github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// client is the official one, on a server of its own with these limits.
func client(t testing.TB, l limits) *api.Client {
	t.Helper()
	server, err := start(Options{}, l)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	u, err := url.Parse(server.URL())
	require.NoError(t, err)
	host, port, err := net.SplitHostPort(u.Host)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	c, err := api.NewClient(&api.Config{Host: host, Port: number, PoolSize: 1, SkipCompatibilityCheck: true})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// created makes a collection c with a sparse and a dense vector.
func created(t testing.TB, c *api.Client) {
	t.Helper()
	require.NoError(t, c.CreateCollection(t.Context(), shape()))
}

func shape() *api.CreateCollection {
	return &api.CreateCollection{
		CollectionName:      "c",
		SparseVectorsConfig: api.NewSparseVectorsConfig(map[string]*api.SparseVectorParams{"words": {Modifier: api.Modifier_Idf.Enum()}, "raw": {}}),
		VectorsConfig:       api.NewVectorsConfigMap(map[string]*api.VectorParams{"meaning": {Size: 2, Distance: api.Distance_Cosine}}),
	}
}

func written(id uint64, payload map[string]any, vectors map[string]*api.Vector) *api.PointStruct {
	return &api.PointStruct{Id: api.NewIDNum(id), Payload: api.NewValueMap(payload), Vectors: api.NewVectorsMap(vectors)}
}

func upsert(t testing.TB, c *api.Client, points ...*api.PointStruct) error {
	t.Helper()
	_, err := c.Upsert(t.Context(), &api.UpsertPoints{CollectionName: "c", Points: points})
	return err
}

func query(t testing.TB, c *api.Client, request *api.QueryPoints) ([]uint64, error) {
	t.Helper()
	request.CollectionName = "c"
	hits, err := c.Query(t.Context(), request)
	var ids []uint64
	for _, hit := range hits {
		ids = append(ids, hit.GetId().GetNum())
	}
	return ids, err
}

func assertCode(t testing.TB, want codes.Code, text string, err error) {
	t.Helper()
	if assert.Error(t, err, text) {
		assert.Equal(t, want, status.Code(err), "%v", err)
		assert.ErrorContains(t, err, text)
	}
}
