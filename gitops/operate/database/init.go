package database

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/migrations"
)

// Environment variables that hold the roles' passwords.
const (
	OwnerPasswordVariable   = "OWNER_PASSWORD"
	RolePasswordVariable    = "FUNCTIONS_PASSWORD"
	GatewayPasswordVariable = "GATEWAY_PASSWORD"
)

// InitOptions configure how a database is set up.
// Report must not be nil. It gets a line for each change, before it is made.
type InitOptions struct {
	OwnerPassword, RolePassword, GatewayPassword string // empty keeps an existing role's password

	Connections int  // limit of the functions' role
	Adopt       bool // take a database that belongs to no environment and has tables
	Dry         bool
	Report      func(string)
}

// Init creates an environment's database and roles with the least privileges that
// migrations and functions need, and applies the migrations. It returns the number of
// changes. Init is idempotent.
//
// Three roles divide the power: the owner changes the schema, functions change
// rows, and the gateway sees one table. None is a superuser or bypasses row
// security.
//
// Roles come first, because the database needs its owner; then database and mark; privileges
// and migrations last. An error leaves what was done, and the next run continues from there.
func Init(ctx context.Context, a *Administrator, e environment.Environment, o InitOptions) (int, error) {
	conn, err := a.Maintenance(ctx, e)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := administers(ctx, conn); err != nil {
		return 0, err
	}
	if err := lock(ctx, conn, e.Database()); err != nil {
		return 0, err
	}
	run := &executor{dry: o.Dry, report: o.Report}
	there, err := claimable(ctx, a, conn, e, o.Adopt)
	if err != nil {
		return 0, err
	}
	for _, r := range roles(e, o) {
		changes, err := r.changes(ctx, a, conn)
		if err != nil {
			return run.made, err
		}
		if err := run.run(ctx, conn, changes); err != nil {
			return run.made, err
		}
	}
	changes, err := joined(ctx, conn, e)
	if err != nil {
		return run.made, err
	}
	if err := run.run(ctx, conn, append(changes, made(e.Database(), e, there)...)); err != nil {
		return run.made, err
	}
	if o.Dry && !there.Exists {
		// A dry run cannot inspect a database that does not exist yet.
		for _, w := range privileges(e, e.Database()) {
			o.Report(w.what)
		}
		o.Report("apply the migrations")
		return run.made + 1, nil
	}
	return run.made, furnish(ctx, a, e, run)
}

// roles returns the three roles. Their limits are settings of the role, which hold
// even behind a pooler that drops the settings of a connection. A statement of a
// function that takes longer than 5 s would outlast its caller; migrations may take
// 15 min.
// A missing setting is set, and an additional one stays: an operator may have added it.
func roles(e environment.Environment, o InitOptions) []role {
	return []role{
		{e.Owner(), OwnerPasswordVariable, o.OwnerPassword, ownerConnections,
			map[string]string{"statement_timeout": "15min", "idle_in_transaction_session_timeout": "5min"}},
		{e.Role(), RolePasswordVariable, o.RolePassword, o.Connections,
			map[string]string{"statement_timeout": "5s", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "1min"}},
		{e.GatewayRole(), GatewayPasswordVariable, o.GatewayPassword, environment.GatewayConnections,
			map[string]string{"statement_timeout": "5s", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "1min"}},
	}
}

// joined makes the administrator a member of the owner's role. Superusers need no
// membership.
func joined(ctx context.Context, conn *pgx.Conn, e environment.Environment) ([]change, error) {
	var member bool
	err := conn.QueryRow(ctx, `SELECT coalesce((SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = $1),
		(SELECT rolsuper FROM pg_roles WHERE rolname = current_user))`, e.Owner()).Scan(&member)
	if err != nil {
		return nil, fmt.Errorf("check whether the administrator may act as %s: %w", e.Owner(), err)
	}
	if member {
		return nil, nil
	}
	return []change{{"let the administrator act as " + e.Owner(), "GRANT " + quote(e.Owner()) + " TO CURRENT_USER"}}, nil
}

// ownerConnections suffice for two concurrent runs of the migrations.
const ownerConnections = 10

// claimable refuses a database of another environment, and without adopt one that
// has tables but belongs to no environment. Only the mark decides: names are easily
// mistyped.
// It only reads. The mark it returns says what is left to make.
func claimable(ctx context.Context, a *Administrator, conn *pgx.Conn, e environment.Environment, adopt bool) (Mark, error) {
	m, err := ReadMark(ctx, conn, e.Database())
	if err != nil || !m.Exists || m.Environment == e {
		return m, err
	}
	if m.Environment != "" {
		return m, fmt.Errorf("database %s belongs to environment %s, not %s", e.Database(), m.Environment, e)
	}
	inside, err := a.Connect(ctx, e.Database())
	if err != nil {
		return m, err
	}
	defer inside.Close(context.WithoutCancel(ctx))
	var tables int
	if err := inside.QueryRow(ctx, `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`).Scan(&tables); err != nil {
		return m, fmt.Errorf("count the tables of database %s: %w", e.Database(), err)
	}
	if tables > 0 && !adopt {
		return m, fmt.Errorf("database %s belongs to no environment and has %d tables: add --adopt to use it for %s", e.Database(), tables, e)
	}
	return m, nil
}

