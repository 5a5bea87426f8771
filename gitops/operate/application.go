package main

import (
	"context"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
)

// applicationHelp ends the help of every command that opens the database as functions
// do. A help that is complete for itself saves looking up.
const applicationHelp = `

DATABASE_URL names the database, as it does for functions.`

// application opens the database as functions do. It refuses the database of another
// environment. It is used by commands that work with an environment's data as the
// functions' role, so the role's privileges and row security hold for them as well. The
// caller closes the pool. A password never appears in its errors: package postgres
// leaves URLs out of them.
// The check of the environment is made once; a pool that is kept for long is not checked again.
func application(ctx context.Context, v variables, e environment.Environment) (*pgxpool.Pool, error) {
	var config postgres.Config
	if err := parse(v, e, &config); err != nil {
		return nil, err
	}
	pool, err := postgres.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := belongs(ctx, pool, e); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// belongs compares the mark in the database with the environment that the command
// names: a URL left over from another environment must not decide what is changed.
// Without an environment the database must have no mark. It takes a connection, so a
// database that is down is found here and not in the middle of a command.
func belongs(ctx context.Context, pool *pgxpool.Pool, e environment.Environment) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Release()
	name := conn.Conn().Config().Database
	if e != "" {
		_, err = database.Belongs(ctx, conn.Conn(), name, e)
		return err
	}
	mark, err := database.ReadMark(ctx, conn.Conn(), name)
	if err == nil && mark.Environment != "" {
		err = fmt.Errorf("database %s belongs to environment %s: add %s to the command", name, mark.Environment, mark.Environment)
	}
	return err
}

// collectionPrefix is the variable whose default depends on the environment:
// environments may share one Qdrant.
const collectionPrefix = "QDRANT_COLLECTION_PREFIX"

// parse reads settings from the variables, as the environment's functions do. The
// default prefix of collections is the namespace, as in gitops/base. An error names the
// variable (package settings).
// config is changed in place. Variables that it does not know are ignored.
func parse(v variables, e environment.Environment, config any) error {
	given := maps.Clone(v)
	if given[collectionPrefix] == "" && e != "" {
		given[collectionPrefix] = e.Namespace()
	}
	return settings.ParseFrom(given, config)
}
