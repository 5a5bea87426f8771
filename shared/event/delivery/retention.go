package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// RetentionConfig is how long conversations are kept, from the environment.
type RetentionConfig struct {
	// Days without a change after which a conversation is erased; 0 keeps all.
	Days int `env:"RETENTION_DAYS" envDefault:"0"`
}

const (
	// sweepInterval is how often an instance looks for what is to be deleted.
	sweepInterval = 10 * time.Minute
	// retentionBatch is how many conversations one transaction of a principal erases
	// at most, resultBatch how many results one deletes, and auditBatch how many records.
	retentionBatch = 100
	resultBatch    = 1000
	auditBatch     = 1000
	// sweepTime bounds the work of one look, which a drain's caller waits for.
	sweepTime = 5 * time.Second
)

// sweep deletes what is older than an age, batch after batch. It is the relay's because
// only the relay runs on a timer and acts for all principals. A nil *sweep keeps all.
type sweep struct {
	what    string
	age     time.Duration
	batch   int
	delete  func(ctx context.Context, age time.Duration, most int) (int, error) // the oldest
	deleted metric.Int64Counter

	mu   sync.Mutex
	next time.Time // look
}

// newRetention returns the sweep of conversations that nobody has changed for too long,
// by the path of forgetting: their events have memory erased as well.
func newRetention(config RetentionConfig, erase func(ctx context.Context, age time.Duration, most int) (int, error)) (*sweep, error) {
	if config.Days < 0 {
		return nil, fmt.Errorf("RETENTION_DAYS is %d: want the number of days, or 0 to keep all conversations", config.Days)
	}
	if config.Days == 0 {
		return nil, nil
	}
	erased, _ := otel.Meter(meterName).Int64Counter("questioning.conversations.expired", // errs on a bad name only
		metric.WithDescription("Conversations erased because nobody had changed them for RETENTION_DAYS."))
	return &sweep{what: "conversations", age: time.Duration(config.Days) * 24 * time.Hour, batch: retentionBatch, delete: erase, deleted: erased}, nil
}

// newResultSweep returns the sweep of results that no call repeats any more.
func newResultSweep(sweepResults func(ctx context.Context, age time.Duration, most int) (int, error)) *sweep {
	return &sweep{what: "results", age: store.KeptFor, batch: resultBatch, delete: sweepResults, deleted: noop.Int64Counter{}}
}

// newAuditSweep returns the sweep of the audit trail, nil where none is kept.
func newAuditSweep(age time.Duration, sweepAudit func(ctx context.Context, age time.Duration, most int) (int, error)) *sweep {
	if age == 0 {
		return nil
	}
	return &sweep{what: "records of the audit trail", age: age, batch: auditBatch, delete: sweepAudit, deleted: noop.Int64Counter{}}
}

// run deletes batch after batch, when it is time to look, until nothing is left or the
// time is up. It then continues at the next drain.
func (s *sweep) run(ctx context.Context) {
	if s == nil || !s.due() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sweepTime)
	defer cancel()
	for {
		n, err := s.delete(ctx, s.age, s.batch)
		s.deleted.Add(context.WithoutCancel(ctx), int64(n))
		switch {
		case err != nil && ctx.Err() == nil:
			slog.WarnContext(ctx, s.what+" were not deleted after their time", "error", err)
			return
		case err != nil || ctx.Err() != nil:
			s.soon()
			return
		case n < s.batch:
			return
		}
	}
}

// due reports whether it is time to look, and sets the next time.
func (s *sweep) due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Before(s.next) {
		return false
	}
	s.next = now.Add(sweepInterval)
	return true
}

// soon has the next drain look again.
func (s *sweep) soon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = time.Time{}
}
