package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Content summarizes a database in one snapshot, so that a restored copy can be
// compared with it. Equal contents mean equal rows, values, owners, privileges and
// policies, up to collisions of sums of SHA-256. It has no texts of people: a
// manifest may be read by whoever lists backups.
// Its form is part of the manifest's format: another query here makes older backups differ.
type Content struct {
	Migration int64            `json:"migration"` // newest applied version
	Tables    map[string]Table `json:"tables"`
	// Structure maps each kind of schema object (columns, owners, privileges, row
	// security, policies, constraints, indexes) to a digest of its definitions.
	Structure map[string]string `json:"structure"`
}

// Table summarizes a table. The digest does not depend on the order of rows.
type Table struct {
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"`
}

// settings make the text of a row independent of the server's defaults, so that the
// same rows have the same digest on another server and version. row_security = off makes
// a query fail, not return fewer rows, if a policy would apply.
const settings = `SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC';
	SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off;
	SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`

// Read summarizes the database. tx must be REPEATABLE READ, and its role must
// bypass row security. Its time grows with the size of the database; it reads every
// row.
// Partitioned tables are covered by their partitions, and views by their columns alone.
func Read(ctx context.Context, tx pgx.Tx) (Content, error) {
	c := Content{Tables: map[string]Table{}, Structure: map[string]string{}}
	if _, err := tx.Exec(ctx, settings); err != nil {
		return c, fmt.Errorf("prepare to read the database: %w", err)
	}
	rows, _ := tx.Query(ctx, `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' ORDER BY 1, 2`)
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (pgx.Identifier, error) {
		name := make(pgx.Identifier, 2)
		return name, row.Scan(&name[0], &name[1])
	})
	if err != nil {
		return c, fmt.Errorf("list tables: %w", err)
	}
	for _, name := range tables {
		if c.Tables[strings.Join(name, ".")], err = readTable(ctx, tx, name); err != nil {
			return c, err
		}
	}
	for kind, query := range structure {
		if c.Structure[kind], err = digestLines(ctx, tx, query); err != nil {
			return c, fmt.Errorf("read %s: %w", kind, err)
		}
	}
	if _, there := c.Tables["public.goose_db_version"]; there {
		err = tx.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM public.goose_db_version WHERE is_applied`).Scan(&c.Migration)
	}
	if err != nil {
		return c, fmt.Errorf("read applied migrations: %w", err)
	}
	return c, nil
}

// readTable adds up the rows' hashes: this needs no sort and constant memory. Two
// sums of 64 bits of each row's hash do not depend on the order of rows, and notice
// a row that is there twice, which a XOR would not.
//
// The text of a row includes every column, so a changed value changes the sum.
func readTable(ctx context.Context, tx pgx.Tx, name pgx.Identifier) (Table, error) {
	const part = `sum(('x' || encode(substring(hash FROM %d FOR 8), 'hex'))::bit(64)::bigint::numeric)`
	query := fmt.Sprintf(`SELECT count(*), concat_ws(':', %s, %s) FROM (SELECT sha256(convert_to(each::text, 'UTF8')) AS hash FROM %s AS each) AS hashed`,
		fmt.Sprintf(part, 1), fmt.Sprintf(part, 9), name.Sanitize())
	var t Table
	var sums string
	if err := tx.QueryRow(ctx, query).Scan(&t.Rows, &sums); err != nil {
		return t, fmt.Errorf("read table %s: %w", strings.Join(name, "."), err)
	}
	t.Digest = digest(sums)
	return t, nil
}

// userSchemas leaves out PostgreSQL's own, which differ from version to version.
const userSchemas = `n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'`

// structure holds a query for each kind of schema object; each returns lines of
// text. Names and definitions are compared by the text that PostgreSQL prints.
// Indexes and constraints are compared by name and validity: their definitions are
// printed differently by other versions.
var structure = map[string]string{
	"columns": `SELECT format('%s.%s.%s %s %s %s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity)
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND ` + userSchemas,
	"owners": `SELECT format('%s %s.%s %s', c.relkind, n.nspname, c.relname, pg_get_userbyid(c.relowner))
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND ` + userSchemas,
	"row security": `SELECT format('%s.%s %s %s', n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND ` + userSchemas,
	"policies": `SELECT format('%s.%s %s %s %s %s %s %s', schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check) FROM pg_policies`,
	// Owners' own privileges are left out: newer servers have more of them.
	"privileges": `SELECT format('%s.%s %s %s', n.nspname, c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND a.grantee <> c.relowner AND ` + userSchemas + `
		UNION ALL SELECT format('schema %s %s %s', n.nspname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type)
		FROM pg_namespace n, aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> n.nspowner AND ` + userSchemas + `
		UNION ALL SELECT format('default %s %s %s %s', pg_get_userbyid(d.defaclrole), d.defaclobjtype, coalesce(r.rolname, 'PUBLIC'), a.privilege_type)
		FROM pg_default_acl d, aclexplode(d.defaclacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> d.defaclrole`,
	"constraints": `SELECT format('%s %s %s %s', c.conrelid::regclass, c.conname, c.contype, c.convalidated)
		FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.contype IN ('p', 'u', 'f', 'c', 'x') AND ` + userSchemas,
	"indexes": `SELECT format('%s.%s %s %s', n.nspname, c.relname, i.indisunique, i.indisvalid)
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ` + userSchemas,
}

// digestLines is the digest of a query's lines in the order of bytes, whatever the
// collation of the database.
// The query is this package's own and is not quoted.
func digestLines(ctx context.Context, tx pgx.Tx, query string) (string, error) {
	var lines string
	err := tx.QueryRow(ctx, `SELECT coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), '') FROM (`+query+`) AS lines (line)`).Scan(&lines)
	return digest(lines), err
}

// digest is SHA-256 in hexadecimal. It stands for content in manifests, which must not
// tell what people said.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
