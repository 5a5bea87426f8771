package embedded

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const (
	// Role names the ordinary role, and the database it owns. It owns its tables,
	// so migrations run as this role too.
	Role = "sequential_questioning"

	adminRole = "postgres"
)

// ensureRole makes the ordinary role and its database where they are missing. The
// role may do no more than an application's role in production: a program that
// works here works there.
func ensureRole(ctx context.Context, conn *pgx.Conn, password string) error {
	var role, database bool
	err := conn.QueryRow(ctx,
		`SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), EXISTS (SELECT FROM pg_database WHERE datname = $1)`,
		Role).Scan(&role, &database)
	if err != nil {
		return fmt.Errorf("look up role %s: %w", Role, err)
	}
	if !role {
		// The password is made of letters and digits; CREATE ROLE takes no parameters.
		_, err := conn.Exec(ctx, "CREATE ROLE "+Role+" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '"+password+"'")
		if err != nil {
			return fmt.Errorf("create role %s: %w", Role, err)
		}
	}
	if !database {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+Role+" OWNER "+Role); err != nil {
			return fmt.Errorf("create database %s: %w", Role, err)
		}
	}
	return nil
}
