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
)

const (
	selectConversation = `
	SELECT c.id::text, c.session_id, coalesce(s.user_id, ''), c.goal, coalesce(c.playbook, ''), c.information_needed, c.batch_size,
	       c.max_questions, c.revision, c.questions_asked, c.answers_recorded, coalesce(c.stop_reason, ''), coalesce(c.form, ''),
	       coalesce(c.language, '')
	FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
	WHERE c.id = $1 AND c.principal = current_setting('app.principal')`
	lockConversation = selectConversation + ` FOR NO KEY UPDATE OF c`
	selectSlots      = `
	SELECT definition, state, value, coalesce(words, ''), answers, clarified, confirmed, passed,
	       coalesce(source, ''), coalesce(reopened_by, 0)
	FROM slots WHERE conversation_id = $1 ORDER BY position`
	selectOpen = `
	SELECT number, slot, purpose, text, reason, bits
	FROM questions WHERE conversation_id = $1 AND open ORDER BY number`
	selectCall = `
	SELECT revision, result FROM calls WHERE conversation_id = $1 AND fingerprint = $2`
)

// Load reads a conversation as of one moment, in one round trip, and what the
// call of the fingerprint returned before: nil where it is new, or where there is
// no fingerprint. It locks nothing; what is saved is held against the revision.
func (s *Store) Load(ctx context.Context, id string, fingerprint []byte) (*Conversation, *Call, error) {
	var l loading
	batch := &pgx.Batch{}
	batch.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`) // a batch's statements see a moment each
	postgres.BindPrincipal(batch, principal.From(ctx))
	l.queue(batch, selectConversation, id, fingerprint)
	batch.Queue(`COMMIT`)
	return l.result(s.pool.SendBatch(ctx, batch).Close())
}

// Load reads a conversation.
func (t *Tx) Load(ctx context.Context, id string) (*Conversation, error) {
	var l loading
	batch := t.batch(ctx)
	l.queue(batch, selectConversation, id, nil)
	loaded, _, err := l.result(t.send(ctx, batch))
	return loaded, err
}

// Lock reads a conversation as Store.Load does, and keeps others from changing it
// until the transaction ends.
func (t *Tx) Lock(ctx context.Context, id string, fingerprint []byte) (*Conversation, *Call, error) {
	var l loading
	batch := t.batch(ctx)
	l.queue(batch, lockConversation, id, fingerprint)
	return l.result(t.send(ctx, batch))
}

// loading collects what a batch reads of a conversation.
type loading struct {
	conversation Conversation
	state        questioning.State
	call         *Call
}

// queue adds to the batch what reads a conversation, by selectConversation or
// lockConversation. The first row that is missing ends it.
func (l *loading) queue(batch *pgx.Batch, conversation, id string, fingerprint []byte) {
	c, iv := &l.conversation, &l.state
	batch.Queue(conversation, id).QueryRow(func(row pgx.Row) error {
		return row.Scan(&c.ID, &c.SessionID, &c.UserID, &c.Goal, &c.Playbook, &c.Needed,
			&iv.Limits.BatchSize, &iv.Limits.MaxQuestions, &c.Revision, &iv.Asked, &iv.Answered, &c.StopReason, &c.SchemaKey, &iv.Language)
	})
	batch.Queue(selectSlots, id).Query(func(rows pgx.Rows) error {
		if err := scanSlots(rows, iv); err != nil {
			return fmt.Errorf("read slots: %w", err)
		}
		return nil
	})
	batch.Queue(selectOpen, id).Query(func(rows pgx.Rows) error {
		open, err := pgx.CollectRows(rows, pgx.RowToStructByPos[questioning.Question])
		if err != nil {
			return fmt.Errorf("read open questions: %w", err)
		}
		iv.Open = open
		return nil
	})
	if fingerprint == nil {
		return
	}
	batch.Queue(selectCall, id, fingerprint).Query(func(rows pgx.Rows) error {
		calls, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Call])
		if err != nil {
			return fmt.Errorf("read earlier call: %w", err)
		}
		if len(calls) > 0 {
			l.call = calls[0]
		}
		return nil
	})
}

// result is what was read by a batch that ended with err.
func (l *loading) result(err error) (*Conversation, *Call, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	l.state.Goal, l.conversation.State = l.conversation.Goal, &l.state
	return &l.conversation, l.call, nil
}

func scanSlots(rows pgx.Rows, iv *questioning.State) error {
	for rows.Next() {
		var slot questioning.Slot
		var standing questioning.SlotState
		var definition, value []byte
		if err := rows.Scan(&definition, &standing.Status, &value, &standing.Words, &standing.Answers,
			&standing.Clarified, &standing.Confirmed, &standing.Passed, &standing.Source, &standing.Reopened); err != nil {
			return err
		}
		if err := json.Unmarshal(definition, &slot); err != nil {
			return fmt.Errorf("definition: %w", err)
		}
		if value != nil {
			if err := json.Unmarshal(value, &standing.Value); err != nil {
				return fmt.Errorf("value: %w", err)
			}
		}
		iv.Slots = append(iv.Slots, slot.Plain())
		iv.SlotStates = append(iv.SlotStates, standing)
	}
	return rows.Err()
}
