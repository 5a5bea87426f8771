// Package database sets up an environment's database, records which environment a
// database belongs to, and replaces the serving database by another one. It knows
// roles, privileges and marks, and nothing of what the tables mean. Begin with Init.
//
// What a role or a database should have is in roles.sql and privileges.sql. They compare
// it with what there is and return the statements that are left to run, so a dry run
// prints exactly what a run would do, and a second run nothing.
package database

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/xdg-go/scram"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/migrations"
)

var (
	//go:embed roles.sql
	rolesSQL string
	//go:embed privileges.sql
	privilegesSQL string
)

// Change changes a server or database. Report gets a line for each change, before it is
// made; Dry only reports. Made counts them in both cases.
//
// Changes are not in one transaction, since CREATE DATABASE cannot be. An error leaves
// what was done until then, and the next run continues there.
type Change struct {
	Dry    bool
	Report func(string)
	Made   int
}

// run runs statements. What follows PASSWORD is a verifier and is not shown.
func (c *Change) run(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, statement := range statements {
		c.Made++
		shown, _, _ := strings.Cut(statement, " '"+verifierPrefix)
		c.Report(shown)
		if c.Dry {
			continue
		}
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", shown, err)
		}
	}
	return nil
}

// left returns the statements that are left to run.
func left(ctx context.Context, conn *pgx.Conn, query string, args ...any) ([]string, error) {
	rows, _ := conn.Query(ctx, query, args...)
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("compare roles and privileges with what they should be: %w", err)
	}
	return statements, nil
}

// Privileges returns the statements that give the roles in the database of conn what
// Init gives them. It only reads, as any role.
func Privileges(ctx context.Context, conn *pgx.Conn, e environment.Environment) ([]string, error) {
	return left(ctx, conn, privilegesSQL, e.Owner(), e.Role(), e.GatewayRole())
}

// Grant runs the statements of Privileges.
func (c *Change) Grant(ctx context.Context, conn *pgx.Conn, e environment.Environment) error {
	statements, err := Privileges(ctx, conn, e)
	if err != nil {
		return err
	}
	return c.run(ctx, conn, statements...)
}

// Migrate applies the pending migrations as the environment's owner, of which the
// administrator is a member. Objects then belong to the owner, whoever administers the
// server.
func (c *Change) Migrate(ctx context.Context, a *Administrator, e environment.Environment, database string) error {
	u := *a.url
	query := u.Query()
	query.Set("role", e.Owner())
	u.Path, u.RawQuery = "/"+database, query.Encode()
	all, err := migrations.Status(ctx, u.String())
	for _, m := range all {
		if m.Pending() {
			c.Made++
			c.Report("apply migration " + m.File)
		}
	}
	if err == nil && !c.Dry {
		err = migrations.Up(ctx, u.String())
	}
	if err != nil {
		return fmt.Errorf("migrate database %s: %w", database, err)
	}
	return nil
}

// Init creates an environment's database and roles with the least privileges that
// migrations and functions need, and applies the migrations. It is idempotent. variables
// hold the roles' passwords; adopt takes a database that belongs to no environment.
//
// Three roles divide the power: the owner changes the schema, functions change rows, and
// the gateway sees one table. None is a superuser or bypasses row security.
//
// Roles come first, because the database needs its owner; then database and mark; then
// privileges, also on what migrations will create, and migrations; last the privileges
// on single tables.
func Init(ctx context.Context, a *Administrator, e environment.Environment, variables map[string]string, adopt bool, c *Change) error {
	conn, err := a.Lock(ctx, e, "rolsuper OR rolcreatedb AND rolcreaterole", "a superuser, or a role with CREATEDB and CREATEROLE")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// The mark decides whose a database is: names are easily mistyped.
	m, err := ReadMark(ctx, conn, e.Database())
	if err == nil && m.Exists && (m.Environment != "" || !adopt) {
		err = m.Belongs(e)
	}
	if err != nil {
		return err
	}
	for _, r := range [][2]string{{e.Owner(), "OWNER_PASSWORD"}, {e.Role(), "FUNCTIONS_PASSWORD"}, {e.GatewayRole(), "GATEWAY_PASSWORD"}} {
		if err := c.login(ctx, a, conn, r[0], r[1], variables[r[1]]); err != nil {
			return err
		}
	}
	statements, err := left(ctx, conn, rolesSQL, e.Owner(), e.Role(), e.GatewayRole(), e.Connections(), environment.GatewayConnections)
	if err != nil {
		return err
	}
	if !m.Exists {
		statements = append(statements, create(e, e.Database()))
	}
	if m.Environment != e {
		statements = append(statements, marking(e.Database(), e, ""))
	}
	if err := c.run(ctx, conn, statements...); err != nil {
		return err
	}
	if c.Dry && !m.Exists { // there is nothing to compare with yet
		c.Report("grant the privileges in " + e.Database() + ", and apply the migrations")
		return nil
	}
	inside, err := a.Connect(ctx, e.Database())
	if err != nil {
		return err
	}
	defer inside.Close(context.WithoutCancel(ctx))
	return c.Furnish(ctx, a, inside, e)
}

