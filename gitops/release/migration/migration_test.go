package migration

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func up(statements string) string { return "-- +goose Up\n" + statements + "\n" }

func table(name, table string) File { return File{name, up("CREATE TABLE " + table + " ();")} }

// judged returns the findings about a migration that follows the released ones.
func judged(content string) []Finding {
	return Compare(nil, []File{{"00002_change.sql", content}}, nil).Findings
}

func problems(findings []Finding) (problems []string) {
	for _, finding := range findings {
		problems = append(problems, finding.Problem)
	}
	return problems
}

func TestExpandingStatementsAreAccepted(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"a table with everything on it": up(`CREATE TABLE notes (id int PRIMARY KEY, words text NOT NULL UNIQUE CHECK (words <> ''), above int REFERENCES notes);
			CREATE UNIQUE INDEX ON notes (words);
			ALTER TABLE notes ADD COLUMN more text NOT NULL;
			ALTER TABLE notes ALTER COLUMN more TYPE varchar(3), ALTER COLUMN more SET NOT NULL, ADD UNIQUE (more);
			ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
			CREATE POLICY mine ON notes AS RESTRICTIVE USING (true);
			CREATE TRIGGER t BEFORE INSERT ON notes EXECUTE FUNCTION f();
			DROP POLICY mine ON notes;
			INSERT INTO notes VALUES (1, 'x', 'y'); UPDATE notes SET words = 'z'; DELETE FROM notes;
			ALTER TABLE notes RENAME COLUMN more TO less;
			DROP TABLE public.notes;`),
		"a nullable column":                      up("ALTER TABLE slots ADD COLUMN hint text;"),
		"a column with a default":                up("ALTER TABLE slots ADD COLUMN hint text NOT NULL DEFAULT '';"),
		"rows shown":                             up("CREATE POLICY relay ON slots USING (true);"),
		"a column checked":                       up("ALTER TABLE slots ADD COLUMN hint text CHECK (hint <> '');"),
		"a column filled":                        up("ALTER TABLE slots ADD COLUMN hint text; UPDATE slots SET hint = key;"),
		"a column added and dropped":             up("ALTER TABLE slots ADD COLUMN hint text; ALTER TABLE slots DROP COLUMN hint;"),
		"a default of this moment":               up("ALTER TABLE slots ADD COLUMN at timestamptz NOT NULL DEFAULT now(), ADD COLUMN owner text DEFAULT current_setting('app.principal');"),
		"a new default, and null":                up("ALTER TABLE slots ALTER COLUMN words SET DEFAULT '', ALTER COLUMN words DROP NOT NULL;"),
		"a reference that follows deletion":      up("CREATE TABLE notes (slot int REFERENCES slots ON DELETE CASCADE, other int REFERENCES slots ON DELETE SET NULL);"),
		"a constraint validated later":           up("ALTER TABLE slots ADD CONSTRAINT short CHECK (length(key) < 9) NOT VALID; ALTER TABLE slots VALIDATE CONSTRAINT short;"),
		"an index built concurrently":            "-- +goose NO TRANSACTION\n" + up("CREATE INDEX CONCURRENTLY IF NOT EXISTS by_key ON slots (key);"),
		"a type, a sequence, a view, a function": up("CREATE TYPE mood AS ENUM ('a'); ALTER TYPE mood ADD VALUE 'b'; CREATE SEQUENCE n; CREATE VIEW v AS SELECT 1; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"),
		"rows added":                             up("INSERT INTO slots SELECT * FROM slots ON CONFLICT DO NOTHING;"),
		"a grant, a comment, a local setting":    up("GRANT SELECT ON slots TO app; COMMENT ON TABLE slots IS 'x'; SET LOCAL lock_timeout = '2s';"),
		"nothing":                                up("SELECT 1;"),
		"anything in a down migration":           up("CREATE TABLE notes ();") + "-- +goose Down\nDROP TABLE slots;\n",
		"statements marked for goose":            up("-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;\n-- +goose StatementEnd"),
		"storage and statistics":                 up("ALTER TABLE slots ALTER COLUMN words SET STATISTICS 500; ALTER TABLE slots SET (fillfactor = 70);"),
	} {
		assert.Empty(t, judged(content), name)
	}
}

