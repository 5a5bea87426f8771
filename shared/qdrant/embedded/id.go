package embedded

import (
	"bytes"
	"cmp"

	"github.com/google/uuid"
	api "github.com/qdrant/go-client/qdrant"
)

// pointID is a number or a UUID. Numbers come before UUIDs.
type pointID struct {
	uuid   uuid.UUID
	number uint64
	isUUID bool
}

func readID(id *api.PointId) (pointID, error) {
	switch option := id.GetPointIdOptions().(type) {
	case *api.PointId_Num:
		return pointID{number: option.Num}, nil
	case *api.PointId_Uuid:
		parsed, err := uuid.Parse(option.Uuid)
		if err != nil {
			return pointID{}, invalid("Unable to parse UUID: %.60s", option.Uuid)
		}
		return pointID{uuid: parsed, isUUID: true}, nil
	}
	return pointID{}, invalid("a point has no id")
}

func readIDs(ids []*api.PointId) ([]pointID, error) {
	if err := atMost("ids of a request", len(ids), MaxRequestPoints); err != nil {
		return nil, err
	}
	read := make([]pointID, len(ids))
	for i, id := range ids {
		var err error
		if read[i], err = readID(id); err != nil {
			return nil, err
		}
	}
	return read, nil
}

func (id pointID) write() *api.PointId {
	if id.isUUID {
		return api.NewIDUUID(id.uuid.String())
	}
	return api.NewIDNum(id.number)
}

func (id pointID) compare(other pointID) int {
	switch {
	case id.isUUID && other.isUUID:
		return bytes.Compare(id.uuid[:], other.uuid[:])
	case id.isUUID:
		return 1
	case other.isUUID:
		return -1
	}
	return cmp.Compare(id.number, other.number)
}
