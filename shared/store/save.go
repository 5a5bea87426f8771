package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
)

// Save stores a change of a loaded conversation with its events, in a transaction
// of its own, or returns ErrConflict: then the call starts over from Load.
func (s *Store) Save(ctx context.Context, c *Conversation, change Change) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return (&Tx{tx: tx}).Save(ctx, c, change) })
}

// Save stores a change with its events. It brings the conversation to the
// revision of c from the one before it, or returns ErrConflict.
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
// playbook serves: the slots are new, as are the questions for them.
func (t *Tx) ReplacePlaybook(ctx context.Context, c *Conversation, change Change) error {
	batch := t.batch(ctx)
	batch.Queue(`UPDATE conversations SET playbook = $2, form = nullif($3, '') WHERE id = $1`, c.ID, c.Playbook, c.SchemaKey)
	batch.Queue(`DELETE FROM slots WHERE conversation_id = $1`, c.ID) // and the questions for them
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
	batch.Queue(`
		UPDATE conversations
		SET revision = $2 + 1, questions_asked = $3, answers_recorded = $4, stop_reason = nullif($5, ''), updated_at = now(),
		    opened_by = CASE WHEN opened_with_key THEN opened_by END
		WHERE id = $1 AND revision = $2`, c.ID, c.Revision-1, iv.Asked, iv.Answered, stopReason,
	).Exec(func(moved pgconn.CommandTag) error {
		if moved.RowsAffected() != 1 {
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
// repeated call returns. It is no change: the revision stays.
func (s *Store) SaveWording(ctx context.Context, id string, numbers []int, texts []string, fingerprint []byte, result json.RawMessage) error {
	return s.send(ctx, func(batch *pgx.Batch) {
		batch.Queue(`
			UPDATE questions q SET text = w.text FROM unnest($2::integer[], $3::text[]) AS w (number, text)
			WHERE q.conversation_id = $1 AND q.number = w.number`, id, numbers, texts)
		batch.Queue(`UPDATE calls SET result = $3 WHERE conversation_id = $1 AND fingerprint = $2`, id, fingerprint, result)
	})
}
