package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// change is what one call adds to a conversation.
type change struct {
	before      *questioning.State // as loaded
	answers     []answer
	revised     *questioning.Revised // when the change is a revision
	messages    []Message
	fingerprint []byte
	batch       questioning.Batch
	completed   bool // by this change
	result      []byte
}

// answer is an answer to be stored, with the digest that makes it unique.
type answer struct {
	questioning.Answer
	digest []byte
}

// KeptCalls is how many results a conversation keeps for repeated calls.
const KeptCalls = 16

// advance stores a change and moves the conversation to rec's revision from
// the one before it, or returns errConflict.
func (rec *record) advance(ctx context.Context, tx pgx.Tx, c change) error {
	iv := rec.interview
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE conversations
		SET revision = $2 + 1, questions_asked = $3, answers_recorded = $4, stop_reason = $5, updated_at = now(),
		    opened_by = CASE WHEN opened_with_key THEN opened_by END
		WHERE id = $1 AND revision = $2`, rec.id, rec.revision-1, iv.Asked, iv.Answered, stopReason(c.batch),
	).Exec(func(moved pgconn.CommandTag) error {
		if moved.RowsAffected() != 1 {
			return errConflict
		}
		return nil
	})
	if err := queueSlots(batch, rec.id, c.before, iv); err != nil {
		return err
	}
	queueSuperseded(batch, rec.id, c.before, iv)
	queueClosed(batch, rec.id, c.before.Open, iv.Open)
	queueQuestions(batch, rec.id, iv.Open[len(iv.Open)-c.batch.New:])
	for _, a := range c.answers {
		if err := queueAnswer(batch, rec.id, rec.revision, a); err != nil {
			return err
		}
	}
	queueMessages(batch, rec.id, rec.revision, c.messages)
	queueCall(batch, rec.id, rec.revision, c.fingerprint, c.result)
	if err := rec.queueEvents(ctx, batch, c, time.Now()); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store change: %w", err)
	}
	return nil
}

// stopReason is a batch's reason to stop as it is stored, nil while asking goes on.
func stopReason(batch questioning.Batch) *string {
	if batch.Stop == nil {
		return nil
	}
	reason := string(batch.Stop.Reason)
	return &reason
}

func queueSlots(batch *pgx.Batch, id string, before, after *questioning.State) error {
	for i := range after.SlotStates {
		s := after.SlotStates[i]
		if reflect.DeepEqual(before.SlotStates[i], s) {
			continue
		}
		value, err := encode(s.Value)
		if err != nil {
			return err
		}
		batch.Queue(`
			UPDATE slots SET state = $3, value = $4, words = $5, answers = coalesce($6::integer[], '{}'), clarified = $7, confirmed = $8, passed = $9,
			       source = nullif($10, ''), reopened_by = nullif($11, 0)
			WHERE conversation_id = $1 AND position = $2`,
			id, i, s.Status, value, s.Words, s.Answers, s.Clarified, s.Confirmed, s.Passed, s.Source, s.Reopened)
	}
	return nil
}

// queueSuperseded marks the answers that slots rested on and no longer do with
// the answer that put them aside.
func queueSuperseded(batch *pgx.Batch, id string, before, after *questioning.State) {
	for i, s := range after.SlotStates {
		by := s.Reopened
		if n := len(s.Answers); n > 0 {
			by = s.Answers[n-1]
		}
		var aside []int
		for _, number := range before.SlotStates[i].Answers {
			if number < by && !slices.Contains(s.Answers, number) && s.Status != questioning.StatusContradicted {
				aside = append(aside, number)
			}
		}
		if len(aside) > 0 {
			batch.Queue(`UPDATE answers SET superseded_by = $3 WHERE conversation_id = $1 AND number = ANY($2)`, id, aside, by)
		}
	}
}

func queueClosed(batch *pgx.Batch, id string, before, after []questioning.Question) {
	still := map[int]bool{}
	for _, q := range after {
		still[q.Number] = true
	}
	var closed []int
	for _, q := range before {
		if !still[q.Number] {
			closed = append(closed, q.Number)
		}
	}
	if len(closed) > 0 {
		batch.Queue(`UPDATE questions SET open = false WHERE conversation_id = $1 AND number = ANY($2)`, id, closed)
	}
}

func queueQuestions(batch *pgx.Batch, id string, questions []questioning.Question) {
	for _, q := range questions {
		batch.Queue(`INSERT INTO questions (conversation_id, number, slot, purpose, text, reason, bits) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id, q.Number, q.Slot, q.Purpose, q.Text, q.Reason, q.Bits)
	}
}

func queueAnswer(batch *pgx.Batch, id string, revision int, a answer) error {
	value, err := encode(a.Value)
	if err != nil {
		return err
	}
	var question *int
	if a.Question > 0 {
		question = &a.Question
	}
	var problem *string
	if a.Problem != "" {
		problem = &a.Problem
	}
	batch.Queue(`
		INSERT INTO answers (conversation_id, number, slot, question, outcome, value, words, problem, digest, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		id, a.Number, a.Slot, question, a.Outcome, value, a.Words, problem, a.digest, revision)
	return nil
}

func queueMessages(batch *pgx.Batch, id string, revision int, messages []Message) {
	for i, m := range messages {
		batch.Queue(`INSERT INTO messages (conversation_id, revision, position, role, content, sent_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, revision, i, m.Role, m.Content, m.Timestamp)
	}
}

func queueCall(batch *pgx.Batch, id string, revision int, fingerprint, result []byte) {
	batch.Queue(`
		INSERT INTO calls (conversation_id, fingerprint, revision, result) VALUES ($1, $2, $3, $4)
		ON CONFLICT (conversation_id, fingerprint) DO UPDATE SET revision = excluded.revision, result = excluded.result`,
		id, fingerprint, revision, result)
	batch.Queue(`DELETE FROM calls WHERE conversation_id = $1 AND revision <= $2`, id, revision-KeptCalls)
}

// encode returns a value as JSON, and nil for none.
func encode(value any) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode value: %w", err)
	}
	return data, nil
}
