package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// suffix ends the names of databases beside the serving one: their time, in
// characters that need no quotes.
const suffix = "20060102t150405"

// Beside returns an unused name for a database beside the serving one. kind is part of
// the name and may be empty.
// Two calls in one second get different names, provided that the first one was used.
func Beside(ctx context.Context, conn *pgx.Conn, e environment.Environment, kind string) (string, error) {
	for at := time.Now().UTC(); ; at = at.Add(time.Second) {
		name := e.Database() + "_" + kind + at.Format(suffix)
		m, err := ReadMark(ctx, conn, name)
		if err != nil || !m.Exists {
			return name, err
		}
	}
}

// Open connects to the maintenance database, to create and rename an environment's
// databases. The connection holds the environment's lock until it ends.
// It also repairs what a killed switch left.
func Open(ctx context.Context, a *Administrator, e environment.Environment) (*pgx.Conn, error) {
	conn, err := a.Maintenance(ctx, e)
	if err != nil {
		return nil, err
	}
	err = superuser(ctx, conn)
	if err == nil {
		err = lock(ctx, conn, e.Database())
	}
	if err == nil {
		err = reopen(ctx, conn, e)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// reopen repairs the state that a killed Switch leaves.
func reopen(ctx context.Context, conn *pgx.Conn, e environment.Environment) error {
	m, err := ReadMark(ctx, conn, e.Database())
	if err != nil || !m.Exists || m.Open || m.Environment != e {
		return err
	}
	return allow(ctx, conn, e.Database(), true)
}

// allow sets whether a database accepts connections, a superuser's included.
// It takes effect for new connections; those there are stay.
func allow(ctx context.Context, conn *pgx.Conn, name string, connections bool) error {
	if _, err := conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS %t", quote(name), connections)); err != nil {
		return fmt.Errorf("set whether %s accepts connections: %w", name, err)
	}
	return nil
}

// Kept is a database of an environment that does not serve.
type Kept struct {
	Name  string
	Bytes int64
	Mark  Mark
}

// List returns the databases beside the serving one.
// They are sorted by name, and so by time within each kind. Sizes are in bytes on disk.
func List(ctx context.Context, conn *pgx.Conn, e environment.Environment) ([]Kept, error) {
	rows, _ := conn.Query(ctx, `SELECT datname, pg_database_size(oid) FROM pg_database
		WHERE datname ~ ('^' || $1 || '_(before_)?[0-9]{8}t[0-9]{6}$') ORDER BY 1`, e.Database())
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k Kept, err error) { return k, row.Scan(&k.Name, &k.Bytes) })
	if err != nil {
		return nil, fmt.Errorf("list databases: %w", err)
	}
	for i := range all {
		if all[i].Mark, err = ReadMark(ctx, conn, all[i].Name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Unfinished returns the databases of interrupted restores. The caller holds the
// lock, so no restore is in progress.
// Whoever calls it may drop them: nothing in them was verified.
func Unfinished(ctx context.Context, conn *pgx.Conn, e environment.Environment) ([]string, error) {
	kept, err := List(ctx, conn, e)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, k := range kept {
		// A restore that was killed early left no mark.
		if k.Mark.State == Restoring || k.Mark.Environment == "" {
			names = append(names, k.Name)
		}
	}
	return names, nil
}

// Switchable returns an error if the database next must not serve.
// It only reads, so it can be asked before a person is.
func Switchable(ctx context.Context, conn *pgx.Conn, e environment.Environment, next string) error {
	m, err := Belongs(ctx, conn, next, e)
	if err == nil && (next == e.Database() || m.State == Restoring) {
		err = fmt.Errorf("database %s cannot be switched to: want one that a restore verified, or one that served before", next)
	}
	return err
}

// Switch makes the database next serve. It renames the one that served and returns
// its new name, or "" if none served; switch to that name to go back. Both renames
// take effect or neither. Functions notice only broken connections: their URLs name
// the database, and it has the same name as before.
func Switch(ctx context.Context, conn *pgx.Conn, e environment.Environment, next string, report func(string)) (before string, err error) {
	if err := Switchable(ctx, conn, e, next); err != nil {
		return "", err
	}
	serving, err := ReadMark(ctx, conn, e.Database())
	if err != nil {
		return "", err
	}
	if serving.Exists {
		if _, err := Belongs(ctx, conn, e.Database(), e); err != nil {
			return "", err
		}
		if before, err = Beside(ctx, conn, e, "before_"); err != nil {
			return "", err
		}
	}
	report("switching: open connections are ended; clients reconnect")
	// Interrupted here, no database would serve.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), switchLimit)
	defer cancel()
	closed := []string{next}
	if serving.Exists {
		closed = append(closed, e.Database())
	}
	defer func() {
		if err == nil {
			return
		}
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		for _, name := range closed {
			err = errors.Join(err, allow(undo, conn, name, true))
		}
	}()
	if err := empty(ctx, conn, closed); err != nil {
		return "", err
	}
	return before, rename(ctx, conn, e, before, next)
}

// empty ends the connections to databases and refuses new ones. PostgreSQL renames
// no database in use, and clients with a pool reconnect at once; so the door is
// closed before the room is emptied.
// Ended sessions roll back, so a call that was under way fails and is repeated by its client.
func empty(ctx context.Context, conn *pgx.Conn, names []string) error {
	for _, name := range names {
		if err := allow(ctx, conn, name, false); err != nil {
			return err
		}
	}
	deadline := time.Now().Add(emptyLimit)
	for {
		var left int
		err := conn.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = ANY($1) AND pid <> pg_backend_pid()`, names).Scan(&left)
		switch {
		case err != nil:
			return fmt.Errorf("end connections: %w", err)
		case left == 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%d connections did not end within %s", left, emptyLimit)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

const (
	// Sessions end within milliseconds, unless one cannot be interrupted.
	emptyLimit  = 30 * time.Second
	switchLimit = time.Minute
)

// rename renames both databases in one transaction. So at any time exactly one
// database has the serving name, or none did before.
// The mark of the serving database then has no state.
func rename(ctx context.Context, conn *pgx.Conn, e environment.Environment, before, next string) error {
	serving := e.Database()
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		statements := []string{"SET LOCAL lock_timeout = '5s'"}
		if before != "" {
			statements = append(statements, "ALTER DATABASE "+quote(serving)+" RENAME TO "+quote(before),
				"ALTER DATABASE "+quote(before)+" ALLOW_CONNECTIONS true")
		}
		statements = append(statements, "ALTER DATABASE "+quote(next)+" RENAME TO "+quote(serving),
			mark(serving, e, ""),
			"ALTER DATABASE "+quote(serving)+" ALLOW_CONNECTIONS true")
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rename %s to %s: %w", next, serving, err)
	}
	return nil
}
