package store

import (
	"context"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/statistics"
)

// Statistics returns what conversations of a user go by that share a schema key;
// none where there are none yet. userID is empty for conversations without one.
func (t *Tx) Statistics(ctx context.Context, schemaKey, userID string) (questioning.Statistics, error) {
	if !t.bound {
		if err := t.send(ctx, t.batch(ctx)); err != nil {
			return questioning.Statistics{}, err
		}
	}
	return statistics.Read(ctx, t.tx, schemaKey, userID)
}

// Statistics is Tx.Statistics in a transaction of its own.
func (s *Store) Statistics(ctx context.Context, schemaKey, userID string) (earlier questioning.Statistics, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		earlier, err = tx.Statistics(ctx, schemaKey, userID)
		return err
	})
	return earlier, err
}
