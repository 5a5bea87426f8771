package conversation

import (
	"context"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// View is a conversation as it stands, for a tool that leads one itself.
type View struct {
	ConversationID string
	Goal           string
	Language       string // as a BCP 47 tag, empty where it is not known
	Revision       int
	Slots          []questioning.Slot
	Assumed        []Coverage // what is assumed, to be confirmed

	stored *store.Conversation
}

// KeepsCallsOf tells whether the results of calls that were made at an earlier
// revision are still kept, so that a repeated one changes nothing.
func (v View) KeepsCallsOf(revision int) bool { return v.stored.KeepsCallsOf(revision) }

// View reads a conversation of the caller's. It changes nothing. It may be old by the
// time it is used: what a call changes is measured against what is stored by then.
func (s *Service) View(ctx context.Context, conversationID, userID string) (View, error) {
	if err := s.CheckUser(userID); err != nil {
		return View{}, err
	}
	found, _, err := s.store.Load(ctx, conversationID, nil)
	c, err := owned(&store.Loaded{Conversation: found}, err, conversationID, userID)
	if err != nil {
		return View{}, unavailable(err)
	}
	return c.view(), nil
}

func (c *conversation) view() View {
	assumed := slices.DeleteFunc(coverage(c.State), func(c Coverage) bool { return c.State != questioning.StatusAssumed })
	return View{c.ID, c.Goal, c.State.Language, c.Revision, c.State.Slots, assumed, c.Conversation}
}
