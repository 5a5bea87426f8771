// Package postgres opens pools of connections to PostgreSQL and judges their
// errors.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Open returns a pool that connects when it is first used, so that it succeeds
// while the database is down. Queries are traced without their parameters. An
// error never contains the connection string.
func Open(ctx context.Context, config Config) (*pgxpool.Pool, error) {
	parsed, err := parse(config)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, parsed)
	if err != nil {
		return nil, fmt.Errorf("open database pool: %w", err)
	}
	return pool, nil
}

func parse(config Config) (*pgxpool.Config, error) {
	if config.URL == "" {
		return nil, errors.New("DATABASE_URL is not set")
	}
	parsed, err := pgxpool.ParseConfig(config.URL)
	if err != nil {
		return nil, malformed(err)
	}
	if config.MaxConns < 1 {
		return nil, fmt.Errorf("DATABASE_MAX_CONNS is %d, want at least 1", config.MaxConns)
	}
	parsed.MaxConns = config.MaxConns
	parsed.MinConns, parsed.MinIdleConns = 0, 0
	if config.MaxIdle > 0 {
		parsed.MaxConnIdleTime = config.MaxIdle
	}
	if config.ConnectTimeout > 0 {
		parsed.ConnConfig.ConnectTimeout = config.ConnectTimeout
	}
	parsed.ConnConfig.Tracer = otelpgx.NewTracer()

	params := parsed.ConnConfig.RuntimeParams
	preset(params, "statement_timeout", milliseconds(config.StatementTimeout))
	preset(params, "lock_timeout", milliseconds(config.LockTimeout))
	preset(params, "application_name", config.ApplicationName)
	return parsed, nil
}

// malformed drops the parser's own message: in what it could not make sense of
// it cannot tell the password reliably.
func malformed(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return fmt.Errorf("read a file that DATABASE_URL names: %w", file)
	}
	return errors.New("DATABASE_URL is malformed: want postgres://user:password@host:port/database " +
		"with special characters percent-encoded and known options only")
}

func preset(params map[string]string, name, value string) {
	if _, set := params[name]; !set && value != "" {
		params[name] = value
	}
}

func milliseconds(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	// Less than a millisecond must not become 0, which means no limit.
	return strconv.FormatInt(max(d.Milliseconds(), 1), 10)
}
