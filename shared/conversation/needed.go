package conversation

import (
	"context"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sequential-questioning/sequential-questioning/shared/cache"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/slotspec"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
)

// needed is what a caller's information_needed says. It is read-only.
type needed struct {
	slotspec.Spec
	schema    *jsonschema.Schema // what the report's values are held against; nil for a list
	schemaKey string
}

// maxNeededBytes bounds about how many bytes a process keeps of what it has read. Twenty
// slots take 40,000.
const maxNeededBytes = 2 << 20

// neededCache holds what was read and compiled, by the bytes that it was read from: a
// product asks for the same information again and again, and reading that takes longer
// than all else of a report.
type neededCache struct{ *cache.Cache[needed] }

func newNeededCache() neededCache { return neededCache{cache.New[needed](maxNeededBytes)} }

// listBytes is about how many bytes a list takes, read, for each that it is written in.
const listBytes = 20

// of reads information_needed. Where its schema cannot be compiled, it returns what was
// read, with the error.
func (n neededCache) of(ctx context.Context, raw []byte) (needed, error) {
	return n.Get(raw, func() (needed, int, error) {
		spec, err := slotspec.Read(ctx, raw)
		if err != nil {
			return needed{}, 0, err
		}
		read, size := needed{Spec: spec, schemaKey: schemaKeyOf("", raw)}, listBytes*len(raw)
		if spec.Schema != nil {
			read.schema, size, err = schema.CompileSized(ctx, spec.Schema)
		}
		return read, size, err
	})
}
