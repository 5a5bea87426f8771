package conversation

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// View is a conversation as it stands, for a tool that leads one itself.
type View struct {
	ConversationID string
	Goal           string
	Language       string // as a BCP 47 tag, empty where it is not known
	Revision       int
	Slots          []questioning.Slot
}

// View reads a conversation of the caller's. It changes nothing.
func (s *Service) View(ctx context.Context, conversationID, userID string) (View, error) {
	if err := s.CheckUser(userID); err != nil {
		return View{}, err
	}
	var rec *record
	err := s.inTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		rec, _, err = find(ctx, tx, conversationID, userID, nil)
		return err
	})
	if err != nil {
		return View{}, err
	}
	return View{rec.id, rec.goal, rec.interview.Language, rec.revision, rec.interview.Slots}, nil
}
