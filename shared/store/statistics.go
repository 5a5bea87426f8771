package store

import (
	"context"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/statistics"
)

// Statistics returns what conversations of a user go by that share a schema key;
// none where there are none yet. userID is empty for conversations without one.
func (t *Tx) Statistics(ctx context.Context, schemaKey, userID string) (questioning.Statistics, error) {
	var read questioning.Statistics
	batch := t.batch(ctx)
	statistics.Read(batch, schemaKey, userID, &read)
	return read, t.send(ctx, batch)
}

// Statistics is Tx.Statistics in a transaction of its own.
func (s *Store) Statistics(ctx context.Context, schemaKey, userID string) (questioning.Statistics, error) {
	return s.direct().Statistics(ctx, schemaKey, userID)
}
