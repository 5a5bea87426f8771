package migration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func up(statements string) string { return "-- +goose Up\n" + statements + "\n" }

func judged(content string) []Finding {
	return Judge([]File{{Name: "00002_change.sql", Content: content}})
}

func problems(findings []Finding, severity Severity) []string {
	var problems []string
	for _, finding := range findings {
		if finding.Severity == severity {
			problems = append(problems, finding.Problem)
		}
	}
	return problems
}

func TestExpandingStatementsAreAccepted(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"a table with everything on it": up(`CREATE TABLE notes (id int PRIMARY KEY, words text NOT NULL UNIQUE CHECK (words <> ''));
			CREATE UNIQUE INDEX ON notes (words);
			ALTER TABLE notes ADD COLUMN more text NOT NULL;
			ALTER TABLE notes ALTER COLUMN more TYPE varchar(3), ALTER COLUMN more SET NOT NULL;
			ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
			CREATE POLICY mine ON notes AS RESTRICTIVE USING (true);
			DROP POLICY mine ON notes;
			INSERT INTO notes VALUES (1, 'x', 'y'); UPDATE notes SET words = 'z'; DELETE FROM notes; TRUNCATE notes;
			ALTER TABLE notes RENAME COLUMN more TO less;
			ALTER TABLE notes RENAME TO remarks;
			ALTER TABLE remarks ADD UNIQUE (less);
			DROP TABLE public.remarks;`),
		"a nullable column":                      up("ALTER TABLE slots ADD COLUMN hint text;"),
		"a column with a default":                up("ALTER TABLE slots ADD COLUMN hint text NOT NULL DEFAULT '';"),
		"a column checked by itself":             up("ALTER TABLE slots ADD COLUMN hint text CHECK (hint <> '');"),
		"a column filled":                        up("ALTER TABLE slots ADD COLUMN hint text; UPDATE slots SET hint = key;"),
		"a column added and dropped":             up("ALTER TABLE slots ADD COLUMN hint text; ALTER TABLE slots DROP COLUMN hint;"),
		"a defaulted column made not null":       up("ALTER TABLE slots ADD COLUMN hint text DEFAULT ''; ALTER TABLE slots ALTER COLUMN hint SET NOT NULL;"),
		"a new default":                          up("ALTER TABLE slots ALTER COLUMN words SET DEFAULT '';"),
		"a reference that follows deletion":      up("CREATE TABLE notes (slot int REFERENCES slots ON DELETE CASCADE, other int REFERENCES slots ON DELETE SET NULL);"),
		"a constraint validated later":           up("ALTER TABLE slots VALIDATE CONSTRAINT short;"),
		"an index built concurrently":            "-- +goose NO TRANSACTION\n" + up("CREATE INDEX CONCURRENTLY IF NOT EXISTS by_key ON slots (key);"),
		"a type, a sequence, a view, a function": up("CREATE TYPE mood AS ENUM ('a'); CREATE SEQUENCE n; CREATE VIEW v AS SELECT 1; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(); DROP VIEW v; DROP TYPE mood;"),
		"a function replaced that is new":        up("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';"),
		"rows added":                             up("INSERT INTO slots SELECT * FROM slots ON CONFLICT DO NOTHING;"),
		"a grant, a comment, a local setting":    up("GRANT SELECT ON slots TO app; COMMENT ON TABLE slots IS 'x'; SET LOCAL lock_timeout = '2s';"),
		"nothing":                                up("SELECT 1;"),
		"anything in a down migration":           up("CREATE TABLE notes ();") + "-- +goose Down\nDROP TABLE slots;\n",
		"statements marked for goose":            up("-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;\n-- +goose StatementEnd"),
		"storage and statistics":                 up("ALTER TABLE slots ALTER COLUMN words SET STATISTICS 500; ALTER TABLE slots SET (fillfactor = 70);"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, Refused(judged(content)))
		})
	}
}

