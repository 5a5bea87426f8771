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

// maxHistory bounds how many answers a history has, and so how large a report gets.
const maxHistory = 500

// History returns the conversation's answers, earliest first, the latest 500 of
// them. What was superseded is among them.
func (t *Tx) History(ctx context.Context, id string) ([]HistoryEntry, error) {
	rows, err := fetch(ctx, t, (*queries.Queries).History, queries.HistoryParams{ConversationID: id, Latest: maxHistory})
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	all := make([]HistoryEntry, len(rows))
	for i, row := range rows {
		value, err := decode(row.Value)
		if err != nil {
			return nil, fmt.Errorf("read the value of answer %d: %w", row.Number, err)
		}
		all[i] = HistoryEntry{
			CitedAnswer: CitedAnswer{
				Number: row.Number, Slot: row.Slot, Question: row.Question, QuestionText: row.QuestionText,
				Outcome: row.Outcome, Words: row.Words, AnsweredAt: row.AnsweredAt,
			},
			Value: value, SupersededBy: row.SupersededBy,
		}
	}
	return all, nil
}

// Citations returns those of the numbered answers that there are, earliest first.
func (t *Tx) Citations(ctx context.Context, id string, numbers []int) ([]CitedAnswer, error) {
	rows, err := fetch(ctx, t, (*queries.Queries).Citations, queries.CitationsParams{ConversationID: id, Numbers: numbers})
	if err != nil {
		return nil, fmt.Errorf("read cited answers: %w", err)
	}
	all := make([]CitedAnswer, len(rows))
	for i, row := range rows {
		all[i] = CitedAnswer(row)
	}
	return all, nil
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
