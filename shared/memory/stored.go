package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Sync makes what is remembered of some slots of a conversation what they hold
// in Postgres, and returns false when the conversation is gone. Until tx ends,
// the conversation cannot be forgotten and nobody else syncs it; tools go on
// answering. tx is bound to the principal by this call.
func (m *Memory) Sync(ctx context.Context, tx pgx.Tx, principal, conversation string, slots []string) (there bool, err error) {
	if m.client == nil {
		return false, ErrNotConfigured
	}
	held, err := hold(ctx, tx, principal, []string{conversation})
	if err != nil || len(held) == 0 {
		return false, err
	}
	items, err := answered(ctx, tx, held, slots)
	if err != nil {
		return true, err
	}
	empty := slices.DeleteFunc(slices.Clone(slots), func(key string) bool {
		return slices.ContainsFunc(items, func(i Item) bool { return i.Slot == key })
	})
	if err := m.forgetSlots(ctx, principal, conversation, empty); err != nil {
		return true, err
	}
	return true, m.Put(ctx, items)
}

// hold binds tx to a principal and locks those of the conversations that are
// still there, which it returns: forgetting waits, and so does whoever else
// would write their memory.
func hold(ctx context.Context, tx pgx.Tx, principal string, conversations []string) ([]string, error) {
	conversations = slices.Sorted(slices.Values(conversations)) // all lock in one order
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('app.principal', $1, true)`, principal)
	for _, id := range conversations {
		batch.Queue(`SELECT pg_advisory_xact_lock(hashtextextended('memory of ' || $1::text, 0))`, id)
	}
	batch.Queue(`
		SELECT id::text FROM conversations
		WHERE id = ANY($1::uuid[]) AND principal = current_setting('app.principal')
		ORDER BY id FOR KEY SHARE`, conversations)
	results := tx.SendBatch(ctx, batch)
	defer results.Close()
	for range len(conversations) + 1 {
		if _, err := results.Exec(); err != nil {
			return nil, fmt.Errorf("lock conversation: %w", err)
		}
	}
	rows, _ := results.Query()
	held, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("lock conversation: %w", err)
	}
	return held, results.Close()
}

// answered reads what slots of conversations hold by the person's own answers;
// all slots when none are named. Secrets are left out.
func answered(ctx context.Context, tx pgx.Tx, conversations, slots []string) ([]Item, error) {
	rows, err := tx.Query(ctx, `
		SELECT c.principal, coalesce(s.user_id, ''), c.session_id, c.id::text, left(c.goal, $3), v.definition, v.value,
		       coalesce(v.words, ''), a.number, a.answered_at, coalesce(q.text, '')
		FROM conversations c
		JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
		JOIN slots v ON v.conversation_id = c.id
		CROSS JOIN LATERAL (
			SELECT number, question, answered_at FROM answers
			WHERE conversation_id = c.id AND number = v.answers[cardinality(v.answers)] OFFSET 0
		) a
		LEFT JOIN LATERAL (
			SELECT text FROM questions WHERE conversation_id = c.id AND number = a.question OFFSET 0
		) q ON true
		WHERE c.id = ANY($1::uuid[]) AND v.state = 'answered' AND ($2::text[] IS NULL OR v.key = ANY($2))
		ORDER BY c.id, v.position`, conversations, slots, maxText)
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	items, err := pgx.CollectRows(rows, scanItem)
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	return slices.DeleteFunc(items, Item.secret), nil
}

func scanItem(row pgx.CollectableRow) (Item, error) {
	var i Item
	var definition, value []byte
	if err := row.Scan(&i.Principal, &i.UserID, &i.SessionID, &i.ConversationID, &i.Goal, &definition, &value,
		&i.Words, &i.AnswerNumber, &i.AnsweredAt, &i.Question); err != nil {
		return Item{}, err
	}
	var slot questioning.Slot
	if err := json.Unmarshal(definition, &slot); err != nil {
		return Item{}, fmt.Errorf("definition: %w", err)
	}
	if err := json.Unmarshal(value, &i.Value); err != nil {
		return Item{}, fmt.Errorf("value of %s: %w", slot.Key, err)
	}
	i.Slot, i.Title, i.Type, i.description = slot.Key, slot.Title, slot.Type, slot.Description
	return i, nil
}
