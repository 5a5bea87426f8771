package conversation

import (
	"context"

	"github.com/sequential-questioning/sequential-questioning/shared/memory/remembered"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Memory is what the same user said in other conversations: see package memory. It
// is an interface so that a function that asks no memory links none.
type Memory interface {
	// Configured reports whether there is a memory at all. Without one, the other
	// calls return remembered.ErrNotConfigured.
	Configured() bool
	Propose(ctx context.Context, principal, userID string, slots []questioning.Slot) (map[string]remembered.Found, error)
	Recall(ctx context.Context, principal, userID, query string, limit int) ([]remembered.Found, error)
	Delete(ctx context.Context, principal string, conversations ...string) error
	Close() error
}

// Model proposes slots and words questions: see package model. It is an interface
// so that a function that asks no model links none.
type Model interface {
	// ProposeSlots returns slots for a goal, given what the person said so far.
	ProposeSlots(ctx context.Context, goal string, said []string) ([]questioning.Slot, error)
	// Rephrase returns as many texts as there are questions, in their order.
	Rephrase(context.Context, Wording) ([]string, error)
}

// Wording is what a model puts into a person's own language and tone.
type Wording struct {
	Goal      string
	Said      []string // the person's own words, oldest first
	Questions []string
}
