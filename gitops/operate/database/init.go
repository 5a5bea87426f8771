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
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/migrations"
)

var (
	//go:embed roles.sql
	rolesSQL string
	//go:embed privileges.sql
	privilegesSQL string
)

// Change is a set of changes of a server or database. Report gets a line for each, before it is
// made; Dry only reports. Made counts them in both cases.
//
// They are not in one transaction, since CREATE DATABASE cannot be. An error leaves what
// was done until then, and the next run continues there.
type Change struct {
	Dry    bool
	Report func(string)
	Made   int
}

// do runs one statement. shown stands for it, since it may hold a password's verifier.
func (c *Change) do(ctx context.Context, conn *pgx.Conn, shown, statement string) error {
	c.Made++
	c.Report(shown)
	if c.Dry {
		return nil
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	return nil
}

// differences runs the statements that a query returns.
func (c *Change) differences(ctx context.Context, conn *pgx.Conn, query string, args ...any) error {
	statements, err := left(ctx, conn, query, args...)
	for _, statement := range statements {
		if err == nil {
			err = c.do(ctx, conn, statement, statement)
		}
	}
	return err
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

// Privileges returns the statements that the privileges in the database of conn differ
// by from those of Init. It only reads, as any role.
func Privileges(ctx context.Context, conn *pgx.Conn, e environment.Environment) ([]string, error) {
	return left(ctx, conn, privilegesSQL, e.Owner(), e.Role(), e.GatewayRole())
}

// Grant gives the roles in the database of conn what Init gives them.
func (c *Change) Grant(ctx context.Context, conn *pgx.Conn, e environment.Environment) error {
	return c.differences(ctx, conn, privilegesSQL, e.Owner(), e.Role(), e.GatewayRole())
}

// Migrate applies the pending migrations as the environment's owner. Objects then
// belong to the owner, whoever administers the server.
func (c *Change) Migrate(ctx context.Context, a *Administrator, e environment.Environment, database string) error {
	apply := func(file string) { c.Made++; c.Report("apply migration " + file) }
	url := a.URL(database, e.Owner())
	if c.Dry {
		all, err := migrations.Status(ctx, url)
		for _, m := range all {
			if m.Pending() {
				apply(m.File)
			}
		}
		return err
	}
	applied, err := migrations.Apply(ctx, url)
	for _, m := range applied {
		apply(m.File)
	}
	if err != nil {
		return fmt.Errorf("migrate database %s: %w", database, err)
	}
	return nil
}

// Passwords of the roles. An empty one keeps an existing role's.
type Passwords struct{ Owner, Functions, Gateway string }

// Init creates an environment's database and roles with the least privileges that
// migrations and functions need, and applies the migrations. It is idempotent. adopt
// takes a database that belongs to no environment.
//
// Three roles divide the power: the owner changes the schema, functions change rows, and
// the gateway sees one table. None is a superuser or bypasses row security.
//
// Roles come first, because the database needs its owner; then database and mark; then
// privileges, also on what migrations will create, and migrations; last the privileges
// on single tables.
func Init(ctx context.Context, a *Administrator, e environment.Environment, passwords Passwords, adopt bool, c *Change) error {
	conn, err := a.open(ctx, e, "rolsuper OR rolcreatedb AND rolcreaterole", "a superuser, or a role with CREATEDB and CREATEROLE")
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
	for _, r := range []struct{ name, variable, password string }{
		{e.Owner(), "OWNER_PASSWORD", passwords.Owner},
		{e.Role(), "FUNCTIONS_PASSWORD", passwords.Functions},
		{e.GatewayRole(), "GATEWAY_PASSWORD", passwords.Gateway},
	} {
		if err := c.login(ctx, a, conn, r.name, r.variable, r.password); err != nil {
			return err
		}
	}
	if err := c.differences(ctx, conn, rolesSQL, e.Owner(), e.Role(), e.GatewayRole(), e.Connections(), environment.GatewayConnections); err != nil {
		return err
	}
	if !m.Exists {
		if err := c.create(ctx, conn, e, e.Database()); err != nil {
			return err
		}
	}
	if m.Environment != e {
		if err := c.mark(ctx, conn, e.Database(), e, ""); err != nil {
			return err
		}
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
	if err := c.Grant(ctx, inside, e); err != nil {
		return err
	}
	before := c.Made
	if err := c.Migrate(ctx, a, e, e.Database()); err != nil || c.Made == before {
		return err
	}
	return c.Grant(ctx, inside, e)
}

// login creates a role that is missing, and sets its password if it has another one.
// The server gets a verifier: the password itself appears in no statement and no log.
// Without a password an existing role keeps its own, which CloudNativePG may manage.
func (c *Change) login(ctx context.Context, a *Administrator, conn *pgx.Conn, role, variable, password string) error {
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&exists); err != nil {
		return fmt.Errorf("read role %s: %w", role, err)
	}
	if password == "" {
		if exists {
			return nil
		}
		return fmt.Errorf("role %s does not exist: set %s to its password, or let CloudNativePG create it from its Secret", role, variable)
	}
	if err := checkPassword(password); err != nil {
		return fmt.Errorf("%s %w", variable, err)
	}
	if exists && a.accepts(ctx, conn.Config().Database, role, password) {
		return nil
	}
	secret, err := verifier(password)
	if err != nil {
		return err
	}
	if !exists {
		create := "CREATE ROLE " + quote(role) + " LOGIN"
		if err := c.do(ctx, conn, create, create); err != nil {
			return err
		}
	}
	return c.do(ctx, conn, "set the password of role "+role, "ALTER ROLE "+quote(role)+" PASSWORD "+literal(secret))
}

// create creates a database. The template is template0, because template1 may have an
// administrator's additions, and another encoding.
func (c *Change) create(ctx context.Context, conn *pgx.Conn, e environment.Environment, name string) error {
	statement := "CREATE DATABASE " + quote(name) + " OWNER " + quote(e.Owner()) + " TEMPLATE template0 ENCODING 'UTF8'"
	return c.do(ctx, conn, statement, statement)
}

// Fresh creates an empty database of the environment, marked as being restored. Only
// administrators and its owner may connect to it. The mark comes before any data: a
// restore that is killed is recognized by it, and by having none.
func Fresh(ctx context.Context, conn *pgx.Conn, e environment.Environment, name string) error {
	c := &Change{Report: func(string) {}}
	err := c.create(ctx, conn, e, name)
	if err == nil {
		err = c.mark(ctx, conn, name, e, Restoring)
	}
	if err == nil {
		err = c.do(ctx, conn, "close "+name, "REVOKE ALL ON DATABASE "+quote(name)+" FROM PUBLIC")
	}
	if err != nil {
		return errors.Join(err, Drop(context.WithoutCancel(ctx), conn, name))
	}
	return nil
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
