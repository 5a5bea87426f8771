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
	// Restoring is the state of a database that is not known to be whole yet.
	Restoring = "restoring"
	// Verified is the state of one that was restored and held against its backup.
	Verified = "verified"
)

// A database is known by its comment. That is the database's own, so it stays
// through renames, no dump carries it to another, and its owner may write it.
var comment = regexp.MustCompile(`^Sequential Questioning, environment ([a-z]+)(?:, ([a-z]+))?$`)

// mark is the statement that writes the comment; the state may be empty.
func mark(database string, e environment.Environment, state string) string {
	text := "Sequential Questioning, environment " + string(e)
	if state != "" {
		text += ", " + state
	}
	return "COMMENT ON DATABASE " + quote(database) + " IS " + literal(text)
}

// Mark is what a database says of itself.
type Mark struct {
	Exists      bool
	Environment environment.Environment // empty for none
	State       string                  // of a restored one
	Open        bool                    // whether it takes connections
}

// ErrMissing says that there is no such database.
var ErrMissing = errors.New("does not exist")

// ReadMark reads a database's mark, from any database of the server.
func ReadMark(ctx context.Context, conn *pgx.Conn, database string) (Mark, error) {
	var text string
	m := Mark{Exists: true}
	err := conn.QueryRow(ctx, `SELECT datallowconn, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = $1`, database).
		Scan(&m.Open, &text)
	if errors.Is(err, pgx.ErrNoRows) {
		return Mark{}, nil
	}
	if err != nil {
		return Mark{}, fmt.Errorf("read to which environment database %s belongs: %w", database, err)
	}
	if parts := comment.FindStringSubmatch(text); parts != nil {
		m.Environment, m.State = environment.Environment(parts[1]), parts[2]
	}
	return m, nil
}

// Belongs refuses a database that is missing or does not belong to the
// environment.
func Belongs(ctx context.Context, conn *pgx.Conn, database string, e environment.Environment) (Mark, error) {
	m, err := ReadMark(ctx, conn, database)
	switch {
	case err != nil:
		return m, err
	case !m.Exists:
		return m, fmt.Errorf("database %s %w: operate database init %s makes it", database, ErrMissing, e)
	case m.Environment == "":
		return m, fmt.Errorf("database %s belongs to no environment: operate database init %s --adopt marks it", database, e)
	case m.Environment != e:
		return m, fmt.Errorf("database %s belongs to environment %s, not %s", database, m.Environment, e)
	}
	return m, nil
}

// SetState marks how far a restored database is.
func SetState(ctx context.Context, conn *pgx.Conn, database string, e environment.Environment, state string) error {
	if _, err := conn.Exec(ctx, mark(database, e, state)); err != nil {
		return fmt.Errorf("mark database %s: %w", database, err)
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal quotes what a statement takes no parameter for.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
