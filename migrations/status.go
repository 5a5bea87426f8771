package migrations

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/pressly/goose/v3"
)

// Migration is a migration known to this build.
type Migration struct {
	Version   int64
	File      string
	AppliedAt time.Time // zero while it is pending
}

// Pending reports whether the migration waits to be applied.
func (m Migration) Pending() bool { return m.AppliedAt.IsZero() }

// version is Version.
func (s set) version(ctx context.Context, url string) (int64, error) {
	done, err := history(ctx, url)
	if err != nil {
		return 0, err
	}
	var newest int64
	for version := range done {
		newest = max(newest, version)
	}
	return newest, nil
}

// status is Status.
func (s set) status(ctx context.Context, url string) ([]Migration, error) {
	all, err := s.list()
	if err != nil {
		return nil, err
	}
	done, err := history(ctx, url)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].AppliedAt = done[all[i].Version]
	}
	return all, nil
}

// latest is Latest.
func (s set) latest() (int64, error) {
	all, err := s.list()
	if err != nil {
		return 0, err
	}
	return all[len(all)-1].Version, nil
}

// list returns the set's migrations in order, at least one.
func (s set) list() ([]Migration, error) {
	names, err := fs.Glob(s.files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var all []Migration
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("read version of migration %s: %w", name, err)
		}
		all = append(all, Migration{Version: version, File: name})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("read migrations: %w", goose.ErrNoMigrations)
	}
	slices.SortFunc(all, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return all, nil
}

// history returns when each migration was applied. It reads goose's table itself,
// because goose creates the table before reading it. A version that was rolled back by
// hand has is_applied false and counts as pending.
func history(ctx context.Context, url string) (map[int64]time.Time, error) {
	db, closeDB, err := open(ctx, url)
	if err != nil {
		return nil, err
	}
	defer closeDB()
	var exists bool
	if err := db.QueryRowContext(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&exists); err != nil {
		return nil, fmt.Errorf("read applied migrations: %w", err)
	}
	done := map[int64]time.Time{}
	if !exists {
		return done, nil
	}
	rows, err := db.QueryContext(ctx, "SELECT version_id, tstamp FROM goose_db_version WHERE is_applied AND version_id > 0")
	if err != nil {
		return nil, fmt.Errorf("read applied migrations: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var version int64
		var at time.Time
		if err := rows.Scan(&version, &at); err != nil {
			return nil, fmt.Errorf("read applied migrations: %w", err)
		}
		done[version] = at
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read applied migrations: %w", err)
	}
	return done, nil
}
