package database

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

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
func marking(database string, e environment.Environment, state string) string {
	text := "Sequential Questioning, environment " + string(e)
	if state != "" {
		text += ", " + state
	}
	return "COMMENT ON DATABASE " + quote(database) + " IS " + literal(text)
}

// literal quotes a string for statements that take no parameters.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// mark marks a database as the environment's.
func (c *Change) mark(ctx context.Context, conn *pgx.Conn, database string, e environment.Environment, state string) error {
	statement := marking(database, e, state)
	return c.do(ctx, conn, statement, statement)
}

// Verify records that a restored database is like its backup.
func Verify(ctx context.Context, conn *pgx.Conn, database string, e environment.Environment) error {
	return (&Change{Report: func(string) {}}).mark(ctx, conn, database, e, Verified)
}

// Mark is a database's environment and state. That of a database that does not exist
// has a name only.
type Mark struct {
	Name        string
	Exists      bool
	Environment environment.Environment // empty for none
	State       string                  // Restoring, Verified, or empty if it was never restored
}

// ReadMark reads a database's mark, from any database of the server.
// A database that does not exist is no error. A comment of another form counts as none.
func ReadMark(ctx context.Context, conn *pgx.Conn, database string) (Mark, error) {
	m := Mark{Name: database}
	var text string
	err := conn.QueryRow(ctx, `SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = $1`, database).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("read the environment of database %s: %w", database, err)
	}
	m.Exists = true
	if parts := comment.FindStringSubmatch(text); parts != nil {
		m.Environment, m.State = environment.Environment(parts[1]), parts[2]
	}
	return m, nil
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

// Belongs reads a database's mark and returns an error unless it is the environment's.
func Belongs(ctx context.Context, conn *pgx.Conn, database string, e environment.Environment) (Mark, error) {
	m, err := ReadMark(ctx, conn, database)
	if err == nil {
		err = m.Belongs(e)
	}
	return m, err
}
