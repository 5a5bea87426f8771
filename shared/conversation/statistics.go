package conversation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// What is read of earlier conversations is used for a while, for so many forms.
const (
	statisticsAge = time.Minute
	maxForms      = 64
)

// formStatistics holds what earlier conversations of each form answered.
type formStatistics struct {
	mu     sync.Mutex
	byForm map[string]countedAt
}

type countedAt struct {
	questioning.Statistics
	at time.Time
}

// of returns a form's statistics, none where there are none yet.
func (f *formStatistics) of(ctx context.Context, tx pgx.Tx, form string, now time.Time) (questioning.Statistics, error) {
	if statistics, fresh := f.kept(form, now); fresh {
		return statistics, nil
	}
	counted := countedAt{at: now}
	var document []byte
	switch err := tx.QueryRow(ctx, `SELECT document FROM statistics WHERE form = $1`, form).Scan(&document); {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return questioning.Statistics{}, fmt.Errorf("read statistics: %w", err)
	default:
		if err := json.Unmarshal(document, &counted.Statistics); err != nil {
			return questioning.Statistics{}, fmt.Errorf("read statistics of %s: %w", form, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.byForm) >= maxForms || f.byForm == nil {
		f.byForm = map[string]countedAt{}
	}
	f.byForm[form] = counted
	return counted.Statistics, nil
}

// kept returns what was read of a form a while ago; false when it is too old.
func (f *formStatistics) kept(form string, now time.Time) (questioning.Statistics, bool) {
	if form == "" {
		return questioning.Statistics{}, true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	counted, ok := f.byForm[form]
	return counted.Statistics, ok && now.Sub(counted.at) < statisticsAge
}

// readStatistics returns a form's statistics outside of a transaction.
func (s *Service) readStatistics(ctx context.Context, form string) (questioning.Statistics, error) {
	statistics, fresh := s.statistics.kept(form, s.now())
	if fresh {
		return statistics, nil
	}
	err := s.inTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		statistics, err = s.statistics.of(ctx, tx, form, s.now())
		return err
	})
	return statistics, err
}

// formOf names what conversations for the same information share.
func formOf(playbook *string, needed []byte) string {
	if playbook != nil {
		return *playbook
	}
	var value any
	if err := json.Unmarshal(needed, &value); err != nil {
		return ""
	}
	canonical, _ := json.Marshal(value) // it was just decoded
	sum := sha256.Sum256(canonical)
	return "needed:" + hex.EncodeToString(sum[:16])
}
