package indexer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// count adds a conversation to its form's statistics, once however often it
// completes.
func count(ctx context.Context, tx pgx.Tx, e event.ConversationCompleted) (Outcome, error) {
	if _, err := tx.Exec(ctx, `SELECT set_config('app.principal', $1, true)`, e.Principal); err != nil {
		return "", err
	}
	var held bool
	err := tx.QueryRow(ctx, `
		SELECT true FROM conversations WHERE id = $1 AND principal = current_setting('app.principal') FOR KEY SHARE`, e.ConversationID).Scan(&held)
	if errors.Is(err, pgx.ErrNoRows) {
		return Dropped, nil
	}
	if err != nil {
		return "", fmt.Errorf("lock conversation: %w", err)
	}
	first, err := tx.Exec(ctx, `INSERT INTO counted_conversations (conversation_id) VALUES ($1) ON CONFLICT DO NOTHING`, e.ConversationID)
	if err != nil {
		return "", fmt.Errorf("note conversation: %w", err)
	}
	if first.RowsAffected() == 0 || e.Form == "" {
		return Passed, nil
	}
	slots, standings, err := ended(ctx, tx, e.ConversationID)
	if err != nil {
		return "", err
	}
	return Indexed, fold(ctx, tx, e.Form, slots, standings)
}

// ended reads where the slots of a conversation stand.
func ended(ctx context.Context, tx pgx.Tx, id string) (slots []questioning.Slot, standings []questioning.Standing, err error) {
	rows, _ := tx.Query(ctx, `
		SELECT definition, state, value, coalesce(words, ''), answers, passed FROM slots WHERE conversation_id = $1 ORDER BY position`, id)
	var definition, value []byte
	var standing questioning.Standing
	_, err = pgx.ForEachRow(rows, []any{&definition, &standing.State, &value, &standing.Words, &standing.Answers, &standing.Passed}, func() error {
		var slot questioning.Slot
		if err := json.Unmarshal(definition, &slot); err != nil {
			return fmt.Errorf("definition: %w", err)
		}
		one := standing
		one.Value = nil
		if value != nil {
			if err := json.Unmarshal(value, &one.Value); err != nil {
				return fmt.Errorf("value of %s: %w", slot.Key, err)
			}
		}
		slots, standings = append(slots, slot), append(standings, one)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read slots: %w", err)
	}
	return slots, standings, nil
}

func fold(ctx context.Context, tx pgx.Tx, form string, slots []questioning.Slot, standings []questioning.Standing) error {
	if _, err := tx.Exec(ctx, `INSERT INTO statistics (form, document) VALUES ($1, '{}') ON CONFLICT DO NOTHING`, form); err != nil {
		return fmt.Errorf("begin statistics: %w", err)
	}
	var document []byte
	if err := tx.QueryRow(ctx, `SELECT document FROM statistics WHERE form = $1 FOR UPDATE`, form).Scan(&document); err != nil {
		return fmt.Errorf("read statistics: %w", err)
	}
	var earlier questioning.Statistics
	if err := json.Unmarshal(document, &earlier); err != nil {
		return fmt.Errorf("statistics of %s: %w", form, err)
	}
	document, err := json.Marshal(earlier.Add(slots, standings))
	if err != nil {
		return fmt.Errorf("encode statistics: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE statistics SET document = $2, updated_at = now() WHERE form = $1`, form, document); err != nil {
		return fmt.Errorf("store statistics: %w", err)
	}
	return nil
}
