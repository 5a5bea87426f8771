package conversation

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// choose returns the playbook that is named, or else the one that fits the goal, which
// is the generic one when in doubt. A name that is not known is refused: a caller that
// names one has a reason.
func (s *Service) choose(goal, name string) (playbook.Choice, error) {
	if name == "" {
		return s.playbooks.Choose(goal), nil
	}
	choice, found := s.playbooks.Named(name, goal)
	if !found {
		return choice, fault.Invalidf("playbook", "%q is not known; %s are", name, strings.Join(s.playbooks.Names(), ", "))
	}
	return choice, nil
}

// begin returns the state of a conversation for the slots, in which only what the goal
// and the chat tell is assumed: to be corrected rather than asked for. What was said
// last holds. No questions are open yet, so everything read is volunteered. It returns
// too what names a slot and was not read, for the client's model.
func (s *Service) begin(goal, language string, slots []questioning.Slot, limits questioning.Limits, chat []Message) (*questioning.State, []Unread) {
	state := questioning.New(goal, slots, limits)
	state.Language = language
	var named []parse.Part
	for _, text := range openingTexts(goal, chat) {
		read := parse.ReadReply(text, nil, slots, s.parseContext(state))
		for _, part := range read.Volunteered {
			state.AssumeVolunteered(part.Slot, part.Value, part.Words, messages.FromContext)
		}
		named = append(named, read.Unvalued...)
	}
	var unread []Unread
	for _, part := range named {
		i := state.Index(part.Slot)
		isListed := slices.ContainsFunc(unread, func(u Unread) bool { return u.Slot == part.Slot })
		if state.SlotStates[i].Status == questioning.StatusMissing && !isListed {
			unread = append(unread, unreadOf(state.Slots[i], part.Words, part.Intent))
		}
	}
	return state, unread
}

// plan decides what to ask next, or that asking is over. What this call left unread is
// for the client's model to read first: it is not asked for again at once. Completed is
// set where no earlier stop is stored, so that one end sends one event.
func (c *conversation) plan(change *store.Change, said summary) {
	withheld := make([]string, len(said.unread))
	for i, u := range said.unread {
		withheld[i] = u.Slot
	}
	change.Batch = c.State.Next(withheld...)
	change.Completed = change.Batch.Stop != nil && c.StopReason == ""
}
