// Package database sets an environment's database up, and tells which
// environment a database belongs to.
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
	// URLVariable names the administrator's URL. It is never an argument, which
	// every user of the machine can read.
	URLVariable = "ADMIN_DATABASE_URL"

	oldestVersion  = 150000
	connectTimeout = 10 * time.Second
	// maintenance is connected to where the URL names the environment's own
	// database, which cannot be renamed or dropped by those connected to it.
	maintenance = "postgres"
)

// Administrator connects to any database of a server.
type Administrator struct{ url *url.URL }

// NewAdministrator reads an administrator's URL. The error never contains it.
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

// URL is that of a database on the server; role, where not empty, is what the
// session acts as.
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

// wrongPassword is PostgreSQL's code for it.
const wrongPassword = "28P01"

// accepts tells whether the server takes a role's password.
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

// Maintenance connects to the database from which others are made and renamed.
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

// administers refuses an administrator who may not make databases and roles.
func administers(ctx context.Context, conn *pgx.Conn) error {
	var may bool
	var name string
	if err := conn.QueryRow(ctx, `SELECT rolsuper OR rolcreatedb AND rolcreaterole, rolname FROM pg_roles WHERE rolname = current_user`).Scan(&may, &name); err != nil {
		return fmt.Errorf("read the administrator's role: %w", err)
	}
	if !may {
		return fmt.Errorf("%s is of role %s: want a superuser, or a role with CREATEDB and CREATEROLE", URLVariable, name)
	}
	return nil
}

// superuser refuses an administrator who is none: only one may restore another
// role's objects and end anybody's connections.
func superuser(ctx context.Context, conn *pgx.Conn) error {
	var super bool
	var name string
	if err := conn.QueryRow(ctx, `SELECT rolsuper, rolname FROM pg_roles WHERE rolname = current_user`).Scan(&super, &name); err != nil {
		return fmt.Errorf("read the administrator's role: %w", err)
	}
	if !super {
		return fmt.Errorf("%s is of role %s: want a superuser", URLVariable, name)
	}
	return nil
}

// Programs returns the environment in which PostgreSQL's own programs connect to
// a database: nothing of it is an argument.
func (a *Administrator) Programs(database string) ([]string, error) {
	config, err := pgx.ParseConfig(a.URL(database, ""))
	if err != nil {
		return nil, fmt.Errorf("%s is malformed", URLVariable)
	}
	// The variables are libpq's names of what a URL's query may hold.
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
