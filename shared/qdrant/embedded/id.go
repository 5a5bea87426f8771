package embedded

import (
	"bytes"

	"github.com/google/uuid"
	api "github.com/qdrant/go-client/qdrant"
)

// pointID orders points, by bytes as Qdrant orders UUIDs. The numbers that Qdrant also
// allows as ids are not used here.
type pointID uuid.UUID

// readID takes UUIDs alone, as the client sends them.
func readID(id *api.PointId) (pointID, error) {
	switch option := id.GetPointIdOptions().(type) {
	case *api.PointId_Num:
		return pointID{}, unimplemented("number as a point's id")
	case *api.PointId_Uuid:
		parsed, err := uuid.Parse(option.Uuid)
		if err != nil {
			return pointID{}, invalid("Unable to parse UUID: %.60s", option.Uuid)
		}
		return pointID(parsed), nil
	}
	return pointID{}, invalid("a point has no id")
}

func (id pointID) write() *api.PointId { return api.NewIDUUID(uuid.UUID(id).String()) }

func (id pointID) compare(other pointID) int { return bytes.Compare(id[:], other[:]) }
