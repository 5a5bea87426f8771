package conversation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// What is read of earlier conversations is used for a while, for so many users
// and schema keys. Counts of many conversations hardly change within a minute, and
// reading them is a round trip of each call.
const (
	statisticsAge = time.Minute
	maxCached     = 64
)

// statisticsCache holds what users go by, for each schema key. It is emptied whole when
// it is full: an instance serves few schemas for long. Each instance has its own; they
// may differ for a minute, which changes the order of questions at most.
type statisticsCache struct {
	mu    sync.Mutex
	byKey map[statisticsKey]readAt
}

// statisticsKey is a schema key as a user of a principal sees it.
type statisticsKey struct{ principal, user, schemaKey string }

type readAt struct {
	questioning.Statistics
	at time.Time
}

// statisticsReader is the store, or a transaction of it.
type statisticsReader interface {
	Statistics(ctx context.Context, schemaKey, userID string) (questioning.Statistics, error)
}

// read returns what a user goes by for a schema key, none where there is nothing yet or
// no key. The lock is not held while the database is asked: two calls may both read,
// and either result will do.
func (s *statisticsCache) read(ctx context.Context, from statisticsReader, key statisticsKey, now time.Time) (questioning.Statistics, error) {
	if key.schemaKey == "" {
		return questioning.Statistics{}, nil
	}
	s.mu.Lock()
	cached, ok := s.byKey[key]
	s.mu.Unlock()
	if ok && now.Sub(cached.at) < statisticsAge {
		return cached.Statistics, nil
	}
	read, err := from.Statistics(ctx, key.schemaKey, key.user)
	if err != nil {
		return questioning.Statistics{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byKey) >= maxCached || s.byKey == nil {
		s.byKey = map[statisticsKey]readAt{}
	}
	s.byKey[key] = readAt{read, now}
	return read, nil
}

// drop forgets what was read for a principal, because something that it rests on was
// erased. Other instances follow within statisticsAge.
func (s *statisticsCache) drop(principal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.byKey, func(key statisticsKey, _ readAt) bool { return key.principal == principal })
}

// schemaKeyOf names what conversations for the same information share: their playbook,
// or what information_needed says whatever way it is written. Only 128 bits of the hash
// are kept, which is plenty for keys of one principal's schemas. Numbers pass through
// float64, so schemas that differ beyond it share a key, which mixes counts and nothing
// else.
func schemaKeyOf(playbook string, needed []byte) string {
	if playbook != "" {
		return playbook
	}
	var value any
	if err := json.Unmarshal(needed, &value); err != nil {
		return ""
	}
	canonical, _ := json.Marshal(value) // it was just decoded
	sum := sha256.Sum256(canonical)
	return "needed:" + hex.EncodeToString(sum[:16])
}
