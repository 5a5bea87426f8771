package database

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// role is a role as it is wanted.
type role struct {
	name, variable, password string // the variable of the environment that holds the password
	connections              int
	settings                 map[string]string
}

const attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

// changes are what makes the role as it is wanted. A role that is there keeps its
// password where none is given: CloudNativePG may manage it.
func (r role) changes(ctx context.Context, a *Administrator, conn *pgx.Conn) ([]change, error) {
	if r.password != "" {
		if err := checkPassword(r.password); err != nil {
			return nil, fmt.Errorf("%s %w", r.variable, err)
		}
	}
	var (
		plain       bool
		connections int
		settings    []string
		groups      []string
	)
	err := conn.QueryRow(ctx, `
		SELECT a.rolcanlogin AND NOT (a.rolsuper OR a.rolcreatedb OR a.rolcreaterole OR a.rolreplication OR a.rolbypassrls),
		       a.rolconnlimit, coalesce(s.setconfig, '{}'),
		       ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = a.oid)
		FROM pg_roles a LEFT JOIN pg_db_role_setting s ON s.setrole = a.oid AND s.setdatabase = 0
		WHERE a.rolname = $1`, r.name).Scan(&plain, &connections, &settings, &groups)
	missing := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !missing {
		return nil, fmt.Errorf("look at role %s: %w", r.name, err)
	}
	if missing && r.password == "" {
		return nil, fmt.Errorf("role %s does not exist: set %s to the password it shall have, or let CloudNativePG make it from its Secret", r.name, r.variable)
	}
	var all []change
	add := func(what, statement string) { all = append(all, change{what, statement}) }
	name := quote(r.name)
	if missing {
		add("create role "+r.name, "CREATE ROLE "+name+" "+attributes)
	} else if !plain {
		add("take every special right from role "+r.name, "ALTER ROLE "+name+" "+attributes)
	}
	has := r.password == ""
	if !has && !missing {
		if has, err = r.hasPassword(ctx, a, conn); err != nil {
			return nil, err
		}
	}
	if !has {
		made, err := verifier(r.password)
		if err != nil {
			return nil, err
		}
		add("set the password of role "+r.name, "ALTER ROLE "+name+" PASSWORD "+literal(made))
	}
	if missing || connections != r.connections {
		add(fmt.Sprintf("bound role %s to %d connections", r.name, r.connections), fmt.Sprintf("ALTER ROLE %s CONNECTION LIMIT %d", name, r.connections))
	}
	for _, group := range groups {
		add("take role "+r.name+" out of "+group, "REVOKE "+quote(group)+" FROM "+name)
	}
	for _, key := range slices.Sorted(maps.Keys(r.settings)) {
		if setting := key + "=" + r.settings[key]; !slices.Contains(settings, setting) {
			add("set "+strings.Replace(setting, "=", " of role "+r.name+" to ", 1), "ALTER ROLE "+name+" SET "+key+" = "+literal(r.settings[key]))
		}
	}
	return all, nil
}

// hasPassword tells whether the role's password is the one that is wanted: by its
// verifier, or where the administrator may not read that, by using it.
func (r role) hasPassword(ctx context.Context, a *Administrator, conn *pgx.Conn) (bool, error) {
	var readable bool
	if err := conn.QueryRow(ctx, `SELECT has_table_privilege('pg_authid', 'SELECT')`).Scan(&readable); err != nil {
		return false, fmt.Errorf("look at the password of role %s: %w", r.name, err)
	}
	if !readable {
		return a.accepts(ctx, conn.Config().Database, r.name, r.password)
	}
	var kept string
	if err := conn.QueryRow(ctx, `SELECT coalesce(rolpassword, '') FROM pg_authid WHERE rolname = $1`, r.name).Scan(&kept); err != nil {
		return false, fmt.Errorf("look at the password of role %s: %w", r.name, err)
	}
	return verifies(kept, r.password), nil
}
