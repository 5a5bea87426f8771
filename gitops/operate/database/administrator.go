package database

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// URLVariable is the variable that holds the administrator's URL. The URL is never
// an argument: every user of the machine can read those.
const URLVariable = "ADMIN_DATABASE_URL"

// Administrator connects to any database of a server as an administrator. It keeps
// no connection: whoever opens one closes it.
type Administrator struct {
	url    *url.URL
	config *pgx.ConnConfig
}

// NewAdministrator parses an administrator's URL. Its errors never contain the URL.
// It connects to nothing.
func NewAdministrator(connection string) (*Administrator, error) {
	u, err := url.Parse(connection)
	config, malformed := pgx.ParseConfig(connection)
	// A password in the query would be an argument of pg_dump.
	if err != nil || malformed != nil || !strings.HasPrefix(u.Scheme, "postgres") || u.Query().Has("password") {
		return nil, fmt.Errorf("%s is not set, or malformed: want an administrator's postgres://user:password@host:port/database with special characters percent-encoded", URLVariable)
	}
	config.ConnectTimeout = 10 * time.Second // a server that is down should not hold a schedule for minutes
	config.RuntimeParams["application_name"] = "operate"
	return &Administrator{u, config}, nil
}

// Connect connects to a database of the server. The caller closes the connection, with
// a context that an interrupt has not ended.
func (a *Administrator) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	config := a.config.Copy()
	config.Database = database
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to database %s: %w", database, err)
	}
	return conn, nil
}

// accepts reports whether a role has the password, by logging in with it: a managed
// server's administrator may not read verifiers. A server that asks for no password has
// accepted none.
func (a *Administrator) accepts(ctx context.Context, role, password string) bool {
	config := a.config.Copy()
	config.User, config.Password, config.RequireAuth = role, password, "scram-sha-256"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		_ = conn.Close(ctx)
	}
	return err == nil || code(err) == "42501" // insufficient_privilege: logged in, but may not use this database
}

// code is PostgreSQL's code of an error, or empty.
func code(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// lockLimit is how long the server may take to release the lock of a command that has
// just ended. A restore in progress may take hours, and a schedule should rather fail
// than queue up behind it.
const lockLimit = "3s"

// Lock connects to the database from which others are created and renamed, and excludes
// other commands from the environment's databases until the connection ends. It is the
// URL's database, unless that is one of the environment's, since PostgreSQL refuses to
// rename or drop the current one. An advisory lock needs no table, works from any
// database of the server, and ends however the command ends.
// condition and want are those of Require.
func (a *Administrator) Lock(ctx context.Context, e environment.Environment, condition, want string) (*pgx.Conn, error) {
	name := a.config.Database
	if name == "" || strings.HasPrefix(name, e.Database()) {
		name = "postgres"
	}
	conn, err := a.Connect(ctx, name)
	if err != nil {
		return nil, err
	}
	if err = Require(ctx, conn, condition, want); err == nil {
		_, err = conn.Exec(ctx, "SET lock_timeout = '"+lockLimit+"'; SELECT pg_advisory_lock(hashtextextended('operate "+e.Database()+"', 0)); RESET lock_timeout")
		if code(err) == "55P03" { // lock_not_available
			err = fmt.Errorf("another operate command is working on database %s: wait until it ends", e.Database())
		}
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// Require refuses a server that is older than the oldest that is tested, and an
// administrator for whom the condition on pg_roles does not hold. want says in words
// what role would do.
func Require(ctx context.Context, conn *pgx.Conn, condition, want string) error {
	var recent, may bool
	var version, role string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int >= 150000, current_setting('server_version'), `+condition+`, rolname
		FROM pg_roles WHERE rolname = current_user`).Scan(&recent, &version, &may, &role)
	switch {
	case err != nil:
		return fmt.Errorf("read the administrator's role: %w", err)
	case !recent:
		return fmt.Errorf("the server is PostgreSQL %s: want 15 or newer", version)
	case !may:
		return fmt.Errorf("%s has role %s: want %s", URLVariable, role, want)
	}
	return nil
}

// Program runs one of PostgreSQL's client programs on a database and writes its output
// to out. The password is in its environment, where no other user can read it, and only
// harmless variables are beside it: others, such as PGOPTIONS, could change what it
// does. On cancellation it is interrupted, and killed ten seconds later. Errors contain
// the end of what it printed.
func (a *Administrator) Program(ctx context.Context, database string, out io.Writer, program string, arguments ...string) error {
	u := *a.url
	u.User, u.Path = url.User(a.config.User), "/"+database
	cmd := exec.CommandContext(ctx, program, append(arguments, "--no-password", "--dbname="+u.String())...)
	cmd.Env = []string{"PGPASSWORD=" + a.config.Password, "PGAPPNAME=operate", "PGCONNECT_TIMEOUT=10"}
	for _, variable := range []string{"PATH", "HOME", "TMPDIR", "LANG"} {
		cmd.Env = append(cmd.Env, variable+"="+os.Getenv(variable))
	}
	cmd.WaitDelay = 10 * time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &problems
	switch err := cmd.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s is not installed: it comes with PostgreSQL's client", program)
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		printed := bytes.TrimSpace(problems.Bytes())
		return fmt.Errorf("%s: %w\n%s", program, err, printed[max(0, len(printed)-8<<10):])
	}
	return nil
}
