package indexer

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/statistics"
)

// count adds a conversation to its form's statistics, once however often it
// completes. Forgetting the conversation waits.
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
	counted, err := statistics.Count(ctx, tx, e.ConversationID, e.Form)
	if err != nil || !counted {
		return Passed, err
	}
	return Indexed, nil
}
