package embedded

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// store holds the collections by name. mu guards the map alone; each collection has
// its own lock. A collection that is deleted while a call uses it lives until the
// call ends.
type store struct {
	limits      limits
	mu          sync.RWMutex
	collections map[string]*collection
}

// find returns a collection, or Qdrant's own error text, which clients match.
func (s *store) find(name string) (*collection, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c, ok := s.collections[name]; ok {
		return c, nil
	}
	return nil, status.Errorf(codes.NotFound, "Not found: Collection `%s` doesn't exist!", name)
}

// collectionsServer answers the calls on collections.
type collectionsServer struct {
	api.UnimplementedCollectionsServer
	store *store
}

// Create makes a collection. Names are those that Qdrant allows, since it stores
// them as file names.
func (s *collectionsServer) Create(_ context.Context, request *api.CreateCollection) (*api.CollectionOperationResponse, error) {
	name := request.GetCollectionName()
	if name == "" || len(name) > MaxNameLength || strings.ContainsAny(name, "<>:\"/\\|?*\x00") {
		return nil, invalid("collection_name %.60q is no name: want 1 to %d characters that a file name can have", name, MaxNameLength)
	}
	schema, err := readSchema(request)
	if err != nil {
		return nil, err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if _, ok := s.store.collections[name]; ok {
		return nil, status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", name)
	}
	if err := atMost("collections", len(s.store.collections)+1, s.store.limits.collections); err != nil {
		return nil, err
	}
	s.store.collections[name] = newCollection(schema, s.store.limits)
	return &api.CollectionOperationResponse{Result: true}, nil
}

// readSchema refuses what would change the results of a search, and ignores what
// only changes their speed.
func readSchema(request *api.CreateCollection) (schema, error) {
	s := schema{weighed: map[string]bool{}, sizes: map[string]int{}, metadata: request.GetMetadata(), params: &api.CollectionParams{
		ShardNumber: 1, ReplicationFactor: request.ReplicationFactor,
		VectorsConfig: request.GetVectorsConfig(), SparseVectorsConfig: request.GetSparseVectorsConfig(),
	}}
	if err := refused(
		refusal{request.GetShardingMethod() != api.ShardingMethod_Auto, "sharding method " + request.GetShardingMethod().String()},
		refusal{request.QuantizationConfig != nil, "quantization"},
		refusal{request.StrictModeConfig != nil, "strict mode"},
		refusal{request.GetVectorsConfig().GetParams() != nil, "vector without a name"},
	); err != nil {
		return s, err
	}
	dense, sparse := request.GetVectorsConfig().GetParamsMap().GetMap(), request.GetSparseVectorsConfig().GetMap()
	if err := atMost("vectors of a collection", len(dense)+len(sparse), MaxVectors); err != nil {
		return s, err
	}
	for name, params := range dense {
		if err := denseParams(name, params); err != nil {
			return s, err
		}
		s.sizes[name] = int(params.GetSize())
	}
	for name, params := range sparse {
		if _, twice := dense[name]; twice {
			return s, invalid("vector %s is both dense and sparse", name)
		}
		s.weighed[name] = params.GetModifier() == api.Modifier_Idf
	}
	return s, nil
}

// Delete answers false for a collection that does not exist, as Qdrant does.
func (s *collectionsServer) Delete(_ context.Context, request *api.DeleteCollection) (*api.CollectionOperationResponse, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	_, ok := s.store.collections[request.GetCollectionName()]
	delete(s.store.collections, request.GetCollectionName())
	return &api.CollectionOperationResponse{Result: ok}, nil
}

// CollectionExists never fails.
func (s *collectionsServer) CollectionExists(_ context.Context, request *api.CollectionExistsRequest) (*api.CollectionExistsResponse, error) {
	_, err := s.store.find(request.GetCollectionName())
	return &api.CollectionExistsResponse{Result: &api.CollectionExists{Exists: err == nil}}, nil
}

// List returns the names in order, which Qdrant does not promise.
func (s *collectionsServer) List(context.Context, *api.ListCollectionsRequest) (*api.ListCollectionsResponse, error) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	response := &api.ListCollectionsResponse{}
	for _, name := range slices.Sorted(maps.Keys(s.store.collections)) {
		response.Collections = append(response.Collections, &api.CollectionDescription{Name: name})
	}
	return response, nil
}

// Get describes a collection as a healthy one of one segment.
func (s *collectionsServer) Get(_ context.Context, request *api.GetCollectionInfoRequest) (*api.GetCollectionInfoResponse, error) {
	c, err := s.store.find(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	return &api.GetCollectionInfoResponse{Result: c.info()}, nil
}

// info has the fields that the client reads; others stay at their zero value.
func (c *collection) info() *api.CollectionInfo {
	c.mu.RLock()
	defer c.mu.RUnlock()
	indexes := map[string]*api.PayloadSchemaInfo{}
	for field := range c.keywords {
		indexes[field] = &api.PayloadSchemaInfo{DataType: api.PayloadSchemaType_Keyword}
	}
	return &api.CollectionInfo{
		Status: api.CollectionStatus_Green, OptimizerStatus: &api.OptimizerStatus{Ok: true}, SegmentsCount: 1,
		PointsCount: api.PtrOf(uint64(len(c.slots))), PayloadSchema: indexes,
		Config: &api.CollectionConfig{Params: c.params, Metadata: c.metadata},
	}
}
