package database

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// change is a pending statement and its description. The statement may hold a
// password's verifier and is never printed.
// Statements have their identifiers and literals quoted already.
type change struct{ what, statement string }

// executor runs changes, or only reports them. made counts them in both cases.
// report gets what is about to happen, so the last line before an error names what failed.
type executor struct {
	dry    bool
	report func(string)
	made   int
}

// run stops at the first error. What was done until then stays: every change is
// idempotent, and the next run continues there.
// The statements are not in one transaction: CREATE DATABASE cannot be.
func (e *executor) run(ctx context.Context, conn *pgx.Conn, changes []change) error {
	for _, c := range changes {
		e.made++
		e.report(c.what)
		if e.dry {
			continue
		}
		if _, err := conn.Exec(ctx, c.statement); err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
	}
	return nil
}

// lockLimit is how long the server may take to release the lock of a command that has
// just ended.
const lockLimit = 3 * time.Second

// lock excludes other commands from the environment's databases until the
// connection ends. An advisory lock needs no table, works from any database of the
// server, and ends with the connection however the command ends.
// It waits only for lockLimit: a restore in progress may take hours, and a schedule should
// rather fail than queue up behind it.
func lock(ctx context.Context, conn *pgx.Conn, database string) error {
	for deadline := time.Now().Add(lockLimit); ; {
		var held bool
		err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended('operate ' || $1, 0))`, database).Scan(&held)
		switch {
		case err != nil:
			return fmt.Errorf("lock database %s for this command: %w", database, err)
		case held:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("another operate command is working on database %s: wait until it ends", database)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
