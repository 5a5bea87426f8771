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

// role is the desired state of a role.
// Settings are those of ALTER ROLE … SET, without a database.
type role struct {
	name, variable, password string // the variable of the environment that holds the password
	connections              int
	settings                 map[string]string
}

// attributes are those of every role here: it may log in, and nothing else that is
// special.
const attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

// changes returns what brings the role to its desired state. Without a password an
// existing role keeps its own, which CloudNativePG may manage. Memberships are
// removed: through a group a role could have any privilege.
//
// An unsuitable password is refused before anything is read.
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
		return nil, fmt.Errorf("read role %s: %w", r.name, err)
	}
	if missing && r.password == "" {
		return nil, fmt.Errorf("role %s does not exist: set %s to its password, or let CloudNativePG create it from its Secret", r.name, r.variable)
	}
	var all []change
	add := func(what, statement string) { all = append(all, change{what, statement}) }
	name := quote(r.name)
	if missing {
		add("create role "+r.name, "CREATE ROLE "+name+" "+attributes)
	} else if !plain {
		add("remove special attributes of role "+r.name, "ALTER ROLE "+name+" "+attributes)
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
		add(fmt.Sprintf("limit role %s to %d connections", r.name, r.connections), fmt.Sprintf("ALTER ROLE %s CONNECTION LIMIT %d", name, r.connections))
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

// hasPassword reports whether the role already has the password: by its verifier, or,
// if the administrator may not read that, by connecting with it.
// A verifier in another format, such as md5, counts as another password, and is replaced.
func (r role) hasPassword(ctx context.Context, a *Administrator, conn *pgx.Conn) (bool, error) {
	var readable bool
	if err := conn.QueryRow(ctx, `SELECT has_table_privilege('pg_authid', 'SELECT')`).Scan(&readable); err != nil {
		return false, fmt.Errorf("check the password of role %s: %w", r.name, err)
	}
	if !readable {
		return a.accepts(ctx, conn.Config().Database, r.name, r.password)
	}
	var kept string
	if err := conn.QueryRow(ctx, `SELECT coalesce(rolpassword, '') FROM pg_authid WHERE rolname = $1`, r.name).Scan(&kept); err != nil {
		return false, fmt.Errorf("check the password of role %s: %w", r.name, err)
	}
	return verifies(kept, r.password), nil
}
