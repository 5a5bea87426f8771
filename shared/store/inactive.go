package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// EraseInactive erases conversations of all principals that have not changed for so
// long, at most so many of the oldest, as Erase does, and returns their number. A
// conversation that changes meanwhile stays.
func (s *Store) EraseInactive(ctx context.Context, age time.Duration, most int) (int, error) {
	found, err := s.inactive(ctx, age, most)
	if err != nil {
		return 0, err
	}
	erased := 0
	for who, ids := range found {
		one, err := s.eraseInactive(principal.With(ctx, who), ids, age)
		if err != nil {
			return erased, err
		}
		erased += one
	}
	return erased, nil
}

// inactive returns ids of conversations, by principal.
func (s *Store) inactive(ctx context.Context, age time.Duration, most int) (map[string][]string, error) {
	found := map[string][]string{}
	batch := eventingBatch(ctx)
	query(batch, (*queries.Queries).InactiveConversations, queries.InactiveConversationsParams{
		OpenedBefore: firstID(time.Now().Add(-age)), Age: age, Most: most,
	}, func(rows []queries.InactiveConversationsRow) error {
		for _, row := range rows {
			found[row.Principal] = append(found[row.Principal], row.ID)
		}
		return nil
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("find inactive conversations: %w", err)
	}
	return found, nil
}

// eraseInactive erases those of the principal's conversations that are still inactive.
func (s *Store) eraseInactive(ctx context.Context, ids []string, age time.Duration) (erased int, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		erased = 0
		rows, err := fetch(ctx, tx, (*queries.Queries).LockInactive, queries.LockInactiveParams{Ids: ids, Age: age})
		if err != nil {
			return fmt.Errorf("lock inactive conversations: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		still, sessions := make([]string, len(rows)), make([]string, len(rows))
		for i, row := range rows {
			still[i], sessions[i] = row.ID, row.SessionID
		}
		if _, err := tx.erase(ctx, actExpired, still, sessions, time.Now()); err != nil {
			return err
		}
		erased = len(still)
		return nil
	})
	if errors.Is(err, ErrConflict) {
		return 0, nil // somebody else is at them
	}
	return erased, err
}

// firstID is the least id, a UUID of version 7, of a conversation opened at a time.
func firstID(at time.Time) string {
	var milliseconds [8]byte
	binary.BigEndian.PutUint64(milliseconds[:], uint64(max(0, at.UnixMilli())))
	var id uuid.UUID
	copy(id[:6], milliseconds[2:])
	return id.String()
}
