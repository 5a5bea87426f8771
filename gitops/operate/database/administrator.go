// Package database sets up an environment's database and records which environment a
// database belongs to. It knows roles, privileges and marks, and nothing of what the
// tables mean. Begin with Init.
//
// Every command on an environment's databases holds an advisory lock (see lock), works
// from a comparison of actual and desired state, and checks the mark first.
package database

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

const (
	// URLVariable is the variable that holds the administrator's URL. The URL is never
	// an argument: every user of the machine can read those.
	URLVariable = "ADMIN_DATABASE_URL"

	// As server_version_num counts it: PostgreSQL 15, the oldest that is tested.
	oldestVersion = 150000
	// A server that is down should not hold a scheduled command for minutes.
	connectTimeout = 10 * time.Second
	// maintenance is the database to connect to if the URL names the environment's
	// own, because PostgreSQL refuses to rename or drop the current database.
	maintenance = "postgres"
)

// Administrator connects to any database of a server as an administrator. It keeps
// no connection: whoever opens one closes it.
type Administrator struct{ url *url.URL }

// NewAdministrator parses an administrator's URL. Its errors never contain the URL.
// It connects to nothing.
func NewAdministrator(connection string) (*Administrator, error) {
	malformed := fmt.Errorf("%s is malformed: want postgres://user:password@host:port/database with special characters percent-encoded", URLVariable)
	if connection == "" {
		return nil, fmt.Errorf("%s is not set: want an administrator's postgres://user:password@host:port/database", URLVariable)
	}
	parsed, err := url.Parse(connection)
	if err != nil || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") {
		return nil, malformed
	}
	if _, err := pgx.ParseConfig(connection); err != nil {
		return nil, malformed
	}
	return &Administrator{parsed}, nil
}

// URL returns the URL of a database on the server. If role is not empty, sessions
// act as that role. It contains the administrator's password.
// Acting as a role needs membership in it; see joined.
func (a *Administrator) URL(database, role string) string {
	u := *a.url
	u.Path = "/" + database
	if role != "" {
		query := u.Query()
		query.Set("role", role)
		u.RawQuery = query.Encode()
	}
	return u.String()
}

// Connect connects to a database of the server.
// The caller closes the connection, with a context that an interrupt has not ended.
func (a *Administrator) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(a.URL(database, ""))
	if err != nil {
		return nil, fmt.Errorf("%s is malformed", URLVariable)
	}
	config.ConnectTimeout = connectTimeout
	config.RuntimeParams["application_name"] = "operate"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to database %s: %w", database, err)
	}
	return conn, nil
}

// wrongPassword is PostgreSQL's code of invalid_password.
const wrongPassword = "28P01"

// accepts reports whether the server accepts a role's password. It is for servers,
// such as managed ones, whose administrator may not read verifiers.
// A refusal for another reason, such as pg_hba.conf, is an error and not a no.
func (a *Administrator) accepts(ctx context.Context, database, role, password string) (bool, error) {
	config, err := pgx.ParseConfig(a.URL(database, ""))
	if err != nil {
		return false, fmt.Errorf("%s is malformed", URLVariable)
	}
	config.User, config.Password, config.ConnectTimeout = role, password, connectTimeout
	conn, err := pgx.ConnectConfig(ctx, config)
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return true, conn.Close(ctx)
	case errors.As(err, &refused) && refused.Code == wrongPassword:
		return false, nil
	}
	return false, fmt.Errorf("try the password of role %s: %w", role, err)
}

// Maintenance connects to the database from which others are created and renamed.
// The caller closes the connection.
// The version is checked here, because every command that creates or renames databases
// comes through it.
func (a *Administrator) Maintenance(ctx context.Context, e environment.Environment) (*pgx.Conn, error) {
	name := strings.TrimPrefix(a.url.Path, "/")
	if name == "" || name == e.Database() || strings.HasPrefix(name, e.Database()+"_") {
		name = maintenance
	}
	conn, err := a.Connect(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := recent(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// recent refuses a server that is older than the oldest supported one.
// An old server lacks statements that come later, and would fail in the middle.
func recent(ctx context.Context, conn *pgx.Conn) error {
	var number int
	var version string
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version')`).Scan(&number, &version); err != nil {
		return fmt.Errorf("read the server's version: %w", err)
	}
	if number < oldestVersion {
		return fmt.Errorf("the server is PostgreSQL %s: want 15 or newer", version)
	}
	return nil
}

// administers refuses an administrator who may not create databases and roles.
// Managed servers give no superuser, but such a role.
func administers(ctx context.Context, conn *pgx.Conn) error {
	var may bool
	var name string
	if err := conn.QueryRow(ctx, `SELECT rolsuper OR rolcreatedb AND rolcreaterole, rolname FROM pg_roles WHERE rolname = current_user`).Scan(&may, &name); err != nil {
		return fmt.Errorf("read the administrator's role: %w", err)
	}
	if !may {
		return fmt.Errorf("%s has role %s: want a superuser, or a role with CREATEDB and CREATEROLE", URLVariable, name)
	}
	return nil
}

// superuser refuses an administrator who is not a superuser: only superusers may
// restore another role's objects and end any connection.
// It is needed for restores and switches only.
func superuser(ctx context.Context, conn *pgx.Conn) error {
	var super bool
	var name string
	if err := conn.QueryRow(ctx, `SELECT rolsuper, rolname FROM pg_roles WHERE rolname = current_user`).Scan(&super, &name); err != nil {
		return fmt.Errorf("read the administrator's role: %w", err)
	}
	if !super {
		return fmt.Errorf("%s has role %s: want a superuser", URLVariable, name)
	}
	return nil
}

// Programs returns the environment variables with which PostgreSQL's client programs
// connect to a database, so that no argument shows a password.
// Other parameters of the URL are dropped. Pass the variables to one program
// only: they contain the password.
func (a *Administrator) Programs(database string) ([]string, error) {
	config, err := pgx.ParseConfig(a.URL(database, ""))
	if err != nil {
		return nil, fmt.Errorf("%s is malformed", URLVariable)
	}
	// libpq's variables for the parameters of the URL's query.
	settings := map[string]string{
		"PGHOST": config.Host, "PGPORT": fmt.Sprint(config.Port), "PGUSER": config.User,
		"PGPASSWORD": config.Password, "PGDATABASE": database, "PGAPPNAME": "operate", "PGCONNECT_TIMEOUT": "10",
	}
	query := a.url.Query()
	for _, option := range []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs", "channel_binding"} {
		if value := query.Get(option); value != "" {
			settings["PG"+strings.ToUpper(strings.ReplaceAll(option, "_", ""))] = value
		}
	}
	var variables []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		variables = append(variables, name+"="+settings[name])
	}
	return variables, nil
}
