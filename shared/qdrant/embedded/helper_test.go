package embedded

import (
	"encoding/binary"
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

// number is the id whose last bytes are n.
func number(n int) pointID {
	var id pointID
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func numberOf(id *api.PointId) int {
	read, err := readID(id)
	if err != nil {
		panic(err)
	}
	return int(binary.BigEndian.Uint64(read[8:]))
}

func written(id int, payload map[string]any, vectors map[string]*api.Vector) *api.PointStruct {
	return &api.PointStruct{Id: number(id).write(), Payload: api.NewValueMap(payload), Vectors: api.NewVectorsMap(vectors)}
}

func upsert(t testing.TB, c *api.Client, points ...*api.PointStruct) error {
	t.Helper()
	_, err := c.Upsert(t.Context(), &api.UpsertPoints{CollectionName: "c", Points: points})
	return err
}

func query(t testing.TB, c *api.Client, request *api.QueryPoints) ([]int, error) {
	t.Helper()
	request.CollectionName = "c"
	hits, err := c.Query(t.Context(), request)
	var ids []int
	for _, hit := range hits {
		ids = append(ids, numberOf(hit.GetId()))
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
