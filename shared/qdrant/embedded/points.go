package embedded

import (
	"context"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

type pointsServer struct {
	api.UnimplementedPointsServer
	store *store
}

func (s *pointsServer) Upsert(_ context.Context, request *api.UpsertPoints) (*api.PointsOperationResponse, error) {
	began := time.Now()
	c, err := s.store.find(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := refused(
		refusal{request.ShardKeySelector != nil, "shard keys"},
		refusal{request.UpdateFilter != nil, "update_filter"},
		refusal{request.GetUpdateMode() != api.UpdateMode_Upsert, "update_mode " + request.GetUpdateMode().String()},
	); err != nil {
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
	operation, err := c.upsert(points)
	return done(began, operation, err)
}

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

func (s *pointsServer) Delete(_ context.Context, request *api.DeletePoints) (*api.PointsOperationResponse, error) {
	began := time.Now()
	c, err := s.store.find(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := refused(refusal{request.ShardKeySelector != nil, "shard keys"}); err != nil {
		return nil, err
	}
	switch which := request.GetPoints().GetPointsSelectorOneOf().(type) {
	case *api.PointsSelector_Points:
		ids, err := readIDs(which.Points.GetIds())
		if err != nil {
			return nil, err
		}
		return done(began, c.deleteIDs(ids), nil)
	case *api.PointsSelector_Filter:
		f, err := readFilter(which.Filter)
		if err != nil {
			return nil, err
		}
		return done(began, c.deleteWhere(f), nil)
	}
	return nil, invalid("points to delete are not named")
}

func (s *pointsServer) Get(_ context.Context, request *api.GetPoints) (*api.GetResponse, error) {
	began := time.Now()
	c, err := s.store.find(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := refused(refusal{request.ShardKeySelector != nil, "shard keys"}, noVectors(request.GetWithVectors())); err != nil {
		return nil, err
	}
	ids, err := readIDs(request.GetIds())
	if err != nil {
		return nil, err
	}
	choose, err := readSelector(request.GetWithPayload(), true)
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	var slots []uint32
	for _, id := range ids {
		if slot, ok := c.slots[id]; ok {
			slots = append(slots, slot)
		}
	}
	return &api.GetResponse{Result: c.retrieved(slots, choose), Time: time.Since(began).Seconds()}, nil
}

func (s *pointsServer) Scroll(_ context.Context, request *api.ScrollPoints) (*api.ScrollResponse, error) {
	began := time.Now()
	c, err := s.store.find(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := refused(
		refusal{request.ShardKeySelector != nil, "shard keys"},
		refusal{request.OrderBy != nil, "order_by"}, noVectors(request.GetWithVectors()),
	); err != nil {
		return nil, err
	}
	limit := uint64(defaultLimit)
	if request.Limit != nil {
		limit = uint64(request.GetLimit())
	}
	_, count, err := window(nil, &limit)
	if err != nil {
		return nil, err
	}
	f, err := readFilter(request.GetFilter())
	if err != nil {
		return nil, err
	}
	choose, err := readSelector(request.GetWithPayload(), true)
	if err != nil {
		return nil, err
	}
	var offset *pointID
	if request.Offset != nil {
		id, err := readID(request.GetOffset())
		if err != nil {
			return nil, err
		}
		offset = &id
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	slots, next := c.page(f, offset, count)
	response := &api.ScrollResponse{Result: c.retrieved(slots, choose), Time: time.Since(began).Seconds()}
	if next != nil {
		response.NextPageOffset = next.write()
	}
	return response, nil
}

func (c *collection) retrieved(slots []uint32, choose selector) []*api.RetrievedPoint {
	points := make([]*api.RetrievedPoint, len(slots))
	for i, slot := range slots {
		points[i] = &api.RetrievedPoint{Id: c.ids[slot].write(), Payload: choose(c.payloads[slot])}
	}
	return points
}

func (s *pointsServer) Count(_ context.Context, request *api.CountPoints) (*api.CountResponse, error) {
	began := time.Now()
	c, err := s.store.find(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := refused(refusal{request.ShardKeySelector != nil, "shard keys"}); err != nil {
		return nil, err
	}
	f, err := readFilter(request.GetFilter())
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	count := uint64(len(c.matching(f)))
	return &api.CountResponse{Result: &api.CountResult{Count: count}, Time: time.Since(began).Seconds()}, nil
}

func (s *pointsServer) Query(_ context.Context, request *api.QueryPoints) (*api.QueryResponse, error) {
	began := time.Now()
	c, err := s.store.find(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := refused(
		refusal{request.ShardKeySelector != nil, "shard keys"},
		refusal{request.LookupFrom != nil, "lookup_from"},
		refusal{request.GetParams().GetIdf() != nil, "idf of search params"}, noVectors(request.GetWithVectors()),
	); err != nil {
		return nil, err
	}
	choose, err := readSelector(request.GetWithPayload(), false)
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
		points[i] = &api.ScoredPoint{Id: c.ids[hit.slot].write(), Score: hit.score, Payload: choose(c.payloads[hit.slot]), Version: c.version}
	}
	return &api.QueryResponse{Result: points, Time: time.Since(began).Seconds()}, nil
}

func (s *pointsServer) CreateFieldIndex(_ context.Context, request *api.CreateFieldIndexCollection) (*api.PointsOperationResponse, error) {
	began := time.Now()
	c, err := s.store.find(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := topLevel(request.GetFieldName()); err != nil {
		return nil, err
	}
	if request.FieldType == nil {
		return nil, invalid("field_type of the index on %s is missing", request.GetFieldName())
	}
	kinds := map[api.FieldType]api.PayloadSchemaType{
		api.FieldType_FieldTypeKeyword: api.PayloadSchemaType_Keyword,
		api.FieldType_FieldTypeUuid:    api.PayloadSchemaType_Uuid,
		api.FieldType_FieldTypeInteger: api.PayloadSchemaType_Integer,
		api.FieldType_FieldTypeBool:    api.PayloadSchemaType_Bool,
	}
	kind, ok := kinds[request.GetFieldType()]
	if !ok {
		return nil, unimplemented("index of type " + request.GetFieldType().String())
	}
	operation, err := c.createIndex(request.GetFieldName(), kind)
	return done(began, operation, err)
}

func (s *pointsServer) DeleteFieldIndex(_ context.Context, request *api.DeleteFieldIndexCollection) (*api.PointsOperationResponse, error) {
	began := time.Now()
	c, err := s.store.find(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	return done(began, c.deleteIndex(request.GetFieldName()), nil)
}

func done(began time.Time, operation uint64, err error) (*api.PointsOperationResponse, error) {
	if err != nil {
		return nil, err
	}
	return &api.PointsOperationResponse{
		Result: &api.UpdateResult{OperationId: &operation, Status: api.UpdateStatus_Completed},
		Time:   time.Since(began).Seconds(),
	}, nil
}
