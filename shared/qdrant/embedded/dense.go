package embedded

import (
	"math"

	api "github.com/qdrant/go-client/qdrant"
)

// readDense reads a vector of a request and scales it to length one, so that a dot
// product of two is their cosine, as Qdrant does. The vector of zeros stays.
func readDense(name string, data []float32, size int) ([]float32, error) {
	if len(data) != size {
		return nil, invalid("Vector dimension error: vector %s: expected dim: %d, got %d", name, size, len(data))
	}
	var square float64
	for i, value := range data {
		if !finite(value) {
			return nil, invalid("vector %s: value %d is no finite number", name, i)
		}
		square += float64(value) * float64(value)
	}
	unit := make([]float32, size)
	if square > 0 {
		length := math.Sqrt(square)
		for i, value := range data {
			unit[i] = float32(float64(value) / length)
		}
	}
	return unit, nil
}

// denseVectors holds the vectors of one name, each of length one, in rows of one
// slice. One slice for all keeps them close together in memory, which an exact scan
// depends on. A deleted vector keeps its row until compaction.
type denseVectors struct {
	size int
	data []float32
	rows []int32 // of each slot, -1 is none
}

func newDenseVectors(size int) *denseVectors { return &denseVectors{size: size} }

// add gives the next slot its vector; nil is none.
func (d *denseVectors) add(vector []float32) {
	if vector == nil {
		d.rows = append(d.rows, -1)
		return
	}
	d.rows = append(d.rows, int32(len(d.data)/d.size))
	d.data = append(d.data, vector...)
}

// at returns nil for a slot without this vector. The vector is not copied and must
// not be changed.
func (d *denseVectors) at(slot uint32) []float32 {
	row := int(d.rows[slot])
	if row < 0 {
		return nil
	}
	return d.data[row*d.size : (row+1)*d.size]
}

// dot is the dot product of two vectors of the same length. It adds in four lanes,
// which lets the processor work on them at once. So its result may differ from that of
// a sum in order in the last bits.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// denseParams says whether a collection may be created with such a vector. Other
// distances would need other scores; nothing of this project asks for them.
func denseParams(name string, params *api.VectorParams) error {
	if params.GetDistance() != api.Distance_Cosine {
		return unimplemented("distance " + params.GetDistance().String() + ", of vector " + name)
	}
	datatype := params.GetDatatype()
	if err := refused(
		refusal{params.MultivectorConfig != nil, "multivector, such as " + name},
		refusal{datatype != api.Datatype_Default && datatype != api.Datatype_Float32, "datatype " + datatype.String() + ", of vector " + name},
	); err != nil {
		return err
	}
	if params.GetSize() < 1 {
		return invalid("vector %s: size must be at least 1", name)
	}
	return atMost("dimensions of the vector "+name, int(min(params.GetSize(), math.MaxInt32)), MaxDimensions)
}
