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

const (
	// Restoring is the state of a database whose restore is not verified yet.
	Restoring = "restoring"
	// Verified is the state of a restored database that was verified against its backup.
	Verified = "verified"
)

// comment is how a database's comment names its environment and state. A comment
// survives renames, is not part of a dump, and may be written by the owner.
var comment = regexp.MustCompile(`^Sequential Questioning, environment ([a-z]+)(?:, ([a-z]+))?$`)

// mark returns the statement that writes the comment; state may be empty.
// Comments take no parameters, hence the literal; names of environments need no quoting.
func mark(database string, e environment.Environment, state string) string {
	text := "Sequential Questioning, environment " + string(e)
	if state != "" {
		text += ", " + state
	}
	return "COMMENT ON DATABASE " + quote(database) + " IS " + literal(text)
}

// Mark is a database's environment and state. The zero value is that of a database
// that does not exist.
type Mark struct {
	Exists      bool
	Environment environment.Environment // empty for none
	State       string                  // Restoring, Verified, or empty if it was never restored
	Open        bool                    // accepts connections
}

// ErrMissing reports that the database does not exist.
var ErrMissing = errors.New("does not exist")

// ReadMark reads a database's mark, from any database of the server.
// A database that does not exist is no error. A comment of another form counts as none.
func ReadMark(ctx context.Context, conn *pgx.Conn, database string) (Mark, error) {
	var text string
	m := Mark{Exists: true}
	err := conn.QueryRow(ctx, `SELECT datallowconn, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = $1`, database).
		Scan(&m.Open, &text)
	if errors.Is(err, pgx.ErrNoRows) {
		return Mark{}, nil
	}
	if err != nil {
		return Mark{}, fmt.Errorf("read the environment of database %s: %w", database, err)
	}
	if parts := comment.FindStringSubmatch(text); parts != nil {
		m.Environment, m.State = environment.Environment(parts[1]), parts[2]
	}
	return m, nil
}

// Belongs returns an error if the database is missing or belongs to another
// environment.
// The mark is returned with every error, as far as it was read.
func Belongs(ctx context.Context, conn *pgx.Conn, database string, e environment.Environment) (Mark, error) {
	m, err := ReadMark(ctx, conn, database)
	switch {
	case err != nil:
		return m, err
	case !m.Exists:
		return m, fmt.Errorf("database %s %w: operate database init %s creates it", database, ErrMissing, e)
	case m.Environment == "":
		return m, fmt.Errorf("database %s belongs to no environment: operate database init %s --adopt marks it", database, e)
	case m.Environment != e:
		return m, fmt.Errorf("database %s belongs to environment %s, not %s", database, m.Environment, e)
	}
	return m, nil
}

// SetState records the state of a restored database.
// An empty state makes it a database like any other.
func SetState(ctx context.Context, conn *pgx.Conn, database string, e environment.Environment, state string) error {
	if _, err := conn.Exec(ctx, mark(database, e, state)); err != nil {
		return fmt.Errorf("mark database %s: %w", database, err)
	}
	return nil
}

// quote quotes an identifier.
func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal quotes a string for statements that take no parameters.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
