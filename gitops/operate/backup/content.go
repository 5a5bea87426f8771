package backup

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Content summarizes a database in one snapshot, so that a restored copy can be
// compared with it. Equal contents mean equal rows, values, owners, privileges and
// policies, up to collisions of sums of SHA-256. It has no texts of people: a
// manifest may be read by whoever lists backups.
// Its form is part of the manifest's format: another query here makes older backups differ.
type Content struct {
	Migration int64             `json:"migration"` // newest applied version
	Tables    map[string]Table  `json:"tables"`
	Structure map[string]string `json:"structure"` // digest by kind of schema object; see structure.sql
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

// hashes digests a table's rows: this needs no sort and constant memory. Two sums of 64
// bits of each row's hash do not depend on the order of rows, and notice a row that is
// there twice, which a XOR would not. The text of a row includes every column, so a
// changed value changes the sum.
const hashes = `SELECT count(*), encode(sha256(convert_to(concat_ws(':',
		sum(('x' || encode(substring(hash FROM 1 FOR 8), 'hex'))::bit(64)::bigint::numeric),
		sum(('x' || encode(substring(hash FROM 9 FOR 8), 'hex'))::bit(64)::bigint::numeric)), 'UTF8')), 'hex')
	FROM (SELECT sha256(convert_to(each::text, 'UTF8')) AS hash FROM %s AS each) AS hashed`

//go:embed structure.sql
var structureSQL string

// Read summarizes the database. tx must be REPEATABLE READ, and its role must
// bypass row security. Its time grows with the size of the database; it reads every
// row.
// Partitioned tables are covered by their partitions, and views by their columns alone.
func Read(ctx context.Context, tx pgx.Tx) (Content, error) {
	c := Content{Tables: map[string]Table{}, Structure: map[string]string{}}
	if _, err := tx.Exec(ctx, settings); err != nil {
		return c, fmt.Errorf("prepare to read the database: %w", err)
	}
	var kind, digest string
	rows, _ := tx.Query(ctx, structureSQL)
	if _, err := pgx.ForEachRow(rows, []any{&kind, &digest}, func() error { c.Structure[kind] = digest; return nil }); err != nil {
		return c, fmt.Errorf("read the structure of the database: %w", err)
	}
	rows, _ = tx.Query(ctx, `SELECT ARRAY[n.nspname, c.relname] FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return c, fmt.Errorf("list tables: %w", err)
	}
	for _, name := range tables {
		var t Table
		if err := tx.QueryRow(ctx, fmt.Sprintf(hashes, pgx.Identifier(name).Sanitize())).Scan(&t.Rows, &t.Digest); err != nil {
			return c, fmt.Errorf("read table %s: %w", strings.Join(name, "."), err)
		}
		c.Tables[strings.Join(name, ".")] = t
	}
	if _, there := c.Tables["public.goose_db_version"]; there {
		err = tx.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM public.goose_db_version WHERE is_applied`).Scan(&c.Migration)
	}
	if err != nil {
		return c, fmt.Errorf("read applied migrations: %w", err)
	}
	return c, nil
}

// lines describes the content: a line of text for each table and kind of object.
func (c Content) lines() map[string]string {
	all := map[string]string{"migration": fmt.Sprint(c.Migration)}
	for name, t := range c.Tables {
		all["table "+name] = fmt.Sprintf("%d rows, digest %s", t.Rows, t.Digest)
	}
	maps.Copy(all, c.Structure)
	return all
}

// Differences lists, in words, how other differs from c; nil if they are equal. c
// is what is wanted. The texts name tables and kinds of objects, never values.
func (c Content) Differences(other Content) []string {
	want, got := c.lines(), other.lines()
	all := maps.Clone(want)
	maps.Copy(all, got)
	var different []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if got[name] != want[name] {
			different = append(different, fmt.Sprintf("%s: %s instead of %s", name, cmp.Or(got[name], "nothing"), cmp.Or(want[name], "nothing")))
		}
	}
	return different
}
