package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// AnsweredSlot is a slot that holds a value by the person's own answer, with the
// conversation it is of and the question that was answered.
type AnsweredSlot struct {
	Principal, UserID, SessionID, ConversationID string
	Goal                                         string // the first 8192 characters
	Slot                                         questioning.Slot
	Value                                        any
	Words                                        string
	AnswerNumber                                 int // of the latest answer that the slot rests on
	AnsweredAt                                   time.Time
	QuestionText                                 string // empty where the answer answers none
}

// maxGoal bounds what is read of a goal, in characters: no reader keeps more.
const maxGoal = 8 << 10

// LockAnswered locks those of the conversations that are still there, whose ids
// it returns with their answered slots: those that keys names for each, or all where
// keys is nil. Until
// the transaction ends they are not erased, nobody else locks them so, and people
// continue to answer: whoever copies the slots elsewhere copies the latest. The commit
// does not wait for the disk: what was copied can be copied again.
func (t *Tx) LockAnswered(ctx context.Context, ids []string, keys map[string][]string) (locked []string, answered []AnsweredSlot, err error) {
	ids = slices.Sorted(slices.Values(ids)) // all lock in one order
	batch := t.batch(ctx)
	batch.Queue(`SET LOCAL synchronous_commit = off`)
	exec(batch, (*queries.Queries).LockMemory, ids)
	query(batch, (*queries.Queries).LockAgainstErasure, ids, func(there []string) error {
		locked = there
		return nil
	})
	wanted := queries.AnsweredSlotsParams{MaxGoal: maxGoal}
	for _, id := range ids {
		of := []string{""} // all
		if keys != nil {
			of = keys[id]
		}
		for _, key := range of {
			wanted.Ids, wanted.Slots = append(wanted.Ids, id), append(wanted.Slots, key)
		}
	}
	query(batch, (*queries.Queries).AnsweredSlots, wanted, func(rows []queries.AnsweredSlotsRow) error {
		answered, err = answeredSlots(rows)
		return err
	})
	if err := t.send(ctx, batch); err != nil {
		return nil, nil, fmt.Errorf("lock answered slots: %w", err)
	}
	return locked, answered, nil
}

func answeredSlots(rows []queries.AnsweredSlotsRow) ([]AnsweredSlot, error) {
	all := make([]AnsweredSlot, len(rows))
	for i, row := range rows {
		all[i] = AnsweredSlot{
			Principal: row.Principal, UserID: row.UserID, SessionID: row.SessionID, ConversationID: row.ID, Goal: row.Goal,
			Words: row.Words, AnswerNumber: row.Number, AnsweredAt: row.AnsweredAt, QuestionText: row.QuestionText,
		}
		if err := json.Unmarshal(row.Definition, &all[i].Slot); err != nil {
			return nil, fmt.Errorf("read the definition of a slot: %w", err)
		}
		if err := json.Unmarshal(row.Value, &all[i].Value); err != nil {
			return nil, fmt.Errorf("read the value of slot %s: %w", all[i].Slot.Key, err)
		}
	}
	return all, nil
}

// ConversationKey names a conversation of any principal.
type ConversationKey struct{ Principal, ID string }

// Keys returns the next conversations of all principals after an id, by id, at
// most limit of them. The first follow the nil UUID.
func (s *Store) Keys(ctx context.Context, after string, limit int) ([]ConversationKey, error) {
	rows, err := fetchOfAll(ctx, s, (*queries.Queries).ConversationKeys, queries.ConversationKeysParams{After: after, Most: limit})
	if err != nil {
		return nil, fmt.Errorf("read conversations: %w", err)
	}
	keys := make([]ConversationKey, len(rows))
	for i, row := range rows {
		keys[i] = ConversationKey(row)
	}
	return keys, nil
}
