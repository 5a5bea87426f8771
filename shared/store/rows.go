package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// insertSlot queues a new slot with what is known of it; from is the conversation
// that an assumption was recalled from, or empty.
func insertSlot(batch *pgx.Batch, id string, position int, slot questioning.Slot, s questioning.SlotState, from string) error {
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

// replaceSlots queues other slots for a conversation without answers. The
// questions for those before go with them.
func replaceSlots(batch *pgx.Batch, id string, after *questioning.State) error {
	batch.Queue(`DELETE FROM slots WHERE conversation_id = $1`, id)
	for i, slot := range after.Slots {
		if err := insertSlot(batch, id, i, slot, after.SlotStates[i], ""); err != nil {
			return err
		}
	}
	return nil
}

// updateSlots queues the slots of which something else is known now.
func updateSlots(batch *pgx.Batch, id string, before, after *questioning.State) error {
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

// supersedeAnswers marks the answers that slots rested on and no longer do with
// the answer that superseded them.
func supersedeAnswers(batch *pgx.Batch, id string, before, after *questioning.State) {
	for i, s := range after.SlotStates {
		by := s.Reopened
		if n := len(s.Answers); n > 0 {
			by = s.Answers[n-1]
		}
		var superseded []int
		for _, number := range before.SlotStates[i].Answers {
			if number < by && !slices.Contains(s.Answers, number) && s.Status != questioning.StatusContradicted {
				superseded = append(superseded, number)
			}
		}
		if len(superseded) > 0 {
			batch.Queue(`UPDATE answers SET superseded_by = $3 WHERE conversation_id = $1 AND number = ANY($2)`, id, superseded, by)
		}
	}
}

// closeQuestions queues the questions that are no longer open.
func closeQuestions(batch *pgx.Batch, id string, before, after []questioning.Question) {
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

func insertQuestions(batch *pgx.Batch, id string, questions []questioning.Question) {
	for _, q := range questions {
		batch.Queue(`INSERT INTO questions (conversation_id, number, slot, purpose, text, reason, bits) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id, q.Number, q.Slot, q.Purpose, q.Text, q.Reason, q.Bits)
	}
}

func insertAnswer(batch *pgx.Batch, id string, revision int, a Answer) error {
	value, err := encode(a.Value)
	if err != nil {
		return err
	}
	batch.Queue(`
		INSERT INTO answers (conversation_id, number, slot, question, outcome, value, words, problem, digest, revision)
		VALUES ($1, $2, $3, nullif($4, 0), $5, $6, $7, nullif($8, ''), $9, $10)`,
		id, a.Number, a.Slot, a.Question, a.Outcome, value, a.Words, a.Problem, a.Digest, revision)
	return nil
}

func insertMessages(batch *pgx.Batch, id string, revision int, messages []Message) {
	for i, m := range messages {
		batch.Queue(`INSERT INTO messages (conversation_id, revision, position, role, content, sent_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, revision, i, m.Role, m.Content, m.Timestamp)
	}
}

// upsertCall queues a call's result, and deletes those that are too old.
func upsertCall(batch *pgx.Batch, id string, revision int, fingerprint, result []byte) {
	batch.Queue(`
		INSERT INTO calls (conversation_id, fingerprint, revision, result) VALUES ($1, $2, $3, $4)
		ON CONFLICT (conversation_id, fingerprint) DO UPDATE SET revision = excluded.revision, result = excluded.result`,
		id, fingerprint, revision, result)
	batch.Queue(`DELETE FROM calls WHERE conversation_id = $1 AND revision <= $2`, id, revision-keptCalls)
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