// made returns the changes that create a database and mark it as the environment's.
// The template is template0, because template1 may have an administrator's additions, and its
// encoding another.
func made(name string, e environment.Environment, there Mark) []change {
	var all []change
	if !there.Exists {
		all = append(all, change{"create database " + name, "CREATE DATABASE " + quote(name) + " OWNER " + quote(e.Owner()) + " TEMPLATE template0 ENCODING 'UTF8'"})
	}
	if there.Environment != e {
		all = append(all, change{"mark database " + name + " as " + string(e) + "'s", mark(name, e, "")})
	}
	return all
}

// furnish grants the privileges in the database and applies the migrations.
// Privileges on tables to come are granted before the migrations create them, and
// those on single tables after.
// foreign comes before anything is granted: tables of another owner would make the migrations
// fail half way.
func furnish(ctx context.Context, a *Administrator, e environment.Environment, run *executor) error {
	conn, err := a.Connect(ctx, e.Database())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := owned(ctx, conn, e, run); err != nil {
		return err
	}
	if err := foreign(ctx, conn, e); err != nil {
		return err
	}
	if err := give(ctx, conn, e, run, privileges(e, e.Database())); err != nil {
		return err
	}
	if err := Migrate(ctx, a, e, e.Database(), run.dry, func(file string) {
		run.made++
		run.report("apply migration " + file)
	}); err != nil {
		return err
	}
	return give(ctx, conn, e, run, onTables(e))
}

// give grants those of the wanted privileges that are missing. In a dry run it only
// reports them.
func give(ctx context.Context, conn *pgx.Conn, e environment.Environment, run *executor, all []wanted) error {
	changes, err := lacking(ctx, conn, e, all)
	if err != nil {
		return err
	}
	return run.run(ctx, conn, changes)
}

// owned makes the environment's owner the owner of the database.
// The objects in the database keep their owners; foreign reports those.
func owned(ctx context.Context, conn *pgx.Conn, e environment.Environment, run *executor) error {
	var owner string
	if err := conn.QueryRow(ctx, `SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()`).Scan(&owner); err != nil {
		return fmt.Errorf("read the owner of database %s: %w", e.Database(), err)
	}
	if owner == e.Owner() {
		return nil
	}
	return run.run(ctx, conn, []change{{"give database " + e.Database() + " to " + e.Owner(),
		"ALTER DATABASE " + quote(e.Database()) + " OWNER TO " + quote(e.Owner())}})
}

// Migrate applies the pending migrations as the environment's owner. Objects then
// belong to the owner, whoever administers the server.
// report is called for each migration that was applied, also if a later one failed.
func Migrate(ctx context.Context, a *Administrator, e environment.Environment, database string, dry bool, report func(file string)) error {
	url := a.URL(database, e.Owner())
	if dry {
		all, err := migrations.Status(ctx, url)
		for _, m := range all {
			if m.Pending() {
				report(m.File)
			}
		}
		return err
	}
	applied, err := migrations.Apply(ctx, url)
	for _, m := range applied {
		report(m.File)
	}
	if err != nil {
		return fmt.Errorf("migrate database %s: %w", database, err)
	}
	return nil
}

// Fresh creates an empty database of the environment, marked as being restored.
// Only administrators and its owner may connect to it. The mark comes before any
// data: a restore that is killed is recognized by it.
// It is dropped again if it cannot be marked.
func Fresh(ctx context.Context, conn *pgx.Conn, e environment.Environment, name string) error {
	run := &executor{report: func(string) {}}
	changes := append(made(name, e, Mark{}),
		change{"mark " + name, mark(name, e, Restoring)},
		change{"close " + name, "REVOKE ALL ON DATABASE " + quote(name) + " FROM PUBLIC"})
	if err := run.run(ctx, conn, changes); err != nil {
		return errors.Join(err, Drop(context.WithoutCancel(ctx), conn, name))
	}
	return nil
}

// Grant grants the roles of the functions and of the gateway what Init grants, in the
// database of conn: a backup of an older release has fewer privileges.
func Grant(ctx context.Context, conn *pgx.Conn, e environment.Environment) error {
	run := &executor{report: func(string) {}}
	return give(ctx, conn, e, run, append(privileges(e, conn.Config().Database), onTables(e)...))
}

// Drop drops a database and ends its connections.
// A database that does not exist is no error.
func Drop(ctx context.Context, conn *pgx.Conn, name string) error {
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}
