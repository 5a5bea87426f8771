package store

import (
	"context"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// KnownDigests returns those of the digests that the conversation's answers have,
// whichever slot they are about.
func (t *Tx) KnownDigests(ctx context.Context, id string, digests [][]byte) (map[string]bool, error) {
	rows, err := fetch(ctx, t, (*queries.Queries).KnownDigests, queries.KnownDigestsParams{ConversationID: id, Digests: digests})
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	known := map[string]bool{}
	for _, digest := range rows {
		known[string(digest)] = true
	}
	return known, nil
}

// StillHold reports for each answer whether its slot rests on it now: what memory
// has may have been revised or erased a moment ago. An answer of another principal,
// or one that contradicts another, does not hold.
func (s *Store) StillHold(ctx context.Context, answers []SlotAnswer) ([]bool, error) {
	var wanted queries.StillHeldParams
	for _, a := range answers {
		wanted.ConversationIds = append(wanted.ConversationIds, a.ConversationID)
		wanted.Slots = append(wanted.Slots, a.Slot)
		wanted.Numbers = append(wanted.Numbers, a.Number)
	}
	places, err := fetch(ctx, s.direct(), (*queries.Queries).StillHeld, wanted)
	if err != nil {
		return nil, fmt.Errorf("check what was remembered: %w", err)
	}
	still := make([]bool, len(answers))
	for _, at := range places {
		still[at-1] = true
	}
	return still, nil
}