func TestStatementsThatBreakThePreviousReleaseAreRefused(t *testing.T) {
	t.Parallel()
	for statement, problem := range map[string]string{
		"DROP TABLE slots;":                                                 "drops table slots",
		"DROP TABLE IF EXISTS public.slots CASCADE;":                        "drops table slots",
		"DROP VIEW latest;":                                                 "drops view latest",
		"DROP FUNCTION f(int);":                                             "drops function f",
		"DROP TYPE mood;":                                                   "drops type mood",
		"DROP INDEX conversations_opened_once;":                             "drops index conversations_opened_once",
		"DROP POLICY principal ON slots;":                                   "drops policy slots.principal",
		"DROP TRIGGER t ON slots;":                                          "drops trigger slots.t",
		"DROP SCHEMA private;":                                              "drops schema private",
		"ALTER TABLE slots DROP COLUMN words;":                              "drops column slots.words",
		"ALTER TABLE slots DROP CONSTRAINT slots_pkey;":                     "drops constraint slots_pkey of slots",
		"ALTER TABLE slots RENAME COLUMN words TO said;":                    "renames column slots.words",
		"ALTER TABLE slots RENAME TO places;":                               "renames table slots",
		"ALTER TABLE slots ALTER COLUMN words TYPE varchar(10);":            "changes the type of slots.words",
		"ALTER TABLE slots ALTER COLUMN words SET NOT NULL;":                "forbids null in slots.words",
		"ALTER TABLE slots ALTER COLUMN passed DROP DEFAULT;":               "drops the default of slots.passed",
		"ALTER TABLE slots ADD COLUMN hint text NOT NULL;":                  "adds column slots.hint as NOT NULL without a default",
		"ALTER TABLE slots ADD COLUMN hint text NOT NULL DEFAULT NULL;":     "adds column slots.hint as NOT NULL without a default",
		"ALTER TABLE slots ADD COLUMN hint text UNIQUE;":                    "adds a unique column slots.hint",
		"ALTER TABLE slots ADD COLUMN n bigserial;":                         "rewrites slots to number slots.n",
		"ALTER TABLE slots ADD COLUMN n int GENERATED ALWAYS AS IDENTITY;":  "rewrites slots to fill slots.n",
		"ALTER TABLE slots ADD COLUMN hint text CHECK (hint <> words);":     "checks slots.hint together with words",
		"ALTER TABLE slots ADD CONSTRAINT short CHECK (length(key) < 9);":   "adds constraint short on slots and checks every row under a lock",
		"ALTER TABLE slots ADD UNIQUE (words);":                             "adds constraint (unnamed) on slots, which forbids rows the previous release may write",
		"ALTER TABLE slots ENABLE ROW LEVEL SECURITY;":                      "enables row security on slots",
		"ALTER TABLE slots NO FORCE ROW LEVEL SECURITY;":                    "disables row security on slots",
		"ALTER TABLE slots OWNER TO someone;":                               "alters slots in a way that is not known to be compatible with the previous release (ChangeOwner)",
		"CREATE UNIQUE INDEX once ON slots (words);":                        "forbids equal rows in slots by unique index once",
		"CREATE INDEX by_key ON slots (key);":                               "blocks writes to slots while it builds index by_key",
		"CREATE INDEX CONCURRENTLY by_key ON slots (key);":                  "CREATE INDEX CONCURRENTLY fails inside a transaction",
		"CREATE TABLE IF NOT EXISTS slots (); DROP TABLE slots;":            "drops table slots",
		"CREATE TABLE notes (slot int REFERENCES slots);":                   "rows of notes block deletes from slots",
		"TRUNCATE slots;":                                                   "truncates slots",
		"DELETE FROM slots;":                                                "deletes rows of slots",
		"UPDATE slots SET words = '';":                                      "changes values of slots.words",
		"WITH gone AS (DELETE FROM slots RETURNING 1) SELECT 1;":            "deletes rows of slots",
		"INSERT INTO slots VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1;": "overwrites rows of slots",
		"REVOKE SELECT ON slots FROM app;":                                  "revokes privileges",
		"REVOKE app FROM someone;":                                          "revokes a role",
		"CREATE POLICY mine ON slots AS RESTRICTIVE USING (true);":          "restricts slots by policy mine",
		"ALTER POLICY principal ON slots USING (false);":                    "changes policy principal of slots",
		"CREATE OR REPLACE VIEW latest AS SELECT 1;":                        "replaces view latest",
		"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS '';":    "replaces function f",
		"ALTER TYPE mood RENAME VALUE 'a' TO 'b';":                          "renames value a of mood",
		"DO $$ BEGIN EXECUTE 'DROP TABLE slots'; END $$;":                   "runs a DO block, which cannot be checked",
		"BEGIN; SELECT 1; COMMIT;":                                          "begins or ends a transaction itself",
		"LOCK TABLE slots;":                                                 "locks tables",
		"SET search_path = elsewhere;":                                      "sets search_path",
		"SET lock_timeout = '1s';":                                          "sets lock_timeout for the whole session",
		"ALTER SEQUENCE n RESTART;":                                         "`ALTER SEQUENCE n RESTART …` is not known to be compatible with the previous release",
		"SELEC 1;":                                                          "is not valid SQL",
	} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()
			found := Refused(judged(up(statement)))
			require.NotEmpty(t, found)
			assert.Equal(t, problem, found[0].Problem)
			assert.NotEmpty(t, found[0].Remedy)
			assert.Equal(t, "00002_change.sql", found[0].File)
		})
	}
}

