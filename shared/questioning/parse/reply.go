package parse

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// ReadReply reads a reply to the open questions, given in the order asked. The
// slots are all that may be told, open ones included.
//
// What the person marks is followed first: the numbers of the questions ("1. yes",
// "> 2. When?", rows of a table), then the names of the slots ("Budget: 500").
// What is not marked is searched for the values of typed slots, and a value is
// taken where exactly one slot can take it. What is then left belongs to the
// free text that is open, if there is one only. The order of lines says
// something only when no other order of them would do.
func ReadReply(text string, open []OpenQuestion, slots []questioning.Slot, c Context) Reply {
	c.seen = newSeen()
	r := &replying{open: open, slots: slots, context: c, answers: map[int]*Part{}, volunteered: map[string]*Part{}}
	for _, question := range open {
		if r.slotOf(question.Slot.Key) == nil {
			r.slots = append(slices.Clone(r.slots), question.Slot)
		}
	}
	text = strings.TrimSpace(newlines.Replace(clean(text)))
	if text == "" {
		return Reply{}
	}
	text, ended := r.cutEnding(text)
	if rest := r.readMarked(text); rest != "" {
		r.readUnmarked(rest)
	}
	reply := r.reply()
	reply.Ended = ended
	return reply
}
