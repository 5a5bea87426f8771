package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// defaultLockWait outlasts another run's migrations; migrate's own default is the same.
const (
	defaultLockWait = 2 * time.Minute
	// A migration that waits for a table lock blocks all later queries on the table.
	tableLockWait = 10 * time.Second
)

// Applied is a migration that was just applied.
type Applied struct {
	Version int64
	File    string
	Took    time.Duration
}

// set is a sequence of migrations. Tests have their own.
type set struct {
	files fs.FS
}

// apply is Apply.
func (s set) apply(ctx context.Context, url string) ([]Applied, error) {
	db, closeDB, err := open(ctx, url)
	if err != nil {
		return nil, err
	}
	defer closeDB()
	provider, err := s.provider(ctx, db)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	switch {
	case errors.As(err, &partial):
		return applied(partial.Applied), fmt.Errorf("apply migration %s: %w", path.Base(partial.Failed.Source.Path), partial.Err)
	case err != nil:
		return applied(results), fmt.Errorf("apply migrations: %w", err)
	}
	return applied(results), nil
}

// applied is goose's result in terms that do not change with goose.
func applied(results []*goose.MigrationResult) []Applied {
	var list []Applied
	for _, result := range results {
		list = append(list, Applied{
			Version: result.Source.Version,
			File:    path.Base(result.Source.Path),
			Took:    result.Duration,
		})
	}
	return list
}

// provider applies under a lock of the database's, so that runs at the same time
// wait for each other: up to the context's deadline, or defaultLockWait.
func (s set) provider(ctx context.Context, db *sql.DB) (*goose.Provider, error) {
	wait := defaultLockWait
	if deadline, ok := ctx.Deadline(); ok {
		wait = time.Until(deadline)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, uint64(max(math.Ceil(wait.Seconds()), 1))))
	if err != nil {
		return nil, fmt.Errorf("prepare migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, s.files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// open returns a handle that connects on first use. It goes through package postgres,
// so errors leave out passwords here as well. The two handles have one pool; the
// function closes both.
func open(ctx context.Context, url string) (*sql.DB, func(), error) {
	pool, err := postgres.Open(ctx, postgres.Config{
		URL:      url,
		MaxConns: 4,
		Parameters: map[string]string{
			"statement_timeout": "0", // the duration depends on the table's size
			"lock_timeout":      strconv.FormatInt(tableLockWait.Milliseconds(), 10),
			"application_name":  "sequential-questioning-migrate",
		},
	})
	if err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDBFromPool(pool)
	return db, func() {
		_ = db.Close()
		pool.Close()
	}, nil
}