// Furnish grants privileges and applies migrations in the database of conn.
func (c *Change) Furnish(ctx context.Context, a *Administrator, conn *pgx.Conn, e environment.Environment) error {
	if err := c.Grant(ctx, conn, e); err != nil {
		return err
	}
	before := c.Made
	if err := c.Migrate(ctx, a, e, conn.Config().Database); err != nil || c.Dry || c.Made == before {
		return err
	}
	return c.Grant(ctx, conn, e)
}

const (
	// shortestPassword is in characters. Passwords are for programs, so they may be long.
	shortestPassword = 16
	// verifierPrefix begins what PostgreSQL stores of a password.
	verifierPrefix = "SCRAM-SHA-256$"
)

// login creates a role that is missing, and sets its password if it has another one.
// Without a password an existing role keeps its own, which CloudNativePG may manage.
// The server gets a verifier, with PostgreSQL's own defaults of salt and iterations: the
// password itself appears in no statement and no log.
func (c *Change) login(ctx context.Context, a *Administrator, conn *pgx.Conn, role, variable, password string) error {
	var exists bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&exists)
	switch {
	case err != nil:
		return fmt.Errorf("read role %s: %w", role, err)
	case password == "" && !exists:
		return fmt.Errorf("role %s does not exist: set %s to its password, or let CloudNativePG create it from its Secret", role, variable)
	case password == "", exists && a.accepts(ctx, role, password):
		return nil
	case len(password) < shortestPassword:
		return fmt.Errorf("%s has %d characters: want at least %d", variable, len(password), shortestPassword)
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	var kept scram.StoredCredentials
	client, err := scram.SHA256.NewClient(role, password, "")
	if err == nil {
		kept, err = client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt), Iters: 4096})
	}
	if err != nil {
		return fmt.Errorf("%s cannot be a password: %w", variable, err)
	}
	var statements []string
	if !exists {
		statements = append(statements, "CREATE ROLE "+quote(role)+" LOGIN")
	}
	encode := base64.StdEncoding.EncodeToString
	return c.run(ctx, conn, append(statements, fmt.Sprintf("ALTER ROLE %s PASSWORD '%s%d:%s$%s:%s'", quote(role), verifierPrefix,
		kept.Iters, encode(salt), encode(kept.StoredKey), encode(kept.ServerKey)))...)
}

// create returns the statement that creates a database. The template is template0,
// because template1 may have an administrator's additions, and another encoding.
func create(e environment.Environment, name string) string {
	return "CREATE DATABASE " + quote(name) + " OWNER " + quote(e.Owner()) + " TEMPLATE template0 ENCODING 'UTF8'"
}

// Fresh creates an empty database of the environment, marked as being restored. Only
// administrators and its owner may connect to it. The mark comes before any data: a
// restore that is killed is recognized by it, or by having none.
func (c *Change) Fresh(ctx context.Context, conn *pgx.Conn, e environment.Environment, name string) error {
	return c.run(ctx, conn, create(e, name), marking(name, e, Restoring), "REVOKE ALL ON DATABASE "+quote(name)+" FROM PUBLIC")
}

// Drop drops a database, if it exists, and ends its connections.
func Drop(ctx context.Context, conn *pgx.Conn, name string) error {
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

// quote quotes an identifier.
func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
