package database

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// versions is the table of applied migrations, which functions may only read.
const versions = "goose_db_version"

// wanted is a privilege in a database: holds is the condition under which it is
// granted, statement grants it. In holds, $1 is the owner, $2 the functions' role
// and $3 the gateway's.
// A condition that is null counts as not granted.
type wanted struct{ what, holds, statement string }

// privileges are those that Init grants in a database, in this order: first from
// everybody what PostgreSQL gives by default, then to each role what it needs.
// Conditions look at the actual ACLs, not only at has_…_privilege, where a role
// must have a privilege itself and not through PUBLIC.
//
// Statements may be repeated, as GRANT and REVOKE may.
func privileges(e environment.Environment, database string) []wanted {
	db, owner, role, gateway := quote(database), quote(e.Owner()), quote(e.Role()), quote(e.GatewayRole())
	const tables = `SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND `
	granted := func(acl, privileges string) string {
		count := strings.Count(privileges, ",") + 1
		return fmt.Sprintf(`(SELECT count(DISTINCT privilege_type) = %d FROM (%s) AS a (acl), aclexplode(a.acl)
			WHERE grantee = $2::text::regrole AND privilege_type IN (%s))`, count, acl, privileges)
	}
	// only is the condition that the gateway's role has this privilege and no other.
	only := func(acl, privilege string) string {
		return `ARRAY['` + privilege + `'] = (SELECT array_agg(DISTINCT privilege_type) FROM (` + acl + `) AS a (acl), aclexplode(a.acl)
			WHERE grantee = to_regrole($3))`
	}
	defaults := func(kind, privileges string) string {
		return granted(`SELECT defaclacl FROM pg_default_acl WHERE defaclrole = $1::text::regrole AND defaclnamespace = 0 AND defaclobjtype = '`+kind+`'`, privileges)
	}
	return []wanted{
		{"take CONNECT and TEMPORARY from everybody",
			`NOT has_database_privilege('public', current_database(), 'CONNECT') AND NOT has_database_privilege('public', current_database(), 'TEMPORARY')`,
			"REVOKE ALL ON DATABASE " + db + " FROM PUBLIC"},
		{"let " + e.Role() + " connect",
			granted(`SELECT datacl FROM pg_database WHERE datname = current_database()`, `'CONNECT'`),
			"GRANT CONNECT ON DATABASE " + db + " TO " + role},
		{"take CREATE and TEMPORARY on the database from " + e.Role(),
			`NOT EXISTS (SELECT FROM pg_database d, aclexplode(d.datacl) WHERE datname = current_database() AND grantee = $2::text::regrole AND privilege_type <> 'CONNECT')`,
			"REVOKE CREATE, TEMPORARY ON DATABASE " + db + " FROM " + role},
		{"take the schema public from everybody",
			`NOT has_schema_privilege('public', 'public', 'USAGE') AND NOT has_schema_privilege('public', 'public', 'CREATE')`,
			"REVOKE ALL ON SCHEMA public FROM PUBLIC"},
		{"let " + e.Role() + " use the schema public",
			granted(`SELECT nspacl FROM pg_namespace WHERE nspname = 'public'`, `'USAGE'`),
			"GRANT USAGE ON SCHEMA public TO " + role},
		{"let " + e.GatewayRole() + " connect, and no more than that",
			only(`SELECT datacl FROM pg_database WHERE datname = current_database()`, "CONNECT"),
			"REVOKE ALL ON DATABASE " + db + " FROM " + gateway + "; GRANT CONNECT ON DATABASE " + db + " TO " + gateway},
		{"let " + e.GatewayRole() + " use the schema public, and no more than that",
			only(`SELECT nspacl FROM pg_namespace WHERE nspname = 'public'`, "USAGE"),
			"REVOKE ALL ON SCHEMA public FROM " + gateway + "; GRANT USAGE ON SCHEMA public TO " + gateway},
		{"take CREATE in the schema public from " + e.Role(),
			`NOT EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) WHERE nspname = 'public' AND grantee = $2::text::regrole AND privilege_type = 'CREATE')`,
			"REVOKE CREATE ON SCHEMA public FROM " + role},
		{"let " + e.Role() + " read and write the rows of tables to come",
			defaults("r", `'SELECT', 'INSERT', 'UPDATE', 'DELETE'`),
			"ALTER DEFAULT PRIVILEGES FOR ROLE " + owner + " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO " + role},
		{"let " + e.Role() + " use sequences to come",
			defaults("S", `'SELECT', 'USAGE'`),
			"ALTER DEFAULT PRIVILEGES FOR ROLE " + owner + " GRANT USAGE, SELECT ON SEQUENCES TO " + role},
		{"let " + e.Role() + " read and write the rows of the tables there are",
			`NOT EXISTS (` + tables + `relname <> '` + versions + `' AND NOT (has_table_privilege($2, c.oid, 'SELECT') AND has_table_privilege($2, c.oid, 'INSERT')
				AND has_table_privilege($2, c.oid, 'UPDATE') AND has_table_privilege($2, c.oid, 'DELETE')))`,
			"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + role},
		{"take TRUNCATE, REFERENCES and TRIGGER from " + e.Role(),
			`NOT EXISTS (` + tables + `(has_table_privilege($2, c.oid, 'TRUNCATE') OR has_table_privilege($2, c.oid, 'REFERENCES') OR has_table_privilege($2, c.oid, 'TRIGGER')))`,
			"REVOKE TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA public FROM " + role},
	}
}

// elicitations is the only table that the gateway may access.
const elicitations = "elicitations"

// onTables returns the privileges on tables that the migrations create: functions only
// read the table of migrations, and the gateway accesses only its own table.
// Before the first migration there are no such tables, and both count as granted.
func onTables(e environment.Environment) []wanted {
	gateway := quote(e.GatewayRole())
	return []wanted{{
		"let " + e.GatewayRole() + " access the table " + elicitations + " and no other",
		`to_regclass('public.` + elicitations + `') IS NULL OR ARRAY['DELETE', 'INSERT', 'SELECT', 'UPDATE'] = (
			SELECT array_agg(CASE WHEN c.relname = '` + elicitations + `' THEN a.privilege_type ELSE c.relname || ' ' || a.privilege_type END
				ORDER BY a.privilege_type)
			FROM pg_class c, aclexplode(c.relacl) AS a WHERE a.grantee = to_regrole($3))`,
		"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM " + gateway + "; REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM " + gateway +
			"; GRANT SELECT, INSERT, UPDATE, DELETE ON public." + elicitations + " TO " + gateway,
	}, {
		"take writing to " + versions + " from " + e.Role(),
		`NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('public.` + versions + `') AND
			(has_table_privilege($2, c.oid, 'INSERT') OR has_table_privilege($2, c.oid, 'UPDATE') OR has_table_privilege($2, c.oid, 'DELETE')))`,
		"REVOKE INSERT, UPDATE, DELETE ON public." + versions + " FROM " + quote(e.Role()),
	}}
}

// lacking returns the changes for the wanted privileges that are not granted yet.
// It reads the catalog only, which any role may.
func lacking(ctx context.Context, conn *pgx.Conn, e environment.Environment, all []wanted) ([]change, error) {
	var changes []change
	for _, w := range all {
		var holds bool
		// Each condition uses some of the parameters.
		condition := `SELECT coalesce((` + w.holds + `), false) FROM (SELECT $1::text, $2::text, $3::text) AS roles`
		if err := conn.QueryRow(ctx, condition, e.Owner(), e.Role(), e.GatewayRole()).Scan(&holds); err != nil {
			return nil, fmt.Errorf("check whether to %s: %w", w.what, err)
		}
		if !holds {
			changes = append(changes, change{w.what, w.statement})
		}
	}
	return changes, nil
}

// Privileges describes the privileges of Init that the environment's database lacks.
// It is for checks with the functions' role; Init uses the same conditions as an administrator.
func Privileges(ctx context.Context, conn *pgx.Conn, e environment.Environment) ([]string, error) {
	changes, err := lacking(ctx, conn, e, append(privileges(e, e.Database()), onTables(e)...))
	var lack []string
	for _, c := range changes {
		lack = append(lack, c.what)
	}
	return lack, err
}

// foreign returns an error if another role owns tables: migrations could not change
// them. Such tables come from dumps restored by hand as a superuser.
// It names all of them at once.
func foreign(ctx context.Context, conn *pgx.Conn, e environment.Environment) error {
	rows, _ := conn.Query(ctx, `SELECT c.relname || ' of ' || pg_get_userbyid(c.relowner) FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relowner <> $1::text::regrole ORDER BY 1`, e.Owner())
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list the owners of tables: %w", err)
	}
	if len(tables) > 0 {
		return fmt.Errorf("tables belong to another role than %s: %s; run REASSIGN OWNED", e.Owner(), strings.Join(tables, ", "))
	}
	return nil
}
