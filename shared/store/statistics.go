package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// A conversation's contribution to statistics lies with the conversation. Others
// see it only as a voice among many: each user has one among the users of a
// principal (for_user), and each principal one among all (for_others).

// maxContributions bounds how many of a user's own conversations count, and how
// many other users of the principal: the latest.
const maxContributions = 200

// statistics are those of one schema key, as a user's conversations see them.
type statistics struct {
	// locked reports whether the shared counts have a row.
	locked bool
	// shared are the counts of all principals, own and users the sums of what the
	// user said and of what the principal's other users did, one conversation each.
	shared, own, users questioning.Statistics
	// voice is the principal's part of the shared counts, nil where it has none.
	voice *questioning.Contribution
}

// take reads a row.
func (s *statistics) take(row queries.StatisticsRow) (err error) {
	*s = statistics{locked: row.Shared != nil}
	if s.locked {
		if err := json.Unmarshal(row.Shared, &s.shared); err != nil {
			return fmt.Errorf("read shared statistics: %w", err)
		}
	}
	if row.Voice != nil {
		s.voice = &questioning.Contribution{}
		if err := json.Unmarshal(row.Voice, s.voice); err != nil {
			return fmt.Errorf("read contribution: %w", err)
		}
	}
	if s.own, err = sum(row.Own); err != nil {
		return err
	}
	s.users, err = sum(row.Users)
	return err
}

func sum(documents [][]byte) (questioning.Statistics, error) {
	all := make([]questioning.Contribution, len(documents))
	for i, document := range documents {
		if err := json.Unmarshal(document, &all[i]); err != nil {
			return questioning.Statistics{}, fmt.Errorf("read contribution: %w", err)
		}
	}
	return questioning.Sum(all), nil
}

// others are the shared counts without the principal's own voice, which is among
// own or users.
func (s *statistics) others() questioning.Statistics {
	if s.voice == nil {
		return s.shared
	}
	return s.shared.Without(*s.voice)
}

// Statistics returns what conversations of a user go by that share a schema key;
// none where there are none yet. userID is empty for conversations without one.
func (t *Tx) Statistics(ctx context.Context, schemaKey, userID string) (questioning.Statistics, error) {
	var s statistics
	batch := t.batch(ctx)
	query(batch, (*queries.Queries).Statistics, queries.StatisticsParams{SchemaKey: schemaKey, UserID: userID, Most: maxContributions}, s.take)
	if err := t.sendFor(ctx, batch, "read statistics of "+schemaKey); err != nil {
		return questioning.Statistics{}, err
	}
	return questioning.Pool(s.own, s.users, s.others()), nil
}

// Statistics is Tx.Statistics in a separate transaction.
func (s *Store) Statistics(ctx context.Context, schemaKey, userID string) (questioning.Statistics, error) {
	return s.direct().Statistics(ctx, schemaKey, userID)
}

// AddToStatistics counts a completed conversation, and returns ErrNotFound where
// the principal has none. It returns false when the conversation was counted
// before, or has no schema key. Until the transaction, which is one of Process,
// ends, the conversation is not erased.
func (t *Tx) AddToStatistics(ctx context.Context, id, schemaKey string) (added bool, err error) {
	userID, counted, err := t.insertCounted(ctx, id, schemaKey)
	if err != nil || !counted || schemaKey == "" {
		return false, err
	}
	ended, earlier, err := t.lockStatistics(ctx, id, schemaKey, userID)
	if err != nil {
		return false, err
	}
	contribution := questioning.Merge(earlier.own, earlier.users, earlier.others()).Contribution(ended.Slots, ended.SlotStates)
	speaks, err := t.setContribution(ctx, id, contribution)
	if err != nil || !speaks {
		return err == nil, err
	}
	batch := t.batch(ctx)
	if err := setShared(batch, schemaKey, earlier.shared.With(contribution)); err != nil {
		return false, err
	}
	return true, t.sendFor(ctx, batch, "store statistics")
}

// insertCounted locks a conversation and notes that it counts, once, for the user
// that it returns.
func (t *Tx) insertCounted(ctx context.Context, id, schemaKey string) (userID string, first bool, err error) {
	exists := false
	batch := t.batch(ctx)
	query(batch, (*queries.Queries).LockAgainstErasure, []string{id}, func(locked []string) error {
		exists = len(locked) == 1
		return nil
	})
	query(batch, (*queries.Queries).InsertCounted, queries.InsertCountedParams{SchemaKey: schemaKey, ConversationID: id}, func(users []string) error {
		if first = len(users) == 1; first {
			userID = users[0]
		}
		return nil
	})
	if err := t.sendFor(ctx, batch, "count conversation"); err != nil {
		return "", false, err
	}
	if !exists {
		return "", false, ErrNotFound
	}
	return userID, first, nil
}

