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
		"a default of this moment":               up("ALTER TABLE slots ADD COLUMN at timestamptz NOT NULL DEFAULT now(), ADD COLUMN owner text DEFAULT current_setting('app.principal');"),
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
	for statement, remedy := range map[string]string{
		"DROP TABLE slots;":                                                 "contract in a later release",
		"DROP TABLE IF EXISTS public.slots CASCADE;":                        "contract in a later release",
		"DROP VIEW latest;":                                                 "contract in a later release",
		"DROP FUNCTION f(int);":                                             "contract in a later release",
		"DROP TYPE mood;":                                                   "contract in a later release",
		"DROP INDEX conversations_opened_once;":                             "contract in a later release",
		"DROP POLICY principal ON slots;":                                   "contract in a later release",
		"DROP TRIGGER t ON slots;":                                          "contract in a later release",
		"DROP SCHEMA private;":                                              "contract in a later release",
		"ALTER TABLE slots DROP COLUMN words;":                              "contract in a later release",
		"ALTER TABLE slots DROP CONSTRAINT slots_pkey;":                     "contract in a later release",
		"ALTER TABLE slots RENAME COLUMN words TO said;":                    "contract in a later release",
		"ALTER TABLE slots RENAME TO places;":                               "contract in a later release",
		"ALTER TABLE slots ALTER COLUMN words TYPE varchar(10);":            "contract in a later release",
		"ALTER TABLE slots ALTER COLUMN words SET NOT NULL;":                "contract in a later release",
		"ALTER TABLE slots ALTER COLUMN passed DROP DEFAULT;":               "contract in a later release",
		"ALTER TABLE slots ADD COLUMN hint text NOT NULL;":                  "give a default",
		"ALTER TABLE slots ADD COLUMN hint text NOT NULL DEFAULT NULL;":     "give a default",
		"ALTER TABLE slots ADD COLUMN id uuid DEFAULT gen_random_uuid();":   "fill the column in small steps",
		"ALTER TABLE slots ADD COLUMN hint text UNIQUE;":                    "add the column empty",
		"ALTER TABLE slots ADD COLUMN n bigserial;":                         "no serial type",
		"ALTER TABLE slots ADD COLUMN n int GENERATED ALWAYS AS IDENTITY;":  "add the column empty",
		"ALTER TABLE slots ADD COLUMN hint text CHECK (hint <> words);":     "check the new column alone",
		"ALTER TABLE slots ADD CONSTRAINT short CHECK (length(key) < 9);":   "NOT VALID",
		"ALTER TABLE slots ADD UNIQUE (words);":                             "contract in a later release",
		"ALTER TABLE slots ENABLE ROW LEVEL SECURITY;":                      "contract in a later release",
		"ALTER TABLE slots NO FORCE ROW LEVEL SECURITY;":                    "contract in a later release",
		"ALTER TABLE slots OWNER TO someone;":                               "contract in a later release",
		"CREATE UNIQUE INDEX once ON slots (words);":                        "contract in a later release",
		"CREATE INDEX by_key ON slots (key);":                               "CREATE INDEX CONCURRENTLY",
		"CREATE INDEX CONCURRENTLY by_key ON slots (key);":                  "CREATE INDEX CONCURRENTLY",
		"CREATE TABLE IF NOT EXISTS slots (); DROP TABLE slots;":            "contract in a later release",
		"CREATE TABLE notes (slot int REFERENCES slots);":                   "ON DELETE CASCADE",
		"TRUNCATE slots;":                                                   "contract in a later release",
		"DELETE FROM slots;":                                                "contract in a later release",
		"UPDATE slots SET words = '';":                                      "fill a new column",
		"WITH gone AS (DELETE FROM slots RETURNING 1) SELECT 1;":            "contract in a later release",
		"INSERT INTO slots VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1;": "ON CONFLICT DO NOTHING",
		"REVOKE SELECT ON slots FROM app;":                                  "contract in a later release",
		"REVOKE app FROM someone;":                                          "contract in a later release",
		"CREATE POLICY mine ON slots AS RESTRICTIVE USING (true);":          "contract in a later release",
		"ALTER POLICY principal ON slots USING (false);":                    "contract in a later release",
		"CREATE OR REPLACE VIEW latest AS SELECT 1;":                        "without OR REPLACE",
		"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS '';":    "without OR REPLACE",
		"ALTER TYPE mood RENAME VALUE 'a' TO 'b';":                          "contract in a later release",
		"DO $$ BEGIN EXECUTE 'DROP TABLE slots'; END $$;":                   "write the statements of the DO block out",
		"BEGIN; SELECT 1; COMMIT;":                                          "remove it",
		"LOCK TABLE slots;":                                                 "remove it",
		"SET search_path = elsewhere;":                                      "SET LOCAL",
		"SET lock_timeout = '1s';":                                          "SET LOCAL",
		"ALTER SEQUENCE n RESTART;":                                         "contract in a later release",
	} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()
			found := Refused(judged(up(statement)))
			require.NotEmpty(t, found)
			assert.Regexp(t, "^[A-Z]{2,} .* may break the previous release$|^BEGIN may", found[0].Problem)
			assert.Contains(t, found[0].Remedy, remedy)
			assert.Equal(t, "00002_change.sql", found[0].File)
		})
	}
}

func TestHarmlessEffectsAreNoted(t *testing.T) {
	t.Parallel()
	for statement, note := range map[string]string{
		"ALTER TABLE slots ADD CONSTRAINT short CHECK (length(key) < 9) NOT VALID;":                  "the previous release's writes must already satisfy it",
		"ALTER TABLE slots ADD FOREIGN KEY (a) REFERENCES sessions (a) ON DELETE CASCADE NOT VALID;": "the previous release's writes must already satisfy it",
		"ALTER TABLE slots ALTER COLUMN words DROP NOT NULL;":                                        "the previous release must be able to read null",
		"ALTER TYPE mood ADD VALUE 'b';":                                                             "the previous release must be able to read the new value",
		"CREATE TRIGGER t BEFORE INSERT ON slots EXECUTE FUNCTION f();":                              "it also fires on the previous release's writes, and must not make them fail",
		"CREATE POLICY mine ON slots USING (true);":                                                  "it shows more rows to the previous release too",
	} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()
			found := judged(up(statement))
			assert.Empty(t, Refused(found))
			require.Len(t, found, 1)
			assert.Equal(t, strings.TrimSuffix(statement, ";")+": "+note, found[0].Problem)
		})
	}
}

func TestAFindingNamesTheLine(t *testing.T) {
	t.Parallel()
	found := judged("-- +goose Up\n-- about it\nCREATE TABLE a ();\n\n-- why\nDROP TABLE slots;\n-- +goose Down\n")
	require.Len(t, found, 1)
	assert.Equal(t, 6, found[0].Line)
	assert.True(t, strings.HasPrefix(found[0].String(), "00002_change.sql:6: DROP TABLE slots may break the previous release: "), found[0].String())
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
		up("SELEC 1;"): "is not valid SQL",
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
