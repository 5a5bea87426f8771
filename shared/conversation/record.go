package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// summary is what became of what a call said.
type summary struct {
	recorded, repeated int // answers
	unmatched          string
	doubts             []string
	unread             []Unread // in the order said
	read               []string // slots whose values were read in words here
}

// add adds what the goal and the chat name and was not read, where nothing is known of it
// by now.
func (s *summary) add(unread []Unread, state *questioning.State) {
	for _, u := range unread {
		if state.SlotStates[state.Index(u.Slot)].Status == questioning.StatusMissing {
			s.unread = append(s.unread, u)
		}
	}
}

// record adds to a change what a reply says that was not said before, and applies
// it to the state. What was said before is known by its digest: a reply that came twice
// is counted once, whichever call brought it.
func (c *conversation) record(ctx context.Context, tx *store.Tx, says parsed, change *store.Change) (summary, error) {
	known, err := c.known(ctx, tx, slices.Concat(says.answers, c.answering(says.volunteered)))
	if err != nil {
		return summary{}, err
	}
	counted, err := c.apply(says, known, change)
	if err != nil {
		return summary{}, err
	}
	// A person's own reply leaves out all that it does not answer. Answers that a client
	// sends leave out nothing: they may be one of several, the rest of a reply, or what the
	// chat tells, and nobody knows whether the person has seen the questions.
	replied := says.spoken && counted.recorded > 0
	c.State.Pass(func(q questioning.Question) bool {
		return replied || slices.ContainsFunc(counted.unread, func(u Unread) bool { return u.Slot == q.Slot })
	})
	for _, u := range counted.unread {
		if u.Slot != "" && !u.mayHold() {
			c.State.Withdraw(u.Slot) // the person has something else to do first
		}
	}
	return counted, nil
}

// apply applies what a reply says to the state. known are the digests of what was
// said before.
func (c *conversation) apply(says parsed, known map[string]bool, change *store.Change) (summary, error) {
	counted := summary{unmatched: says.unmatched, doubts: says.doubts}
	for _, remark := range says.remarks {
		counted.unread = append(counted.unread, Unread{Words: plain.Excerpt(remark.Words, maxUnreadWords), Kind: string(remark.Intent)})
	}
	said := map[string]bool{} // by this call: slots and digests
	for _, a := range slices.Concat(says.answers, c.answering(says.volunteered)) {
		if a.leavesOpen() {
			counted.unread = append(counted.unread, c.unread(a))
			continue
		}
		id, corrects := c.digestOf(a), a.corrects && c.answered(a.Slot) && !said[a.Slot]
		if corrects {
			id = revisionDigest(a, c.State.SlotStates[c.State.Index(a.Slot)])
		}
		if said[string(id)] || known[string(id)] && !corrects || !c.asksFor(a.Slot) && c.holds(a) {
			counted.repeated++
			continue
		}
		if a.Problem != "" { // the same words again were handed back before: now the person is asked
			counted.unread = append(counted.unread, c.unread(a))
		}
		recorded, err := c.recordOne(a, corrects && a.Problem == "", change)
		if err != nil {
			return counted, err
		}
		if a.isRead && a.Problem == "" && recorded.Value != nil {
			counted.read = append(counted.read, a.Slot)
		}
		said[string(id)], said[a.Slot] = true, true
		change.Answers = append(change.Answers, store.Answer{Answer: recorded, Digest: id})
		counted.recorded++
	}
	for _, a := range says.volunteered {
		i := c.State.Index(a.Slot)
		if c.State.SlotStates[i].Status == questioning.StatusAssumed && a.unsure && !c.assumes(a) {
			counted.doubts = append(counted.doubts, fmt.Sprintf("%s for %s: another value is assumed, and this may be about something else", plain.Quote(a.Words), c.State.Slots[i].Title))
			continue
		}
		c.State.AssumeVolunteered(a.Slot, a.Value, a.Words, messages.FromReply)
	}
	return counted, nil
}

// recordOne records an answer, in place of what its slot holds where it corrects that.
func (c *conversation) recordOne(a answer, corrects bool, change *store.Change) (questioning.Answer, error) {
	var recorded questioning.Answer
	var err error
	if corrects {
		var revised questioning.Revised
		if revised, err = c.State.Revise(a.Answer); err == nil {
			recorded = revised.Answer
			change.Revised = append(change.Revised, revised)
		}
	} else {
		recorded, err = c.State.Record(a.Answer)
	}
	if recorded.Question == 0 {
		recorded.Question = a.question
	}
	return recorded, err
}

// assumes says that a value is assumed of its slot already.
func (c *conversation) assumes(a answer) bool {
	return reflect.DeepEqual(c.State.SlotStates[c.State.Index(a.Slot)].Value, a.Value)
}

// answered reports a slot that holds what the person answered, and about which no
// question is open: there the answer is to that.
func (c *conversation) answered(slot string) bool {
	status := c.State.SlotStates[c.State.Index(slot)].Status
	return (status == questioning.StatusAnswered || status == questioning.StatusContradicted) && !c.asksFor(slot)
}

// leavesOpen reports words that put the answer off or ask back: they say nothing of the
// slot, and its question stays as it was.
func (a answer) leavesOpen() bool { return a.intent == parse.PutsOff || a.intent == parse.AsksBack }

// answering are the volunteered values that are answers: where the slot was asked for and
// answered in words that nobody could read, and where it holds another answer. Unless they
// correct that, the person is asked which of the two it is.
func (c *conversation) answering(volunteered []answer) []answer {
	return slices.DeleteFunc(slices.Clone(volunteered), func(a answer) bool {
		switch c.State.SlotStates[c.State.Index(a.Slot)].Status {
		case questioning.StatusUnclear:
			return false
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

// revisionDigest identifies a revision by what it supersedes, so that going back
// to an earlier answer counts.
func revisionDigest(a answer, before questioning.SlotState) []byte {
	value, _ := json.Marshal(a.Value) // a canonical value always encodes
	superseded := 0
	if n := len(before.Answers); n > 0 {
		superseded = before.Answers[n-1]
	}
	return digest([]byte("revise"), []byte(a.Slot), []byte(strconv.Itoa(superseded)), []byte(a.Outcome), value, []byte(a.Words))
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