func TestHarmlessEffectsAreNoted(t *testing.T) {
	t.Parallel()
	for statement, note := range map[string]string{
		"ALTER TABLE slots ADD CONSTRAINT short CHECK (length(key) < 9) NOT VALID;":                  "constraint short on slots also applies",
		"ALTER TABLE slots ADD FOREIGN KEY (a) REFERENCES sessions (a) ON DELETE CASCADE NOT VALID;": "constraint (unnamed) on slots also applies",
		"ALTER TABLE slots ALTER COLUMN words DROP NOT NULL;":                                        "allows null in slots.words",
		"ALTER TYPE mood ADD VALUE 'b';":                                                             "adds value b to mood",
		"CREATE TRIGGER t BEFORE INSERT ON slots EXECUTE FUNCTION f();":                              "trigger t also fires",
		"CREATE POLICY mine ON slots USING (true);":                                                  "policy mine shows more rows",
	} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()
			found := judged(up(statement))
			assert.Empty(t, Refused(found))
			require.Len(t, found, 1)
			assert.Contains(t, found[0].Problem, note)
		})
	}
}

func TestAFindingNamesTheLine(t *testing.T) {
	t.Parallel()
	found := judged("-- +goose Up\n-- about it\nCREATE TABLE a ();\n\n-- why\nDROP TABLE slots;\n-- +goose Down\n")
	require.Len(t, found, 1)
	assert.Equal(t, 6, found[0].Line)
	assert.True(t, strings.HasPrefix(found[0].String(), "00002_change.sql:6: drops table slots: "), found[0].String())
}

func TestAContractionWithAReasonIsAccepted(t *testing.T) {
	t.Parallel()
	found := judged("-- release: contract nothing reads words since 1.4\n" + up("ALTER TABLE slots DROP COLUMN words;"))
	assert.Empty(t, Refused(found))
	require.Len(t, found, 1)
	assert.Equal(t, Accepted, found[0].Severity)
	assert.Contains(t, found[0].Remedy, "nothing reads words since 1.4")

	assert.Equal(t, []string{"is marked as contracting without a reason"}, problems(judged("-- release: contract\n"+up("DROP TABLE slots;")), Refusal))
	assert.Contains(t, problems(judged("-- release: contract because\n"+up("CREATE TABLE a ();")), Note)[0], "only expands")
}

func TestAnInvalidMigrationFileIsRefused(t *testing.T) {
	t.Parallel()
	for content, problem := range map[string]string{
		"CREATE TABLE a ();":                                                       `has no line "-- +goose Up"`,
		up("SELECT 1;") + up("SELECT 2;"):                                          `has more than one "-- +goose Up"`,
		"-- +goose Up\n-- +goose ENVSUB ON\nDROP TABLE ${TABLE};":                  "uses environment variables (ENVSUB)",
		"-- +goose NO TRANSACTION\n" + up("CREATE TABLE a (); CREATE TABLE b ();"): "runs several statements with NO TRANSACTION",
	} {
		assert.Equal(t, []string{problem}, problems(judged(content), Refusal))
	}
}

func TestAUniqueIndexOnANewNullableColumnIsAccepted(t *testing.T) {
	t.Parallel()
	files := func(column, index string) []File {
		return []File{
			{Name: "00002_column.sql", Content: up("ALTER TABLE slots ADD COLUMN " + column + ";")},
			{Name: "00003_index.sql", Content: "-- +goose NO TRANSACTION\n" + up("CREATE UNIQUE INDEX CONCURRENTLY once ON slots (key, hint)"+index+";")},
		}
	}
	assert.Empty(t, Refused(Judge(files("hint text", ""))))
	assert.NotEmpty(t, Refused(Judge(files("hint text DEFAULT ''", ""))))
	assert.NotEmpty(t, Refused(Judge(files("hint text", " NULLS NOT DISTINCT"))))
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
		files = append(files, File{Name: filepath.Base(name), Content: string(content)})
	}
	compared := Compare(nil, files, nil)
	assert.Empty(t, Refused(compared.Findings))
	assert.Len(t, compared.Added, len(files))
}