// lockStatistics reads how the slots of a conversation ended, and the statistics
// of its schema key as they are once nobody else adds to them: whoever locks
// their row sees who speaks already.
func (t *Tx) lockStatistics(ctx context.Context, id, schemaKey, userID string) (questioning.State, statistics, error) {
	l := newLoading(t.slots)
	var s statistics
	batch := t.batch(ctx)
	each(batch, (*queries.Queries).Slots, id, l.takeSlots)
	exec(batch, (*queries.Queries).InsertShared, schemaKey)
	query(batch, (*queries.Queries).LockShared, []string{schemaKey}, func([]queries.LockSharedRow) error { return nil })
	query(batch, (*queries.Queries).Statistics, queries.StatisticsParams{SchemaKey: schemaKey, UserID: userID, Most: maxContributions}, s.take)
	if err := t.sendFor(ctx, batch, "lock statistics of "+schemaKey); err != nil {
		return questioning.State{}, statistics{}, err
	}
	if !s.locked { // an erasure deleted the row while this one waited for it
		return questioning.State{}, statistics{}, ErrConflict
	}
	return l.state, s, nil
}

// setContribution stores what a conversation adds. It returns whether the
// conversation speaks for its principal.
func (t *Tx) setContribution(ctx context.Context, id string, c questioning.Contribution) (bool, error) {
	document, err := json.Marshal(c)
	if err != nil {
		return false, fmt.Errorf("encode contribution: %w", err)
	}
	speaks, err := fetch(ctx, t, (*queries.Queries).UpdateContribution, queries.UpdateContributionParams{Contribution: document, ConversationID: id})
	if err != nil {
		return false, fmt.Errorf("store contribution: %w", err)
	}
	return speaks, nil
}

// setShared queues the shared counts of a schema key.
func setShared(batch *pgx.Batch, schemaKey string, shared questioning.Statistics) error {
	if shared.Conversations == 0 {
		exec(batch, (*queries.Queries).DeleteShared, schemaKey)
		return nil
	}
	document, err := json.Marshal(shared)
	if err != nil {
		return fmt.Errorf("encode statistics: %w", err)
	}
	exec(batch, (*queries.Queries).UpdateShared, queries.UpdateSharedParams{Document: document, SchemaKey: schemaKey})
	return nil
}

// removeFromStatistics takes back from the shared counts what conversations added
// to them. It comes before they are deleted.
func (t *Tx) removeFromStatistics(ctx context.Context, ids []string) error {
	voices, err := t.voices(ctx, ids)
	if err != nil || len(voices) == 0 {
		return err
	}
	var rows []queries.LockSharedRow
	batch := t.batch(ctx)
	postgres.BindEventing(batch, principal.From(ctx))
	query(batch, (*queries.Queries).LockShared, slices.Sorted(maps.Keys(voices)), func(locked []queries.LockSharedRow) error {
		rows = locked
		return nil
	})
	if err := t.sendFor(ctx, batch, "lock statistics"); err != nil {
		return err
	}
	batch = t.batch(ctx)
	for _, row := range rows {
		var shared questioning.Statistics
		if err := json.Unmarshal(row.Document, &shared); err != nil {
			return fmt.Errorf("read statistics of %s: %w", row.SchemaKey, err)
		}
		if err := setShared(batch, row.SchemaKey, shared.Without(voices[row.SchemaKey])); err != nil {
			return err
		}
	}
	postgres.UnbindEventing(batch)
	return t.sendFor(ctx, batch, "store statistics")
}

// voices returns what those of the conversations added that speak for their
// principal, by schema key.
func (t *Tx) voices(ctx context.Context, ids []string) (map[string]questioning.Contribution, error) {
	rows, err := fetch(ctx, t, (*queries.Queries).Voices, ids)
	if err != nil {
		return nil, fmt.Errorf("read contributions: %w", err)
	}
	voices := map[string]questioning.Contribution{}
	for _, row := range rows {
		var voice questioning.Contribution
		if err := json.Unmarshal(row.Contribution, &voice); err != nil {
			return nil, fmt.Errorf("read contribution: %w", err)
		}
		voices[row.SchemaKey] = voice
	}
	return voices, nil
}

// sendFor is send; an error says what was being done.
func (t *Tx) sendFor(ctx context.Context, batch *pgx.Batch, doing string) error {
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
