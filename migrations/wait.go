package migrations

import (
	"context"
	"fmt"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// Wait returns nil once the database accepts connections. When the context ends it
// returns the last connection error. Permanent errors, such as a wrong password, are
// returned at once. It asks again after 100 ms at first, and at most every 2 s.
func Wait(ctx context.Context, url string) error {
	db, closeDB, err := open(ctx, url)
	if err != nil {
		return err
	}
	defer closeDB()
	began := time.Now()
	pause := 100 * time.Millisecond
	var last error
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		// The attempt that the context interrupted does not show the cause.
		if ctx.Err() == nil || last == nil {
			last = err
		}
		if ctx.Err() == nil && !postgres.Retryable(err) {
			return fmt.Errorf("connect to database: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("database not reachable within %s: %w", time.Since(began).Round(100*time.Millisecond), last)
		case <-time.After(pause):
			pause = min(2*pause, 2*time.Second)
		}
	}
}
