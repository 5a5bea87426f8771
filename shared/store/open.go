package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
)

// Open stores a new conversation at revision 1, with its events. Where an
// identical call opened one before that this caller can join, it stores nothing
// and returns that call's result. The error may be ErrForeignSession or
// ErrOtherCall.
func (s *Store) Open(ctx context.Context, o *Opening) (earlier json.RawMessage, err error) {
	ctx, saved := decided(ctx)
	defer saved()
	err = s.Write(ctx, func(tx *Tx) error {
		earlier = nil
		inserted, err := tx.insert(ctx, o)
		if err != nil {
			return err
		}
		if !inserted {
			earlier, err = tx.openedBefore(ctx, o)
			return err
		}
		return tx.fill(ctx, o)
	})
	return earlier, err
}

// insert stores the conversation's own row and its session's; false when there
// is one that was opened by the same call.
func (t *Tx) insert(ctx context.Context, o *Opening) (inserted bool, err error) {
	batch := t.batch(ctx)
	batch.Queue(`INSERT INTO sessions (id, user_id) VALUES ($1, nullif($2, '')) ON CONFLICT DO NOTHING`, o.SessionID, o.UserID)
	batch.Queue(`
		SELECT coalesce(user_id, '') FROM sessions WHERE id = $1 AND principal = current_setting('app.principal') FOR KEY SHARE`, o.SessionID).
		QueryRow(func(row pgx.Row) error {
			var owner string
			if err := row.Scan(&owner); errors.Is(err, pgx.ErrNoRows) {
				return ErrConflict // forgotten meanwhile
			} else if err != nil {
				return fmt.Errorf("read session: %w", err)
			}
			if o.UserID != "" && owner != o.UserID {
				return ErrForeignSession
			}
			return nil
		})
	iv := o.State
	batch.Queue(`
		INSERT INTO conversations (id, session_id, goal, playbook, information_needed, metadata, batch_size, max_questions,
		                           questions_asked, stop_reason, opened_by, opened_with_key, form, language)
		VALUES ($1, $2, $3, nullif($4, ''), $5, $6, $7, $8, $9, nullif($10, ''), $11, $12, nullif($13, ''), nullif($14, ''))
		ON CONFLICT (principal, opened_by) DO NOTHING`,
		o.ID, o.SessionID, o.Goal, o.Playbook, o.Needed, o.Metadata, iv.Limits.BatchSize, iv.Limits.MaxQuestions,
		iv.Asked, o.StopReason, o.OpenedBy, o.WithKey, o.SchemaKey, iv.Language).
		Exec(func(tag pgconn.CommandTag) error {
			inserted = tag.RowsAffected() == 1
			return nil
		})
	if err := t.send(ctx, batch); err != nil {
		return false, fmt.Errorf("open conversation: %w", err)
	}
	return inserted, nil
}

// fill stores what the conversation begins with.
func (t *Tx) fill(ctx context.Context, o *Opening) error {
	batch := t.batch(ctx)
	for i, slot := range o.State.Slots {
		if err := insertSlot(batch, o.ID, i, slot, o.State.SlotStates[i], o.AssumedFrom[slot.Key]); err != nil {
			return err
		}
	}
	insertQuestions(batch, o.ID, o.State.Open)
	insertMessages(batch, o.ID, 1, o.Messages)
	upsertCall(batch, o.ID, 1, o.Fingerprint, o.Result)
	if err := event.Queue(batch, o.Conversation.events(ctx, o.Change, time.Now().UTC())...); err != nil {
		return err
	}
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("store conversation: %w", err)
	}
	return nil
}

// openedBefore returns the result of the identical opening call.
func (t *Tx) openedBefore(ctx context.Context, o *Opening) (result json.RawMessage, err error) {
	batch := t.batch(ctx)
	batch.Queue(`
		SELECT k.result FROM conversations c JOIN calls k ON k.conversation_id = c.id
		WHERE c.principal = current_setting('app.principal') AND c.opened_by = $1 AND k.fingerprint = $2`, o.OpenedBy, o.Fingerprint).
		QueryRow(func(row pgx.Row) error { return row.Scan(&result) })
	switch err := t.send(ctx, batch); {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, ErrOtherCall
	case err != nil:
		return nil, fmt.Errorf("read earlier call: %w", err)
	}
	return result, nil
}
