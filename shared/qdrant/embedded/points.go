package embedded

import (
	"context"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// pointsServer answers the calls on points. Each reads its request whole before
// it looks at or changes a collection.
type pointsServer struct {
	api.UnimplementedPointsServer
	store *store
}

// find returns the collection of a request that asks for nothing that is refused.
func (s *pointsServer) find(name string, shards *api.ShardKeySelector, list ...refusal) (*collection, error) {
	c, err := s.store.find(name)
	if err != nil {
		return nil, err
	}
	return c, refused(append(list, refusal{shards != nil, "shard keys"})...)
}

// Upsert writes points whole; a point that exists is replaced with all of its
// vectors.
func (s *pointsServer) Upsert(_ context.Context, request *api.UpsertPoints) (*api.PointsOperationResponse, error) {
	c, err := s.find(request.GetCollectionName(), request.GetShardKeySelector(),
		refusal{request.UpdateFilter != nil, "update_filter"},
		refusal{request.GetUpdateMode() != api.UpdateMode_Upsert, "update_mode " + request.GetUpdateMode().String()})
	if err != nil {
		return nil, err
	}
	if err := atMost("points of a request", len(request.GetPoints()), MaxRequestPoints); err != nil {
		return nil, err
	}
	points := make([]point, len(request.GetPoints()))
	for i, p := range request.GetPoints() {
		if points[i], err = c.readPoint(p); err != nil {
			return nil, err
		}
	}
	return done(c.upsert(points))
}

// readPoint reads a point of a request and its size, within the limits and the
// vectors of the collection. Vectors that the collection does not have are an
// error, vectors left out are not.
func (s schema) readPoint(p *api.PointStruct) (point, error) {
	id, err := readID(p.GetId())
	if err != nil {
		return point{}, err
	}
	read := point{id: id, payload: p.GetPayload(), sparse: map[string][]term{}, dense: map[string][]float32{}}
	payload := proto.Size(&api.PointStruct{Payload: p.GetPayload()})
	if err := atMost("bytes of the payload of a point", payload, MaxPayloadBytes); err != nil {
		return point{}, err
	}
	if p.GetVectors().GetVector() != nil {
		return point{}, unimplemented("vector without a name")
	}
	named := p.GetVectors().GetVectors().GetVectors()
	if err := atMost("vectors of a point", len(named), MaxVectors); err != nil {
		return point{}, err
	}
	read.size = payload
	for name, vector := range named {
		if err := s.readVector(&read, name, vector); err != nil {
			return point{}, err
		}
	}
	return read, nil
}

// readVector reads one named vector into a point.
func (s schema) readVector(p *point, name string, vector *api.Vector) (err error) {
	size, isDense := s.sizes[name]
	_, isSparse := s.weighed[name]
	switch kind := vector.GetVector().(type) {
	case *api.Vector_Dense:
		if isSparse {
			return invalid("Conversion between sparse and regular vectors failed: vector %s is sparse", name)
		}
		if !isDense {
			return invalid("Not existing vector name error: %s", name)
		}
		p.dense[name], err = readDense(name, kind.Dense.GetData(), size)
		p.size += 4 * size
	case *api.Vector_Sparse:
		if isDense {
			return invalid("Conversion between sparse and regular vectors failed: vector %s is dense", name)
		}
		if !isSparse {
			return invalid("Not existing vector name error: %s", name)
		}
		p.sparse[name], err = readSparse(name, kind.Sparse)
		p.size += 16 * len(p.sparse[name]) // it is kept twice
	default:
		return unimplemented("vector other than dense and sparse, such as " + name)
	}
	return err
}

// Delete takes filters only, which is all that the client sends. It does not fail
// if nothing matches.
func (s *pointsServer) Delete(_ context.Context, request *api.DeletePoints) (*api.PointsOperationResponse, error) {
	c, err := s.find(request.GetCollectionName(), request.GetShardKeySelector(),
		refusal{request.GetPoints().GetPoints() != nil, "deletion by ids"})
	if err != nil {
		return nil, err
	}
	if request.GetPoints().GetFilter() == nil {
		return nil, invalid("points to delete are not named")
	}
	f, err := readFilter(request.GetPoints().GetFilter())
	if err != nil {
		return nil, err
	}
	return done(c.deleteWhere(f), nil)
}

// Scroll returns points by id and the id of the next page.
func (s *pointsServer) Scroll(_ context.Context, request *api.ScrollPoints) (*api.ScrollResponse, error) {
	c, err := s.find(request.GetCollectionName(), request.GetShardKeySelector(),
		refusal{request.OrderBy != nil, "order_by"}, notWholePayload(request.GetWithPayload()), vectorsToo(request.GetWithVectors()))
	if err != nil {
		return nil, err
	}
	limit, err := readLimit(request.Limit)
	if err != nil {
		return nil, err
	}
	f, err := readFilter(request.GetFilter())
	if err != nil {
		return nil, err
	}
	offset := pointID{} // no id comes before it
	if request.Offset != nil {
		if offset, err = readID(request.GetOffset()); err != nil {
			return nil, err
		}
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	slots, next := c.page(f, offset, limit)
	response := &api.ScrollResponse{}
	for _, slot := range slots {
		response.Result = append(response.Result, &api.RetrievedPoint{Id: c.ids[slot].write(), Payload: c.payloads[slot]})
	}
	if next != nil {
		response.NextPageOffset = next.write()
	}
	return response, nil
}

// Count is always exact.
func (s *pointsServer) Count(_ context.Context, request *api.CountPoints) (*api.CountResponse, error) {
	c, err := s.find(request.GetCollectionName(), request.GetShardKeySelector())
	if err != nil {
		return nil, err
	}
	f, err := readFilter(request.GetFilter())
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return &api.CountResponse{Result: &api.CountResult{Count: uint64(len(c.matching(f)))}}, nil
}

// Query searches under the lock for reading; answers share the stored payloads,
// which are never changed in place.
func (s *pointsServer) Query(_ context.Context, request *api.QueryPoints) (*api.QueryResponse, error) {
	c, err := s.find(request.GetCollectionName(), request.GetShardKeySelector(),
		refusal{request.Offset != nil, "offset of a query"},
		refusal{request.ScoreThreshold != nil, "score_threshold"},
		refusal{request.LookupFrom != nil, "lookup_from"},
		refusal{request.GetParams().GetIdf() != nil, "idf of search params"},
		notWholePayload(request.GetWithPayload()), vectorsToo(request.GetWithVectors()))
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	hits, err := c.query(request)
	if err != nil {
		return nil, err
	}
	points := make([]*api.ScoredPoint, len(hits))
	for i, hit := range hits {
		points[i] = &api.ScoredPoint{Id: c.ids[hit.slot].write(), Score: hit.score, Version: c.version}
		if request.GetWithPayload().GetEnable() {
			points[i].Payload = c.payloads[hit.slot]
		}
	}
	return &api.QueryResponse{Result: points}, nil
}

// CreateFieldIndex indexes keywords; creating an index again rebuilds it.
func (s *pointsServer) CreateFieldIndex(_ context.Context, request *api.CreateFieldIndexCollection) (*api.PointsOperationResponse, error) {
	c, err := s.find(request.GetCollectionName(), nil)
	if err != nil {
		return nil, err
	}
	if err := topLevel(request.GetFieldName()); err != nil {
		return nil, err
	}
	if request.FieldType == nil {
		return nil, invalid("field_type of the index on %s is missing", request.GetFieldName())
	}
	if kind := request.GetFieldType(); kind != api.FieldType_FieldTypeKeyword {
		return nil, unimplemented("index of type " + kind.String())
	}
	return done(c.createIndex(request.GetFieldName()))
}

// done is the answer to a change, which is always applied by then: there is no
// queue in front of it.
func done(operation uint64, err error) (*api.PointsOperationResponse, error) {
	if err != nil {
		return nil, err
	}
	return &api.PointsOperationResponse{Result: &api.UpdateResult{OperationId: &operation, Status: api.UpdateStatus_Completed}}, nil
}

// notWholePayload refuses a choice of a payload's fields.
func notWholePayload(s *api.WithPayloadSelector) refusal {
	return refusal{s.GetInclude() != nil || s.GetExclude() != nil, "choice of payload fields: with_payload"}
}

// vectorsToo refuses to return vectors, which nothing of this project reads.
func vectorsToo(s *api.WithVectorsSelector) refusal {
	return refusal{s.GetEnable() || s.GetInclude() != nil, "vectors in an answer: with_vectors"}
}
