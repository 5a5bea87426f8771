package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// Load reads a conversation as of one moment, in one round trip, and what the
// call of the fingerprint returned before: nil where it is new, or where there is
// no fingerprint. It locks nothing; what is saved is held against the revision.
// The error may be ErrNotFound.
func (s *Store) Load(ctx context.Context, id string, fingerprint []byte) (*Conversation, *Call, error) {
	var l loading
	batch := &pgx.Batch{}
	batch.Queue(`BEGIN READ ONLY, ISOLATION LEVEL REPEATABLE READ`) // a batch's statements see a moment each
	postgres.BindPrincipal(batch, principal.From(ctx))
	ask(batch, (*queries.Queries).Conversation, id, l.take)
	l.queue(batch, id, fingerprint)
	batch.Queue(`COMMIT`)
	return l.result(s.pool.SendBatch(ctx, batch).Close())
}

// Load reads a conversation, as Store.Load does, within a transaction that reads
// more of it. The error may be ErrNotFound.
func (t *Tx) Load(ctx context.Context, id string) (*Conversation, error) {
	var l loading
	batch := t.batch(ctx)
	ask(batch, (*queries.Queries).Conversation, id, l.take)
	l.queue(batch, id, nil)
	loaded, _, err := l.result(t.send(ctx, batch))
	return loaded, err
}

// Lock reads a conversation as Store.Load does, and keeps others from changing or
// erasing it until the transaction ends. It waits for whoever locks it now, no
// longer than the pool's lock timeout. What the transaction read before may be out
// of date.
func (t *Tx) Lock(ctx context.Context, id string, fingerprint []byte) (*Conversation, *Call, error) {
	var l loading
	batch := t.batch(ctx)
	ask(batch, (*queries.Queries).LockConversation, id, func(row queries.LockConversationRow) error {
		return l.take(queries.ConversationRow(row))
	})
	l.queue(batch, id, fingerprint)
	return l.result(t.send(ctx, batch))
}

// loading collects what a batch reads of a conversation.
type loading struct {
	conversation Conversation
	state        questioning.State
	call         *Call
}

// take keeps the conversation's own row.
func (l *loading) take(row queries.ConversationRow) error {
	l.conversation = Conversation{
		ID: row.ID, SessionID: row.SessionID, UserID: row.UserID, Goal: row.Goal, Playbook: row.Playbook, Needed: row.InformationNeeded,
		SchemaKey: row.SchemaKey, Revision: row.Revision, StopReason: row.StopReason,
	}
	l.state.Goal, l.state.Language = row.Goal, row.Language
	l.state.Limits = questioning.Limits{BatchSize: row.BatchSize, MaxQuestions: row.MaxQuestions}
	l.state.Asked, l.state.Answered = row.QuestionsAsked, row.AnswersRecorded
	return nil
}

// queue adds to the batch what reads the rest. A conversation that is missing has
// ended it by then.
func (l *loading) queue(batch *pgx.Batch, id string, fingerprint []byte) {
	ask(batch, (*queries.Queries).Slots, id, l.takeSlots)
	ask(batch, (*queries.Queries).OpenQuestions, id, func(rows []queries.OpenQuestionsRow) error {
		l.state.Open = make([]questioning.Question, len(rows))
		for i, row := range rows {
			l.state.Open[i] = questioning.Question(row)
		}
		return nil
	})
	if fingerprint == nil {
		return
	}
	ask(batch, (*queries.Queries).Call, queries.CallParams{ConversationID: id, Fingerprint: fingerprint}, func(rows []queries.CallRow) error {
		for _, row := range rows {
			l.call = &Call{Revision: row.Revision, Result: row.Result}
		}
		return nil
	})
}

func (l *loading) takeSlots(rows []queries.SlotsRow) error {
	for _, row := range rows {
		var slot questioning.Slot
		if err := json.Unmarshal(row.Definition, &slot); err != nil {
			return fmt.Errorf("read the definition of a slot: %w", err)
		}
		value, err := decode(row.Value)
		if err != nil {
			return fmt.Errorf("read the value of slot %s: %w", slot.Key, err)
		}
		l.state.Slots = append(l.state.Slots, slot.Plain())
		l.state.SlotStates = append(l.state.SlotStates, questioning.SlotState{
			Status: row.State, Value: value, Words: row.Words, Answers: row.Answers, Clarified: row.Clarified, Confirmed: row.Confirmed,
			Passed: row.Passed, Source: row.Source, Reopened: row.Reopened,
		})
	}
	return nil
}

// result is what was read by a batch that ended with err.
func (l *loading) result(err error) (*Conversation, *Call, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, ErrNotFound
	}
	if err != nil {
		return nil, nil, fmt.Errorf("load conversation: %w", err)
	}
	l.conversation.State = &l.state
	return &l.conversation, l.call, nil
}