func TestStatementsThatBreakThePreviousReleaseAreRefused(t *testing.T) {
	t.Parallel()
	for remedy, statements := range map[string][]string{
		contracts: {
			"DROP TABLE slots;", "DROP TABLE IF EXISTS public.slots CASCADE;", "DROP VIEW latest;", "DROP FUNCTION f(int);", "DROP TYPE mood;",
			"DROP INDEX conversations_opened_once;", "DROP POLICY principal ON slots;", "DROP TRIGGER t ON slots;", "DROP SCHEMA private;",
			"CREATE TABLE IF NOT EXISTS slots (); DROP TABLE slots;",
			"ALTER TABLE slots DROP COLUMN words;", "ALTER TABLE slots DROP CONSTRAINT slots_pkey;", "ALTER TABLE slots RENAME COLUMN words TO said;",
			"ALTER TABLE slots RENAME TO places;", "ALTER TABLE slots ALTER COLUMN words TYPE varchar(10);",
			"ALTER TABLE slots ALTER COLUMN words SET NOT NULL;", "ALTER TABLE slots ALTER COLUMN passed DROP DEFAULT;",
			"ALTER TABLE slots ADD UNIQUE (words);", "ALTER TABLE slots ENABLE ROW LEVEL SECURITY;", "ALTER TABLE slots NO FORCE ROW LEVEL SECURITY;",
			"ALTER TABLE slots OWNER TO someone;", "CREATE UNIQUE INDEX once ON slots (words);", "TRUNCATE slots;", "DELETE FROM slots;",
			"WITH gone AS (DELETE FROM slots RETURNING 1) SELECT 1;", "REVOKE SELECT ON slots FROM app;", "REVOKE app FROM someone;",
			"CREATE POLICY mine ON slots AS RESTRICTIVE USING (true);", "ALTER POLICY principal ON slots USING (false);",
			"CREATE TRIGGER t BEFORE INSERT ON slots EXECUTE FUNCTION f();", "CREATE RULE r AS ON INSERT TO slots DO INSTEAD NOTHING;",
			"ALTER TYPE mood RENAME VALUE 'a' TO 'b';", "ALTER SEQUENCE n RESTART;",
			"DO $$ BEGIN EXECUTE 'DROP TABLE slots'; END $$;", "BEGIN;", "LOCK TABLE slots;",
		},
		required:  {"ALTER TABLE slots ADD COLUMN hint text NOT NULL;", "ALTER TABLE slots ADD COLUMN hint text NOT NULL DEFAULT NULL;", "ALTER TABLE slots ADD COLUMN n bigserial;"},
		rewrites:  {"ALTER TABLE slots ADD COLUMN id uuid DEFAULT gen_random_uuid();"},
		fills:     {"ALTER TABLE slots ADD COLUMN hint text UNIQUE;", "ALTER TABLE slots ADD COLUMN n int GENERATED ALWAYS AS IDENTITY;"},
		validates: {"ALTER TABLE slots ADD CONSTRAINT short CHECK (length(key) < 9);"},
		waits:     {"CREATE INDEX by_key ON slots (key);", "CREATE INDEX CONCURRENTLY by_key ON slots (key);"},
		deletion:  {"CREATE TABLE notes (slot int REFERENCES slots);", "ALTER TABLE slots ADD FOREIGN KEY (a) REFERENCES sessions (a) NOT VALID;"},
		values:    {"UPDATE slots SET words = '';", "ALTER TABLE slots ADD COLUMN hint text; UPDATE slots SET hint = '', words = '';"},
		overwrite: {"INSERT INTO slots VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1;"},
		inPlace:   {"CREATE OR REPLACE VIEW latest AS SELECT 1;", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS '';"},
		settings:  {"SET LOCAL search_path = elsewhere;", "SET lock_timeout = '1s';"},
	} {
		for _, statement := range statements {
			found := judged(up(statement))
			if assert.Len(t, found, 1, statement) {
				assert.Equal(t, Refusal, found[0].Severity)
				assert.Regexp(t, "^[A-Z]{2,}.* may break the previous release$", found[0].Problem)
				assert.Equal(t, remedy, found[0].Remedy, statement)
			}
		}
	}
}

func TestAFindingNamesTheLine(t *testing.T) {
	t.Parallel()
	found := judged("-- +goose Up\n-- about it\nCREATE TABLE a ();\n\n-- why\nDROP TABLE slots;\n-- +goose Down\n")
	require.Len(t, found, 1)
	assert.Equal(t, "00002_change.sql:6: DROP TABLE slots may break the previous release: "+contracts, found[0].String())
}

func TestAContractionWithAReasonIsAccepted(t *testing.T) {
	t.Parallel()
	found := judged("-- release: contract nothing reads words since 1.4\n" + up("ALTER TABLE slots DROP COLUMN words;"))
	assert.Equal(t, []Finding{{"00002_change.sql", 3, Accepted, "ALTER TABLE slots DROP COLUMN words", "accepted because: nothing reads words since 1.4"}}, found)
}

func TestAMigrationThatCannotBeJudgedIsRefused(t *testing.T) {
	t.Parallel()
	for content, problem := range map[string]string{
		"-- release: contract\n" + up("DROP TABLE slots;"):                         "is marked as contracting without a reason",
		"-- +goose Up\n-- +goose ENVSUB ON\nDROP TABLE ${TABLE};":                  "uses environment variables (ENVSUB)",
		"-- +goose NO TRANSACTION\n" + up("CREATE TABLE a (); CREATE TABLE b ();"): "runs several statements with NO TRANSACTION",
		up("SELEC 1;"): "is not valid SQL",
	} {
		assert.Equal(t, []string{problem}, problems(judged(content)))
	}
}

func TestReleasedMigrationsMustNotChange(t *testing.T) {
	t.Parallel()
	first, second, third := table("00001_first.sql", "first"), table("00002_second.sql", "second"), table("00003_third.sql", "third")
	for name, c := range map[string]struct {
		candidate []File
		withdrawn []Withdrawn
		problems  []string
	}{
		"unchanged":            {candidate: []File{first, second}},
		"one added":            {candidate: []File{first, second, third}},
		"a gap":                {candidate: []File{first, second, table("00010_third.sql", "third")}},
		"edited":               {candidate: []File{first, table("00002_second.sql", "other")}, problems: []string{"was released and is changed"}},
		"removed":              {candidate: []File{second}, problems: []string{"was released and is missing"}},
		"renumbered":           {candidate: []File{first, table("00003_second.sql", "second")}, problems: []string{"was released and is missing"}},
		"inserted before":      {candidate: []File{first, second, table("00000002_late.sql", "late")}, problems: []string{"has the number of 00000002_late.sql", "comes before the last released migration, 2"}},
		"two of one number":    {candidate: []File{first, second, third, table("00003_other.sql", "other")}, problems: []string{"has the number of 00003_other.sql"}},
		"without a number":     {candidate: []File{first, second, table("third.sql", "third")}, problems: []string{"cannot be ordered"}},
		"numbered zero":        {candidate: []File{first, second, table("00000_third.sql", "third")}, problems: []string{"cannot be ordered"}},
		"a number too large":   {candidate: []File{first, second, table("99999999999999999999_third.sql", "third")}, problems: []string{"cannot be ordered"}},
		"removed and changed":  {candidate: []File{first, second, third}, withdrawn: []Withdrawn{{table("00003_third.sql", "draft"), "abc1234"}}, problems: []string{"has the number of 00003_third.sql, which was released and removed by abc1234"}},
		"removed and restored": {candidate: []File{first, second, third}, withdrawn: []Withdrawn{{third, "abc1234"}}},
		"removed and left out": {candidate: []File{first, second}, withdrawn: []Withdrawn{{third, "abc1234"}}},
	} {
		assert.ElementsMatch(t, c.problems, problems(Compare([]File{first, second}, c.candidate, c.withdrawn).Findings), name)
	}
}

func TestAddedMigrationsAreJudgedInTheOrderTheyRun(t *testing.T) {
	t.Parallel()
	first, second := table("2_a.sql", "a"), File{"00010_b.sql", up("DROP TABLE a;")}
	compared := Compare(nil, []File{second, first}, nil)
	assert.Equal(t, []File{first, second}, compared.Added)
	assert.Empty(t, compared.Findings, "no release has seen the table")
	assert.Len(t, Compare([]File{first}, []File{first, second}, nil).Findings, 1)
}

func TestTheProjectsMigrationsOnlyExpand(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../../../migrations/*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	var files []File
	for _, name := range names {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		files = append(files, File{filepath.Base(name), string(content)})
	}
	for i := range files { // each after the release of those before it
		for _, finding := range Compare(files[:i], files[:i+1], nil).Findings {
			assert.Equal(t, Accepted, finding.Severity, finding.String())
		}
	}
}
