package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// Open stores a new conversation at revision 1, with its events, in a session that
// it adds where the principal has none of that id. Where an identical call opened
// one before that this caller can join, it stores nothing and returns that call's
// result: of several at once, one stores and the others wait for it. A call without
// a key can be joined until the conversation continues, one with a key as long as
// its result is kept. The error may be ErrForeignSession, ErrOtherCall, a
// NotKeptError or ErrConflict; whoever names no user opens in anybody's session.
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
	exec(batch, (*queries.Queries).InsertSession, queries.InsertSessionParams{ID: o.SessionID, UserID: o.UserID})
	query(batch, (*queries.Queries).SessionOwner, o.SessionID, func(owner string) error {
		if o.UserID != "" && owner != o.UserID {
			return ErrForeignSession
		}
		return nil
	})
	iv := o.State
	query(batch, (*queries.Queries).InsertConversation, queries.InsertConversationParams{
		ID: o.ID, SessionID: o.SessionID, Goal: o.Goal, Playbook: o.Playbook, InformationNeeded: o.Needed, Metadata: o.Metadata,
		BatchSize: iv.Limits.BatchSize, MaxQuestions: iv.Limits.MaxQuestions, QuestionsAsked: iv.Asked, AnswersRecorded: iv.Answered, StopReason: o.StopReason,
		OpenedBy: o.OpenedBy, OpenedWithKey: o.WithKey, SchemaKey: o.SchemaKey, Language: iv.Language,
	}, func(added int64) error {
		inserted = added == 1
		return nil
	})
	err = t.send(ctx, batch)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrConflict // the session was erased between the two statements
	}
	if err != nil {
		return false, fmt.Errorf("open conversation: %w", err)
	}
	return inserted, nil
}

// fill stores what the conversation begins with, in one round trip.
func (t *Tx) fill(ctx context.Context, o *Opening) error {
	batch := t.batch(ctx)
	for i, slot := range o.State.Slots {
		if err := insertSlot(batch, o.ID, i, slot, o.State.SlotStates[i], o.AssumedFrom[slot.Key]); err != nil {
			return err
		}
	}
	insertQuestions(batch, o.ID, o.State.Open)
	for _, a := range o.Answers {
		if err := insertAnswer(batch, o.ID, 1, a); err != nil {
			return err
		}
	}
	insertMessages(batch, o.ID, 1, o.Messages)
	t.record(batch, actOpened, o.ID)
	if err := upsertResult(batch, o.ID, 1, o.Fingerprint, o.Result); err != nil {
		return err
	}
	if err := event.Queue(batch, o.Conversation.events(ctx, o.Change, time.Now().UTC())...); err != nil {
		return err
	}
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("store conversation: %w", err)
	}
	return nil
}

// openedBefore returns the result of the identical opening call, ErrOtherCall where
// the call was not identical, or a NotKeptError where that is no longer known.
func (t *Tx) openedBefore(ctx context.Context, o *Opening) (result json.RawMessage, err error) {
	before, err := fetch(ctx, t, (*queries.Queries).OpeningResult, queries.OpeningResultParams{
		OpenedBy: o.OpenedBy, Fingerprint: o.Fingerprint, Goal: o.Goal, UserID: o.UserID, KeptFor: KeptFor,
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, ErrConflict // the conversation went on, or was erased, between the two statements
	case err != nil:
		return nil, fmt.Errorf("read earlier call: %w", err)
	}
	result, err = kept(before.Result, before.EarlierResult)
	switch {
	case result != nil || err != nil:
		return result, err
	case before.Alike && (before.Swept || !(&Conversation{Revision: before.Revision}).KeepsCallsOf(0)): // an opening comes before revision 1
		return nil, &NotKeptError{before.ID}
	}
	return nil, ErrOtherCall
}
