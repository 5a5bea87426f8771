package memory

import (
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/secret"
)

// maxAskedBytes bounds the texts of the slots that are remembered as read, in bytes.
const maxAskedBytes = 128 << 10

// asking is shared by all memories of the process.
var asking asked

// asked remembers which slots ask for a secret: reading their texts costs more than all
// else of an item, and conversations for the same information have the same slots. It is
// emptied whole when it is full.
type asked struct {
	mu    sync.Mutex
	slots map[slotTexts]bool
	bytes int // of the texts
}

// slotTexts are what tells a slot that asks for a secret.
type slotTexts struct {
	key, title, question, description string
	kind                              questioning.Type
}

// isSecret reports whether an item is, or looks like, a secret: an earlier version
// took slots that ask for one, and a person may write one anywhere. It is neither remembered nor proposed.
func isSecret(i Item) bool {
	return asking.secret(slotTexts{i.Slot, i.Title, i.Question, i.Description, i.Type}) ||
		secret.Holds(i.Words) || secret.Holds(questioning.Render(i.Value, ""))
}

// secret reports whether a slot asks for one.
func (a *asked) secret(s slotTexts) bool {
	a.mu.Lock()
	is, known := a.slots[s]
	a.mu.Unlock()
	if known {
		return is
	}
	what, _ := secret.Asks(questioning.Slot{Key: s.key, Title: s.title, Question: s.question, Description: s.description, Type: s.kind})
	is = what != ""
	size := len(s.key) + len(s.title) + len(s.question) + len(s.description)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.slots == nil || a.bytes+size > maxAskedBytes {
		a.slots, a.bytes = map[slotTexts]bool{}, 0
	}
	a.slots[s] = is
	a.bytes += size
	return is
}
