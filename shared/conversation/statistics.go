package conversation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// What is read of earlier conversations is used for a while, for so many users
// and forms.
const (
	statisticsAge = time.Minute
	maxForms      = 64
)

// formStatistics holds what users go by, for each form.
type formStatistics struct {
	mu     sync.Mutex
	byForm map[formOfUser]countedAt
}

// formOfUser is a form as a user of a principal sees it.
type formOfUser struct{ principal, user, form string }

type countedAt struct {
	questioning.Statistics
	at time.Time
}

// of returns what a user goes by for a form, none where there is nothing yet.
func (f *formStatistics) of(ctx context.Context, tx *store.Tx, key formOfUser, now time.Time) (questioning.Statistics, error) {
	if earlier, fresh := f.kept(key, now); fresh {
		return earlier, nil
	}
	earlier, err := tx.Statistics(ctx, key.form, key.user)
	if err != nil {
		return questioning.Statistics{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.byForm) >= maxForms || f.byForm == nil {
		f.byForm = map[formOfUser]countedAt{}
	}
	f.byForm[key] = countedAt{earlier, now}
	return earlier, nil
}

// kept returns what was read of a form a while ago; false when it is too old.
func (f *formStatistics) kept(key formOfUser, now time.Time) (questioning.Statistics, bool) {
	if key.form == "" {
		return questioning.Statistics{}, true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	counted, ok := f.byForm[key]
	return counted.Statistics, ok && now.Sub(counted.at) < statisticsAge
}

// drop forgets what was read for a principal.
func (f *formStatistics) drop(principal string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.byForm, func(key formOfUser, _ countedAt) bool { return key.principal == principal })
}

// readStatistics returns what a user goes by outside of a transaction.
func (s *Service) readStatistics(ctx context.Context, form, userID string) (questioning.Statistics, error) {
	key := formOfUser{principal.From(ctx), userID, form}
	earlier, fresh := s.statistics.kept(key, s.now())
	if fresh {
		return earlier, nil
	}
	err := s.store.Read(ctx, func(tx *store.Tx) (err error) {
		earlier, err = s.statistics.of(ctx, tx, key, s.now())
		return err
	})
	return earlier, unavailable(err)
}

// formOf names what conversations for the same information share.
func formOf(playbook string, needed []byte) string {
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
