package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// opening is what a new conversation starts from.
type opening struct {
	record
	language string // as a BCP 47 tag, empty where it is not known
	metadata []byte
	openedBy []byte // nil when the caller cannot be told from another
	withKey  bool
	// assumedFrom is the conversation that an assumption was recalled from, by slot.
	assumedFrom  map[string]string
	alternatives []string // playbooks that would serve too
	warnings     []string // about information_needed
	turn         Turn
	change
}

// open stores a new conversation at revision 1. It returns false, having
// stored nothing, when an identical call opened one that this caller can join.
func (o *opening) open(ctx context.Context, tx pgx.Tx) (bool, error) {
	user := o.userID
	batch := &pgx.Batch{}
	bind(ctx, batch)
	batch.Queue(`INSERT INTO sessions (id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, o.sessionID, user)
	batch.Queue(`SELECT user_id FROM sessions WHERE id = $1 AND principal = current_setting('app.principal') FOR KEY SHARE`, o.sessionID)
	batch.Queue(`
		INSERT INTO conversations (id, session_id, goal, playbook, information_needed, metadata, batch_size, max_questions,
		                           questions_asked, stop_reason, opened_by, opened_with_key, form, language)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, nullif($13, ''), nullif($14, ''))
		ON CONFLICT (principal, opened_by) DO NOTHING`,
		o.id, o.sessionID, o.goal, o.playbook, o.needed, o.metadata, o.interview.Limits.BatchSize, o.interview.Limits.MaxQuestions,
		o.interview.Asked, o.stopReason, o.openedBy, o.withKey, o.form, o.language)
	results := tx.SendBatch(ctx, batch)
	defer results.Close()
	for range 2 {
		if _, err := results.Exec(); err != nil {
			return false, fmt.Errorf("open session: %w", err)
		}
	}
	var owner *string
	if err := results.QueryRow().Scan(&owner); errors.Is(err, pgx.ErrNoRows) {
		return false, errConflict // forgotten meanwhile
	} else if err != nil {
		return false, fmt.Errorf("read session: %w", err)
	}
	if user != nil && (owner == nil || *owner != *user) {
		return false, errForeignSession
	}
	inserted, err := results.Exec()
	if err != nil {
		return false, fmt.Errorf("open conversation: %w", err)
	}
	if inserted.RowsAffected() == 0 {
		return false, results.Close()
	}
	if err := results.Close(); err != nil {
		return false, err
	}
	batch = &pgx.Batch{}
	for i, slot := range o.interview.Slots {
		if err := queueSlot(batch, o.id, i, slot, o.interview.SlotStates[i], o.assumedFrom[slot.Key]); err != nil {
			return false, err
		}
	}
	queueQuestions(batch, o.id, o.interview.Open)
	queueMessages(batch, o.id, 1, o.messages)
	queueCall(batch, o.id, 1, o.fingerprint, o.result)
	if err := o.queueEvents(ctx, batch, o.change, time.Now()); err != nil {
		return false, err
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return false, fmt.Errorf("store conversation: %w", err)
	}
	return true, nil
}

// errForeignSession says that a session belongs to somebody else.
var errForeignSession = errors.New("the session belongs to another user")

func queueSlot(batch *pgx.Batch, id string, position int, slot questioning.Slot, s questioning.SlotState, from string) error {
	definition, err := json.Marshal(slot)
	if err != nil {
		return fmt.Errorf("encode slot %s: %w", slot.Key, err)
	}
	value, err := encode(s.Value)
	if err != nil {
		return err
	}
	batch.Queue(`
		INSERT INTO slots (conversation_id, position, key, definition, state, value, words, source, assumed_from)
		VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''), nullif($9, '')::uuid)`,
		id, position, slot.Key, definition, s.Status, value, s.Words, s.Source, from)
	return nil
}

// openedBefore returns the result of the identical opening call, or nil when
// it was another call under the same key.
func openedBefore(ctx context.Context, tx pgx.Tx, openedBy, fingerprint []byte) ([]byte, error) {
	var result []byte
	err := tx.QueryRow(ctx, `
		SELECT k.result FROM conversations c JOIN calls k ON k.conversation_id = c.id
		WHERE c.principal = current_setting('app.principal') AND c.opened_by = $1 AND k.fingerprint = $2`, openedBy, fingerprint).Scan(&result)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return result, err
}
