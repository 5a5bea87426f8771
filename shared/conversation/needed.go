package conversation

import (
	"context"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

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
// than all else of a report. It is emptied whole when it is full. What is refused is not
// kept.
type neededCache struct {
	mu    sync.Mutex
	read  map[string]needed
	bytes int
}

// of reads information_needed. Where its schema cannot be compiled, it returns what was
// read, with the error. The lock is not held meanwhile: two calls may both read, and
// either result will do.
func (n *neededCache) of(ctx context.Context, raw []byte) (needed, error) {
	n.mu.Lock()
	known, ok := n.read[string(raw)]
	n.mu.Unlock()
	if ok {
		return known, nil
	}
	spec, err := slotspec.Read(ctx, raw)
	if err != nil {
		return needed{}, err
	}
	read, size := needed{Spec: spec, schemaKey: schemaKeyOf("", raw)}, listBytes*len(raw)
	if spec.Schema != nil {
		if read.schema, size, err = schema.CompileSized(ctx, spec.Schema); err != nil {
			return read, err
		}
	}
	n.keep(raw, read, size)
	return read, nil
}

// listBytes is about how many bytes a list takes, read, for each that it is written in.
const listBytes = 20

func (n *neededCache) keep(raw []byte, read needed, size int) {
	if size > maxNeededBytes {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.bytes += size; n.bytes > maxNeededBytes || n.read == nil {
		n.read, n.bytes = map[string]needed{}, size
	}
	n.read[string(raw)] = read
}
