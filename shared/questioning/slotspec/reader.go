package slotspec

import (
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// reader makes slots of a normalized schema.
//
// It is used for one document and by one goroutine. A Spec keeps it: places and the
// root lead values back into the caller's shape. slots and places have the same
// length and order.
type reader struct {
	root     *object
	notes    *notes
	patterns bounds.Patterns
	slots    []questioning.Slot
	places   []place                           // of each slot
	scopes   map[*questioning.Condition]string // key prefix of the object around a condition, see resolveConditions
	// seen has the keys of slots. "a.b" may be a property of that name or b of a.
	seen map[string]bool
	list bool // the document is in the short form
}

// newReader returns a reader for a document; root is where its references start.
func newReader(root *object, notes *notes) *reader {
	return &reader{root: root, notes: notes, seen: map[string]bool{}, scopes: map[*questioning.Condition]string{}}
}

// position is where in the schema, and in what is asked for, a slot is. It is passed
// by value on the way down: what is set for a property does not reach its siblings.
type position struct {
	key      string   // of the object around it; "" at the root
	titles   []string // of the objects around it, the outermost first
	steps    []step
	required bool // by every object around it: an optional object makes its parts optional
	listed   bool // in what the object around it requires, which may be optional
	when     *questioning.Condition
}

// place is where in the caller's schema a slot's value belongs.
type place struct {
	steps   []step
	numbers bool // of a list of numbers, which is asked for as one of texts
	count   bool // of how many entries the list there has
}

// step leads to a member of an object, or to an entry of a list.
type step struct {
	name  string
	index int // from 1; 0 is a member
}
