package database

import (
	"context"
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
// databases. The connection holds the environment's lock until it ends. Only superusers
// may restore another role's objects and end any connection.
func Open(ctx context.Context, a *Administrator, e environment.Environment) (*pgx.Conn, error) {
	return a.open(ctx, e, "rolsuper", "a superuser")
}

// Kept is a database of an environment that does not serve.
type Kept struct {
	Mark
	Bytes int64 // on disk
}

// List returns the databases beside the serving one, sorted by name, and so by time
// within each kind.
func List(ctx context.Context, conn *pgx.Conn, e environment.Environment) ([]Kept, error) {
	rows, _ := conn.Query(ctx, `SELECT datname, pg_database_size(oid) FROM pg_database
		WHERE datname ~ ('^' || $1 || '_(before_)?[0-9]{8}t[0-9]{6}$') ORDER BY 1`, e.Database())
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k Kept, err error) { return k, row.Scan(&k.Name, &k.Bytes) })
	for i := range all {
		if err == nil {
			all[i].Mark, err = ReadMark(ctx, conn, all[i].Name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("list databases: %w", err)
	}
	return all, nil
}

// Sweep drops the databases of interrupted restores and reports their names. The caller
// holds the lock, so no restore is in progress, and nothing in them was verified.
func Sweep(ctx context.Context, conn *pgx.Conn, e environment.Environment, report func(string)) error {
	all, err := List(ctx, conn, e)
	if err != nil {
		return err
	}
	for _, k := range all {
		// A restore that was killed early left no mark.
		if k.State != Restoring && k.Environment != "" {
			continue
		}
		report("dropping " + k.Name + ", left by an interrupted restore")
		if err := Drop(ctx, conn, k.Name); err != nil {
			return err
		}
	}
	return nil
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
// take effect or neither, also if the command is killed. Functions notice only broken
// connections: their URLs name the database, and it has the same name as before.
//
// A rename locks the database against new connections and waits a few seconds for those
// there are to end. Meanwhile another connection ends them; what they had not committed
// is rolled back, and clients repeat it.
func Switch(ctx context.Context, a *Administrator, conn *pgx.Conn, e environment.Environment, next string) (before string, err error) {
	if err := Switchable(ctx, conn, e, next); err != nil {
		return "", err
	}
	serving := e.Database()
	m, err := ReadMark(ctx, conn, serving)
	if err != nil {
		return "", err
	}
	statements := []string{"SET LOCAL lock_timeout = '5s'"}
	if m.Exists {
		if err := m.Belongs(e); err != nil {
			return "", err
		}
		if before, err = Beside(ctx, conn, e, "before_"); err != nil {
			return "", err
		}
		statements = append(statements, "ALTER DATABASE "+quote(serving)+" RENAME TO "+quote(before))
	}
	statements = append(statements, "ALTER DATABASE "+quote(next)+" RENAME TO "+quote(serving), marking(serving, e, ""))

	other, err := a.Connect(ctx, conn.Config().Database)
	if err != nil {
		return "", err
	}
	ending, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer other.Close(context.WithoutCancel(ctx))
		for err := error(nil); err == nil; {
			_, err = other.Exec(ending, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY ($1)
				UNION ALL SELECT true FROM pg_sleep(0.1)`, []string{serving, next})
		}
	}()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	end()
	<-ended
	if err != nil {
		return "", fmt.Errorf("rename %s to %s: %w", next, serving, err)
	}
	return before, nil
}
