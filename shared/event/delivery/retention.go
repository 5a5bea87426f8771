package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

// RetentionConfig is how long conversations are kept, from the environment.
type RetentionConfig struct {
	// Days without a change after which a conversation is erased; 0 keeps all.
	Days int `env:"RETENTION_DAYS" envDefault:"0"`
}

const (
	// retentionInterval is how often an instance looks for what is to be erased.
	retentionInterval = 10 * time.Minute
	// retentionBatch is how many conversations one transaction of a principal erases
	// at most.
	retentionBatch = 100
	// retentionTime bounds the work of one look, which a drain's caller waits for.
	retentionTime = 5 * time.Second
)

// retention erases conversations that nobody has changed for too long, by the path of
// forgetting: their events have memory erased as well. It is the relay's because only
// the relay runs on a timer and acts for all principals. A nil *retention keeps all.
type retention struct {
	age    time.Duration
	erase  func(ctx context.Context, age time.Duration, most int) (int, error)
	erased metric.Int64Counter

	mu   sync.Mutex
	next time.Time // look
}

// newRetention returns what a configuration asks for; erase erases the oldest.
func newRetention(config RetentionConfig, erase func(ctx context.Context, age time.Duration, most int) (int, error)) (*retention, error) {
	if config.Days < 0 {
		return nil, fmt.Errorf("RETENTION_DAYS is %d: want the number of days, or 0 to keep all conversations", config.Days)
	}
	if config.Days == 0 {
		return nil, nil
	}
	erased, _ := otel.Meter(meterName).Int64Counter("questioning.conversations.expired", // errs on a bad name only
		metric.WithDescription("Conversations erased because nobody had changed them for RETENTION_DAYS."))
	return &retention{age: time.Duration(config.Days) * 24 * time.Hour, erase: erase, erased: erased}, nil
}

// run erases batch after batch, when it is time to look, until nothing is left or the
// time is up. It then continues at the next drain.
func (r *retention) run(ctx context.Context) {
	if r == nil || !r.due() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, retentionTime)
	defer cancel()
	for {
		n, err := r.erase(ctx, r.age, retentionBatch)
		r.erased.Add(context.WithoutCancel(ctx), int64(n))
		switch {
		case err != nil && ctx.Err() == nil:
			slog.WarnContext(ctx, "conversations were not erased after their time", "error", err)
			return
		case err != nil || ctx.Err() != nil:
			r.soon()
			return
		case n < retentionBatch:
			return
		}
	}
}

// due reports whether it is time to look, and sets the next time.
func (r *retention) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Before(r.next) {
		return false
	}
	r.next = now.Add(retentionInterval)
	return true
}

// soon has the next drain look again.
func (r *retention) soon() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = time.Time{}
}
