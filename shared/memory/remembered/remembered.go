// Package remembered is what memory takes and returns. It is apart from package
// memory, so that a function that asks no memory links no client for it.
package remembered

import (
	"errors"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// ErrNotConfigured says that there is no memory: QDRANT_URL is not set.
var ErrNotConfigured = errors.New("memory is not configured: QDRANT_URL is not set")

// Item is one remembered answer. It is a copy: what holds now is in the store,
// which callers ask before they show or use an item.
type Item struct {
	Principal      string
	UserID         string // "" when the caller named nobody
	SessionID      string
	ConversationID string
	Goal           string
	Slot           string
	Title          string
	Type           questioning.Type
	Question       string // the text of the question it answers; "" for none
	Value          any
	Words          string
	AnswerNumber   int
	AnsweredAt     time.Time

	Description string // of the slot, as the store has it; memory does not hold it
}

// Found is an item with its score: of Recall comparable within one result only,
// of Propose from 0 to 1.
type Found struct {
	Item
	Score float64
}
