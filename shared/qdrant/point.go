package qdrant

import (
	"fmt"
	"math"

	"github.com/google/uuid"
	api "github.com/qdrant/go-client/qdrant"
)

// Sparse is a sparse vector: the value at each index, the others zero. Indices
// are distinct, in any order.
type Sparse struct {
	Indices []uint32
	Values  []float32
}

// Point is what a collection holds: vectors by name, and a payload.
type Point struct {
	ID     string // a UUID
	Sparse map[string]Sparse
	Dense  map[string][]float32
	// Payload holds what JSON can: nil, bool, numbers, strings, []string,
	// []any and map[string]any.
	Payload map[string]any
}

// Hit is a point found. In its payload an integer is an int64, another number
// a float64.
type Hit struct {
	ID      string
	Score   float32 // zero where nothing was scored
	Payload map[string]any
}

// encode leaves empty vectors out: a point is found only by the vectors it has.
func (p Point) encode() (*api.PointStruct, error) {
	id, err := pointID(p.ID)
	if err != nil {
		return nil, err
	}
	payload, err := encodePayload(p.Payload)
	if err != nil {
		return nil, fmt.Errorf("point %s: payload: %w", p.ID, err)
	}
	vectors := map[string]*api.Vector{}
	for name, vector := range p.Sparse {
		if err := vector.check(); err != nil {
			return nil, fmt.Errorf("point %s: sparse vector %s: %w", p.ID, name, err)
		}
		if len(vector.Indices) > 0 {
			vectors[name] = api.NewVectorSparse(vector.Indices, vector.Values)
		}
	}
	for name, vector := range p.Dense {
		if err := finite(vector); err != nil {
			return nil, fmt.Errorf("point %s: dense vector %s: %w", p.ID, name, err)
		}
		if len(vector) > 0 {
			vectors[name] = api.NewVectorDense(vector)
		}
	}
	return &api.PointStruct{Id: id, Vectors: api.NewVectorsMap(vectors), Payload: payload}, nil
}

// pointID takes UUIDs alone, in any spelling: Qdrant's numbers are not used. Every
// spelling becomes the canonical one, so one point has one id.
func pointID(text string) (*api.PointId, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("point id is %.60q: want a UUID", text)
	}
	return api.NewIDUUID(id.String()), nil
}

// check refuses what Qdrant would, with the place.
func (s Sparse) check() error {
	if len(s.Indices) != len(s.Values) {
		return fmt.Errorf("%d indices and %d values: want as many", len(s.Indices), len(s.Values))
	}
	seen := make(map[uint32]struct{}, len(s.Indices))
	for _, index := range s.Indices {
		if _, twice := seen[index]; twice {
			return fmt.Errorf("index %d is there twice", index)
		}
		seen[index] = struct{}{}
	}
	return finite(s.Values)
}

// finite refuses NaN and infinity, which would spoil every score.
func finite(values []float32) error {
	for i, value := range values {
		if v := float64(value); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("value %d is %g: want a finite number", i, value)
		}
	}
	return nil
}

// hitOf reads an id as UUID, the only kind that this package writes.
func hitOf(id *api.PointId, score float32, payload map[string]*api.Value) Hit {
	return Hit{ID: id.GetUuid(), Score: score, Payload: decodePayload(payload)}
}
