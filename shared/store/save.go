package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// Save stores a change of a loaded conversation with its events, in a transaction
// of its own, or returns ErrConflict: then the call starts over from Load. Who
// wins a race is decided by the database, whichever processes the calls are in.
func (s *Store) Save(ctx context.Context, c *Conversation, change Change) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return (&Tx{tx: tx}).Save(ctx, c, change) })
}

// Save stores a change with its events, in one round trip. It brings the
// conversation to the revision of c from the one before it, or returns ErrConflict.
// What differs between the change's Before and the state of c is written, and
// nothing else.
func (t *Tx) Save(ctx context.Context, c *Conversation, change Change) error {
	batch := t.batch(ctx)
	if err := c.queueChange(ctx, batch, change); err != nil {
		return err
	}
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("store change: %w", err)
	}
	return nil
}

// ReplacePlaybook is Save for a conversation without answers that another
// playbook serves: the slots are new, as are the questions for them. The change's
// Before has the new slots and no question. Answers would go with their slots.
func (t *Tx) ReplacePlaybook(ctx context.Context, c *Conversation, change Change) error {
	batch := t.batch(ctx)
	tell(batch, (*queries.Queries).UpdatePlaybook, queries.UpdatePlaybookParams{ID: c.ID, Playbook: c.Playbook, SchemaKey: c.SchemaKey})
	tell(batch, (*queries.Queries).DeleteSlots, c.ID)
	for i, slot := range c.State.Slots {
		if err := insertSlot(batch, c.ID, i, slot, c.State.SlotStates[i], ""); err != nil {
			return err
		}
	}
	if err := c.queueChange(ctx, batch, change); err != nil {
		return err
	}
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("replace the playbook: %w", err)
	}
	return nil
}

// queueChange begins with the compare-and-set: it locks the conversation, and
// where another call was quicker the rest is undone.
func (c *Conversation) queueChange(ctx context.Context, batch *pgx.Batch, change Change) error {
	iv := c.State
	stopReason := ""
	if change.Batch.Stop != nil {
		stopReason = string(change.Batch.Stop.Reason)
	}
	ask(batch, (*queries.Queries).UpdateConversation, queries.UpdateConversationParams{
		ID: c.ID, Revision: c.Revision - 1, QuestionsAsked: iv.Asked, AnswersRecorded: iv.Answered, StopReason: stopReason,
	}, func(advanced int64) error {
		if advanced == 0 {
			return ErrConflict
		}
		return nil
	})
	if err := updateSlots(batch, c.ID, change.Before, iv); err != nil {
		return err
	}
	supersedeAnswers(batch, c.ID, change.Before, iv)
	closeQuestions(batch, c.ID, change.Before.Open, iv.Open)
	insertQuestions(batch, c.ID, iv.Open[len(iv.Open)-change.Batch.New:])
	for _, a := range change.Answers {
		if err := insertAnswer(batch, c.ID, c.Revision, a); err != nil {
			return err
		}
	}
	insertMessages(batch, c.ID, c.Revision, change.Messages)
	upsertCall(batch, c.ID, c.Revision, change.Fingerprint, change.Result)
	return event.Queue(batch, c.events(ctx, change, time.Now().UTC())...)
}

// SaveWording stores the texts of numbered questions as they are put, and what a
// repeated call returns. It is no change: the revision stays, and so do the events,
// which were queued with the texts before. What is gone is left alone.
func (s *Store) SaveWording(ctx context.Context, id string, numbers []int, texts []string, fingerprint []byte, result json.RawMessage) error {
	return s.send(ctx, func(batch *pgx.Batch) {
		tell(batch, (*queries.Queries).UpdateTexts, queries.UpdateTextsParams{ConversationID: id, Numbers: numbers, Texts: texts})
		tell(batch, (*queries.Queries).UpdateResult, queries.UpdateResultParams{ConversationID: id, Fingerprint: fingerprint, Result: result})
	})
}
