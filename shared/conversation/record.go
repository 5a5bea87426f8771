package conversation

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// summary is what became of what a call said.
type summary struct {
	recorded, repeated int // answers
	unmatched          string
	doubts             []string
}

// record adds to a change what a reply says that was not said before, and applies
// it to the state.
func (c *conversation) record(ctx context.Context, tx *store.Tx, says parsed, change *store.Change) (summary, error) {
	counted := summary{unmatched: says.unmatched, doubts: says.doubts}
	all := append(says.answers, c.contradicting(says.volunteered)...)
	known, err := c.known(ctx, tx, all)
	if err != nil {
		return counted, err
	}
	for _, a := range all {
		id := c.digestOf(a)
		if known[string(id)] || !c.asksFor(a.Slot) && c.holds(a) {
			counted.repeated++
			continue
		}
		recorded, err := c.State.Record(a.Answer)
		if err != nil {
			return counted, err
		}
		if recorded.Question == 0 {
			recorded.Question = a.question
		}
		known[string(id)] = true
		change.Answers = append(change.Answers, store.Answer{Answer: recorded, Digest: id})
		counted.recorded++
	}
	for _, a := range says.volunteered {
		c.State.AssumeVolunteered(a.Slot, a.Value, a.Words, fromReply)
	}
	if counted.recorded > 0 {
		c.State.Pass()
	}
	return counted, nil
}

// fromReply is the source of what the person told without being asked.
const fromReply = "told without being asked"

// contradicting are the volunteered values for slots that hold another answer:
// the person says which of the two it is.
func (c *conversation) contradicting(volunteered []answer) []answer {
	return slices.DeleteFunc(slices.Clone(volunteered), func(a answer) bool {
		switch c.State.SlotStates[c.State.Index(a.Slot)].Status {
		case questioning.StatusAnswered, questioning.StatusContradicted:
			return c.holds(a)
		}
		return true
	})
}

// openQuestion returns the slot's open question.
func (c *conversation) openQuestion(slot string) (questioning.Question, bool) {
	for _, q := range c.State.Open {
		if q.Slot == slot {
			return q, true
		}
	}
	return questioning.Question{}, false
}

// asksFor tells whether a question for the slot is open.
func (c *conversation) asksFor(slot string) bool {
	_, open := c.openQuestion(slot)
	return open
}

// digestOf identifies an answer. The reply to a repeated question counts again:
// the same words then mean that the person stands by them.
func (c *conversation) digestOf(a answer) []byte {
	round := 0
	reopened := c.State.SlotStates[c.State.Index(a.Slot)].Reopened > 0
	if q, open := c.openQuestion(a.Slot); open && (q.Purpose != questioning.Ask || reopened) {
		round = q.Number
	}
	value, _ := json.Marshal(a.Value) // a canonical value always encodes
	return digest([]byte(a.Slot), []byte(strconv.Itoa(round)), []byte(a.Outcome), value, []byte(a.Words))
}

// known returns the digests of those answers that were given before. Only what
// answers no open question is looked up: the rest is new.
func (c *conversation) known(ctx context.Context, tx *store.Tx, all []answer) (map[string]bool, error) {
	var digests [][]byte
	for _, a := range all {
		if !c.asksFor(a.Slot) {
			digests = append(digests, c.digestOf(a))
		}
	}
	if len(digests) == 0 {
		return map[string]bool{}, nil
	}
	return tx.KnownDigests(ctx, c.ID, digests)
}
