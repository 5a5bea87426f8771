package memory

import (
	"encoding/binary"

	"github.com/sequential-questioning/sequential-questioning/shared/cache"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/secret"
)

// maxAskedBytes bounds the texts of the slots that are remembered as read, in bytes.
const maxAskedBytes = 128 << 10

// asked remembers which slots ask for a secret, for all memories of the process: reading
// their texts costs more than all else of an item, and conversations for the same
// information have the same slots.
var asked = cache.New[bool](maxAskedBytes)

// isSecret reports whether an item is, or looks like, a secret: an earlier version
// took slots that ask for one, and a person may write one anywhere. It is neither
// remembered nor proposed.
func isSecret(i Item) bool {
	return asksForSecret(questioning.Slot{Key: i.Slot, Title: i.Title, Question: i.Question, Description: i.Description, Type: i.Type}) ||
		secret.Holds(i.Words) || secret.Holds(questioning.Render(i.Value, ""))
}

// asksForSecret reports whether a slot asks for a secret, going by its texts and type.
func asksForSecret(s questioning.Slot) bool {
	var buffer [512]byte // of an ordinary slot's texts, on the stack
	key := buffer[:0]
	for _, text := range [...]string{s.Key, s.Title, s.Question, s.Description, string(s.Type)} {
		key = binary.AppendUvarint(key, uint64(len(text))) // "a", "bc" is another key than "ab", "c"
		key = append(key, text...)
	}
	is, _ := asked.Get(key, func() (bool, int, error) { // which never fails
		what, _ := secret.Asks(s)
		return what != "", 0, nil
	})
	return is
}
