// Package postgres opens pools of connections to PostgreSQL and judges their
// errors.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
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

// errUnprepared refuses the modes in which pgx guesses the types of parameters by
// their Go types. Programs are built without what it guesses from, a megabyte and a half.
var errUnprepared = errors.New("DATABASE_URL sets default_query_exec_mode to one without types of parameters: leave it out, " +
	"or set it to cache_describe for a pooler that keeps no prepared statements, as PgBouncer before 1.21")

// parse applies the limits that every connection has.
func parse(config Config) (*pgxpool.Config, error) {
	url := config.URL
	if config.Locate != nil {
		url = unlocated
	}
	if url == "" {
		return nil, errors.New("DATABASE_URL is not set")
	}
	parsed, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, malformed(err)
	}
	if config.Locate != nil {
		parsed.BeforeConnect = config.locate
	}
	if mode := parsed.ConnConfig.DefaultQueryExecMode; mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
		return nil, errUnprepared
	}
	if config.MaxConns < 1 {
		return nil, fmt.Errorf("DATABASE_MAX_CONNS is %d, want at least 1", config.MaxConns)
	}
	parsed.MaxConns = config.MaxConns
	parsed.MinConns, parsed.MinIdleConns = 0, 0
	parsed.MaxConnIdleTime = maxIdle
	if parsed.ConnConfig.ConnectTimeout == 0 {
		parsed.ConnConfig.ConnectTimeout = connectTimeout
	}
	parsed.ConnConfig.Tracer = otelpgx.NewTracer()
	limitCaches(parsed.ConnConfig)

	// The URL's own win.
	all := parameters()
	maps.Copy(all, config.Parameters)
	maps.Copy(all, parsed.ConnConfig.RuntimeParams)
	parsed.ConnConfig.RuntimeParams = all
	return parsed, nil
}

// unlocated stands for the address of a server that is not known yet.
const unlocated = "postgres://127.0.0.1"

// locate has a connection made where the server is.
func (c Config) locate(ctx context.Context, connection *pgx.ConnConfig) error {
	url, err := c.Locate(ctx)
	if err != nil {
		return err
	}
	located, err := pgx.ParseConfig(url)
	if err != nil {
		return malformed(err)
	}
	connection.Host, connection.Port, connection.TLSConfig, connection.Fallbacks = located.Host, located.Port, located.TLSConfig, located.Fallbacks
	connection.Database, connection.User, connection.Password = located.Database, located.User, located.Password
	return nil
}

// limitCaches makes room for the statements that a program has: pgx allots each
// connection room for hundreds, 100 kB, before it has sent one. A capacity of the URL
// wins.
func limitCaches(config *pgx.ConnConfig) {
	if config.StatementCacheCapacity == pgxCapacity {
		config.StatementCacheCapacity = statements
	}
	if config.DescriptionCacheCapacity == pgxCapacity && config.DefaultQueryExecMode != pgx.QueryExecModeCacheDescribe {
		config.DescriptionCacheCapacity = 0 // not used
	}
}

// malformed drops the parser's own message: in a URL that it cannot parse it does
// not find the password reliably.
func malformed(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return fmt.Errorf("read a file that DATABASE_URL names: %w", file)
	}
	return errors.New("DATABASE_URL is malformed: want postgres://user:password@host:port/database " +
		"with special characters percent-encoded and known options only")
}
