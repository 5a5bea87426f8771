package database

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// States of a database that was restored.
const (
	Restoring = "restoring" // not verified yet
	Verified  = "verified"  // against its backup
)

// comment is how a database's comment names its environment and state. A comment
// survives renames, is not part of a dump, and may be written by the owner.
var comment = regexp.MustCompile(`^Sequential Questioning, environment ([a-z]+)(?:, ([a-z]+))?$`)

// marking returns the statement that writes the comment; state may be empty.
// Names of environments and states need no quoting.
func marking(database string, e environment.Environment, state string) string {
	if state != "" {
		state = ", " + state
	}
	return "COMMENT ON DATABASE " + quote(database) + " IS 'Sequential Questioning, environment " + string(e) + state + "'"
}

// Verify records that a restored database is like its backup.
func (c *Change) Verify(ctx context.Context, conn *pgx.Conn, database string, e environment.Environment) error {
	return c.run(ctx, conn, marking(database, e, Verified))
}

// Mark is a database's environment and state. That of a database that does not exist
// has a name only.
type Mark struct {
	Name        string
	Exists      bool
	Environment environment.Environment // empty for none
	State       string                  // Restoring, Verified, or empty if it was never restored
}

// marks reads the marks of the databases for which a condition holds, sorted by name,
// from any database of the server. A comment of another form counts as none.
func marks(ctx context.Context, conn *pgx.Conn, condition, argument string) ([]Mark, error) {
	rows, _ := conn.Query(ctx, `SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE `+condition+` ORDER BY 1`, argument)
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Mark, error) {
		var text string
		m := Mark{Exists: true}
		err := row.Scan(&m.Name, &text)
		if parts := comment.FindStringSubmatch(text); parts != nil {
			m.Environment, m.State = environment.Environment(parts[1]), parts[2]
		}
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("read whose databases there are: %w", err)
	}
	return all, nil
}

// ReadMark reads a database's mark. A database that does not exist is no error.
func ReadMark(ctx context.Context, conn *pgx.Conn, database string) (Mark, error) {
	found, err := marks(ctx, conn, "datname = $1", database)
	return append(found, Mark{Name: database})[0], err
}

// Belongs returns an error if the database is missing or belongs to another environment.
func (m Mark) Belongs(e environment.Environment) error {
	switch {
	case !m.Exists:
		return fmt.Errorf("database %s does not exist: operate database init %s creates it", m.Name, e)
	case m.Environment == "":
		return fmt.Errorf("database %s belongs to no environment: operate database init %s --adopt marks it", m.Name, e)
	case m.Environment != e:
		return fmt.Errorf("database %s belongs to environment %s, not %s", m.Name, m.Environment, e)
	}
	return nil
}

// Beside returns an unused name for a database beside the serving one, with the time in
// characters that need no quotes. kind is part of the name and may be empty.
func Beside(ctx context.Context, conn *pgx.Conn, e environment.Environment, kind string) (string, error) {
	for at := time.Now().UTC(); ; at = at.Add(time.Second) {
		m, err := ReadMark(ctx, conn, e.Database()+"_"+kind+at.Format("20060102t150405"))
		if err != nil || !m.Exists {
			return m.Name, err
		}
	}
}

// Sweep drops the databases of interrupted restores and reports their names. The caller
// holds the lock, so no restore is in progress, and nothing in them was verified.
func Sweep(ctx context.Context, conn *pgx.Conn, e environment.Environment, report func(string)) error {
	all, err := marks(ctx, conn, `datname ~ ('^' || $1 || '_[0-9]{8}t[0-9]{6}$')`, e.Database())
	for _, m := range all {
		// A restore that was killed early left no mark.
		if err == nil && (m.State == Restoring || m.Environment == "") {
			report("dropping " + m.Name + ", left by an interrupted restore")
			err = Drop(ctx, conn, m.Name)
		}
	}
	return err
}

// Switch makes the database next serve. It renames the one that served and returns
// its new name, or "" if none served; switch to that name to go back. Both renames
// take effect or neither, also if the command is killed. Functions notice only broken
// connections: their URLs name the database, and it has the same name as before.
// In a dry run it only checks whether next may serve.
//
// A rename locks the database against new connections and waits a few seconds for those
// there are to end. Meanwhile another connection ends them; what they had not committed
// is rolled back, and clients repeat it.
func Switch(ctx context.Context, a *Administrator, conn *pgx.Conn, e environment.Environment, next string, dry bool) (before string, err error) {
	m, err := ReadMark(ctx, conn, next)
	if err == nil {
		err = m.Belongs(e)
	}
	if err == nil && (next == e.Database() || m.State == Restoring) {
		err = fmt.Errorf("database %s cannot be switched to: want one that a restore verified, or one that served before", next)
	}
	if err != nil || dry {
		return "", err
	}
	serving, err := ReadMark(ctx, conn, e.Database())
	if err != nil {
		return "", err
	}
	statements := []string{"SET lock_timeout = '5s'"}
	if serving.Exists {
		if err := serving.Belongs(e); err != nil {
			return "", err
		}
		if before, err = Beside(ctx, conn, e, "before_"); err != nil {
			return "", err
		}
		statements = append(statements, "ALTER DATABASE "+quote(serving.Name)+" RENAME TO "+quote(before))
	}
	statements = append(statements, "ALTER DATABASE "+quote(next)+" RENAME TO "+quote(serving.Name), marking(serving.Name, e, ""))

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
				UNION ALL SELECT true FROM pg_sleep(0.1)`, []string{serving.Name, next})
		}
	}()
	_, err = conn.Exec(ctx, strings.Join(statements, ";")) // in one transaction
	end()
	<-ended
	if err != nil {
		return "", fmt.Errorf("rename %s to %s: %w", next, serving.Name, err)
	}
	return before, nil
}
