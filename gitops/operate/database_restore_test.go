package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/backup"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// told is what two principals' conversations say, as the tools report it.
func told(w *world, s *conversation.Service, ids map[string]string) map[string]conversation.Report {
	reports := map[string]conversation.Report{}
	for who, id := range ids {
		reports[who] = report(w.t, principal.With(w.t.Context(), who), s, id)
	}
	return reports
}

// rows is every row of every table, in order.
func rows(w *world, database string) map[string]string {
	tables := query[[]string](w, database, `SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`)
	all := map[string]string{}
	for _, table := range tables {
		all[table] = query[string](w, database, `SELECT coalesce(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C"), '') FROM `+pgx.Identifier{table}.Sanitize()+` AS t`)
	}
	return all
}

func (w *world) folder() string { return strings.TrimPrefix(w.variables["BACKUP_URL"], "file://") }

func TestWhatWasDestroyedComesBackValueByValue(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	s := w.service("prod")
	unfinished := open(t, principal.With(t.Context(), "ann"), s, "Book a trip")
	finished := answer(t, principal.With(t.Context(), "bob"), s, open(t, principal.With(t.Context(), "bob"), s, "Book another trip – ‘größer’"))
	ids := map[string]string{"ann": unfinished.ConversationID, "bob": finished.ConversationID}
	wantTold, wantRows := told(w, s, ids), rows(w, "sq_prod")
	w.must("database", "backup", "prod")

	later := open(t, principal.With(t.Context(), "cleo"), s, "Written after the backup")
	w.exec("sq_prod", "DROP TABLE answers CASCADE", "DELETE FROM conversations", "DROP POLICY principal ON sessions")

	out, _, err := w.run("database", "restore", "prod", "latest", "--yes")
	require.NoError(t, err)
	assert.Contains(t, out, "operate memory rebuild prod")
	assert.Equal(t, wantRows, rows(w, "sq_prod"))
	assert.Equal(t, wantTold, told(w, s, ids), "through the service that was connected all the while")

	// The conversation goes on where it was, and what came later is gone.
	turn := answer(t, principal.With(t.Context(), "ann"), s, func() conversation.Turn {
		turn, err := s.Ask(principal.With(t.Context(), "ann"), conversation.AskInput{Context: "Book a trip", ConversationID: unfinished.ConversationID})
		require.NoError(t, err)
		return turn
	}())
	assert.True(t, turn.Metadata.Complete)
	assert.Equal(t, tripValues, report(t, principal.With(t.Context(), "ann"), s, turn.ConversationID).Values)
	_, err = s.Report(principal.With(t.Context(), "cleo"), conversation.ReportInput{ConversationID: later.ConversationID})
	require.ErrorContains(t, err, "there is no conversation")
	// Nothing is left of the damage: init finds nothing to do.
	assert.Contains(t, w.must("database", "init", "prod"), "nothing was to be done")
}

func TestARestoreIsUndoneBySwitchingBack(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	s := w.service("prod")
	open(t, t.Context(), s, "Book a trip")
	w.must("database", "backup", "prod")
	open(t, t.Context(), s, "Book another trip")
	later := rows(w, "sq_prod")
	w.must("database", "restore", "prod", "latest", "--yes")
	require.NotEqual(t, later, rows(w, "sq_prod"))

	before := query[string](w, "postgres", `SELECT datname FROM pg_database WHERE datname LIKE 'sq\_prod\_before\_%'`)
	assert.Regexp(t, before+` +served`, w.must("database", "list", "prod"))
	w.must("database", "switch", "prod", before, "--yes")
	assert.Equal(t, later, rows(w, "sq_prod"))
	open(t, t.Context(), s, "Book a third trip")
}

func TestARestoreOfAnOlderBackupGivesTheGatewaysRoleItsTable(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	w.exec("sq_prod", "REVOKE ALL ON elicitations FROM sq_prod_gateway", "REVOKE ALL ON SCHEMA public FROM sq_prod_gateway")
	w.must("database", "backup", "prod")
	w.must("database", "restore", "prod", "latest", "--yes")
	theGatewaysRoleReachesItsTableAlone(t, w)
	assert.Contains(t, w.must("database", "init", "prod"), "nothing was to be done")
}

func TestARestoreWithoutSwitchLeavesWhatServesAlone(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	s := w.service("prod")
	open(t, t.Context(), s, "Book a trip")
	backedUp := rows(w, "sq_prod")
	w.must("database", "backup", "prod")
	open(t, t.Context(), s, "Book another trip")
	serving := rows(w, "sq_prod")

	out := w.must("database", "restore", "prod", "latest", "--no-switch")
	assert.Equal(t, serving, rows(w, "sq_prod"))
	made := query[string](w, "postgres", `SELECT datname FROM pg_database WHERE datname ~ '^sq_prod_\d'`)
	assert.Contains(t, out, "operate database switch prod "+made)
	assert.Equal(t, backedUp, rows(w, made))
	w.must("database", "switch", "prod", made, "--yes")
	assert.Equal(t, backedUp, rows(w, "sq_prod"))
}

func TestARestoreTakesTheNewestBackupThatIsNotLater(t *testing.T) {
	t.Parallel()
	w := initialised(t, "dev")
	s := w.service("dev")
	open(t, t.Context(), s, "First")
	first := rows(w, "sq_dev")
	w.must("database", "backup", "dev")
	time.Sleep(20 * time.Millisecond)
	between := time.Now().Format(time.RFC3339Nano)
	open(t, t.Context(), s, "Second")
	w.must("database", "backup", "dev")
	second := rows(w, "sq_dev")

	w.must("database", "restore", "dev", between)
	assert.Equal(t, first, rows(w, "sq_dev"))
	w.must("database", "restore", "dev", "latest")
	assert.Equal(t, second, rows(w, "sq_dev"))

	w.refused("there is no backup of dev from 2001-01-01T00:00:00Z or before", "database", "restore", "dev", "2001-01-01T00:00:00Z")
	w.refused("want one with its zone", "database", "restore", "dev", "2026-11-23 13:00")
}

func TestADamagedBackupIsRefused(t *testing.T) {
	t.Parallel()
	w := initialised(t, "dev")
	open(t, t.Context(), w.service("dev"), "Book a trip")
	w.must("database", "backup", "dev")
	serving := rows(w, "sq_dev")
	path := w.newest("dev", "*.dump")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for what, damaged := range map[string][]byte{
		"a bit": append(append([]byte{}, whole[:len(whole)/2]...), append([]byte{whole[len(whole)/2] ^ 1}, whole[len(whole)/2+1:]...)...),
		"cut":   whole[:len(whole)-1],
		"grown": append(append([]byte{}, whole...), 0),
	} {
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, _, err := w.run("database", "restore", "dev", "latest")
		assert.ErrorContains(t, err, "is damaged", what)
	}
	assert.Equal(t, serving, rows(w, "sq_dev"))
	assert.Equal(t, 1, query[int](w, "postgres", `SELECT count(*) FROM pg_database WHERE datname LIKE 'sq\_dev%'`), "nothing is left")
}

// newest is the file of a backup that matches.
func (w *world) newest(e, pattern string) string {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.folder(), e, pattern))
	require.NoError(w.t, err)
	require.NotEmpty(w.t, found)
	return found[len(found)-1]
}

// forge changes the newest manifest.
func (w *world) forge(e string, change func(*backup.Manifest)) {
	w.t.Helper()
	path := w.newest(e, "*.json")
	data, err := os.ReadFile(path)
	require.NoError(w.t, err)
	var m backup.Manifest
	require.NoError(w.t, json.Unmarshal(data, &m))
	change(&m)
	data, err = json.Marshal(m)
	require.NoError(w.t, err)
	require.NoError(w.t, os.WriteFile(path, data, 0o600))
}

func TestWhatWasRestoredIsHeldAgainstTheManifest(t *testing.T) {
	t.Parallel()
	w := initialised(t, "dev")
	open(t, t.Context(), w.service("dev"), "Book a trip")
	w.must("database", "backup", "dev")
	serving := rows(w, "sq_dev")
	w.forge("dev", func(m *backup.Manifest) {
		answers := m.Content.Tables["public.answers"]
		require.EqualValues(t, 2, answers.Rows)
		m.Content.Tables["public.answers"] = backup.Table{Rows: 3, Digest: answers.Digest}
		m.Content.Tables["public.questions"] = backup.Table{Rows: m.Content.Tables["public.questions"].Rows, Digest: answers.Digest}
		m.Content.Tables["public.more"] = backup.Table{}
		delete(m.Content.Tables, "public.calls")
		m.Content.Migration--
		for kind := range m.Content.Structure {
			m.Content.Structure[kind] = "0"
		}
	})
	_, _, err := w.run("database", "restore", "dev", "latest")
	for _, message := range []string{
		"2 rows in public.answers instead of 3", "other values in public.questions", "no table public.more", "a table public.calls too many", "migration",
		"other columns", "other constraints", "other indexes", "other owners", "other policies", "other privileges", "other row security",
	} {
		assert.ErrorContains(t, err, message)
	}
	assert.Equal(t, serving, rows(w, "sq_dev"))
	assert.Equal(t, 1, query[int](w, "postgres", `SELECT count(*) FROM pg_database WHERE datname LIKE 'sq\_dev%'`), "nothing is left")
}

func TestABackupThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	w := initialised(t, "dev", "prod")
	w.must("database", "backup", "dev")
	require.NoError(t, os.Rename(filepath.Join(w.folder(), "dev"), filepath.Join(w.folder(), "prod")))
	w.refused("speaks of dev/", "database", "restore", "prod", "latest", "--yes")
	w.forge("prod", func(m *backup.Manifest) { m.File = "prod" + strings.TrimPrefix(m.File, "dev") })
	w.refused("is a backup of dev, not of prod", "database", "restore", "prod", "latest", "--yes")
	w.forge("prod", func(m *backup.Manifest) { m.Environment, m.Content.Migration = "prod", 99 })
	w.refused("has migration 99", "database", "restore", "prod", "latest", "--yes")
	w.forge("prod", func(m *backup.Manifest) { m.Content.Migration, m.Major = 1, 99 })
	w.refused("the server is older", "database", "restore", "prod", "latest", "--yes")
	w.refused("there is no backup of dev", "database", "restore", "dev", "latest")
}

func TestADatabaseOfAnotherEnvironmentIsNeitherBackedUpNorReplaced(t *testing.T) {
	t.Parallel()
	w := initialised(t, "dev", "prod")
	w.must("database", "backup", "prod")
	w.exec("postgres", "ALTER DATABASE sq_prod RENAME TO aside", "ALTER DATABASE sq_dev RENAME TO sq_prod")
	const message = "database sq_prod belongs to environment dev, not prod"
	w.refused(message, "database", "backup", "prod")
	w.refused(message, "database", "restore", "prod", "latest", "--yes")
	w.refused(message, "database", "switch", "prod", "sq_prod", "--yes")
	w.exec("postgres", "COMMENT ON DATABASE sq_prod IS NULL")
	w.refused("belongs to no environment", "database", "backup", "prod")
}

func TestProdIsNotReplacedWithoutAgreementNorByTwoAtOnce(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	w.must("database", "backup", "prod")
	w.refused("add --yes", "database", "restore", "prod", "latest")
	assert.Contains(t, w.must("database", "restore", "prod", "latest", "--dry-run"), "nothing was changed")
	assert.Equal(t, 1, query[int](w, "postgres", `SELECT count(*) FROM pg_database WHERE datname LIKE 'sq\_prod%'`))

	// Two restores do not meet.
	_, err := w.connect(w.admin("postgres")).Exec(t.Context(), `SELECT pg_advisory_lock(hashtextextended('operate sq_prod', 0))`)
	require.NoError(t, err)
	w.refused("another operate works on database sq_prod", "database", "restore", "prod", "latest", "--yes")
}

func TestADatabaseThatIsGoneIsRestored(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	s := w.service("prod")
	turn := open(t, t.Context(), s, "Book a trip")
	w.must("database", "backup", "prod")
	w.exec("postgres", "DROP DATABASE sq_prod WITH (FORCE)")
	w.must("database", "restore", "prod", "latest", "--yes")
	assert.True(t, answer(t, t.Context(), s, conversation.Turn{ConversationID: turn.ConversationID, Questions: turn.Questions}).Metadata.Complete)
}

func TestARestoreIsTakenToAnotherServerOnceItsRolesAreThere(t *testing.T) {
	t.Parallel()
	from := initialised(t, "prod")
	open(t, t.Context(), from.service("prod"), "Book a trip")
	from.must("database", "backup", "prod")
	to := newWorld(t).with("BACKUP_URL", from.variables["BACKUP_URL"])
	to.refused("run operate database init prod first", "database", "restore", "prod", "latest", "--yes")
	to.must("database", "init", "prod")
	to.must("database", "restore", "prod", "latest", "--yes")
	assert.Equal(t, rows(from, "sq_prod"), rows(to, "sq_prod"))
}

func TestAnInterruptedRestoreIsRepeated(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	s := w.service("prod")
	open(t, t.Context(), s, "Book a trip")
	backedUp := rows(w, "sq_prod")
	w.must("database", "backup", "prod")
	open(t, t.Context(), s, "Book another trip")
	serving := rows(w, "sq_prod")
	// Killed at any point, a restore leaves a database that is half made, or the
	// one that serves closed.
	for n := 1; n <= 6; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*60*time.Millisecond)
		_, _, err := w.runIn(ctx, "database", "restore", "prod", "latest", "--yes", "--no-switch")
		cancel()
		if err != nil {
			assert.Equal(t, serving, rows(w, "sq_prod"))
		}
	}
	w.exec("postgres", "CREATE DATABASE sq_prod_20010101t000000 OWNER sq_prod_owner", "CREATE DATABASE sq_prod_20020202t000000",
		"COMMENT ON DATABASE sq_prod_20020202t000000 IS 'Sequential Questioning, environment prod, restoring'",
		"ALTER DATABASE sq_prod ALLOW_CONNECTIONS false")
	w.refused("cannot be switched to", "database", "switch", "prod", "sq_prod_20020202t000000", "--yes")
	w.must("database", "restore", "prod", "latest", "--yes")
	assert.Equal(t, backedUp, rows(w, "sq_prod"))
	assert.Zero(t, query[int](w, "postgres", `SELECT count(*) FROM pg_database WHERE datname LIKE 'sq\_prod\_200%'`), "what was half made is gone")
}

func TestASwitchThatFailsLeavesWhatServes(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	s := w.service("prod")
	open(t, t.Context(), s, "Book a trip")
	w.must("database", "backup", "prod")
	serving := rows(w, "sq_prod")
	w.must("database", "restore", "prod", "latest", "--no-switch")
	made := query[string](w, "postgres", `SELECT datname FROM pg_database WHERE datname ~ '^sq_prod_\d'`)
	// Whoever works on the new database holds up the second of the two renames.
	conn := w.connect(w.admin("postgres"))
	_, err := conn.Exec(t.Context(), "BEGIN; COMMENT ON DATABASE "+made+" IS 'looked at'")
	require.NoError(t, err)
	w.refused("lock timeout", "database", "switch", "prod", made, "--yes")
	assert.Equal(t, serving, rows(w, "sq_prod"))
	open(t, t.Context(), s, "It serves")
	_, err = conn.Exec(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	w.must("database", "switch", "prod", made, "--yes")
	assert.Equal(t, serving, rows(w, "sq_prod"))
}

func TestOnlyWholeBackupsAreListed(t *testing.T) {
	t.Parallel()
	w := initialised(t, "dev")
	open(t, t.Context(), w.service("dev"), "Book a trip")
	for n := 1; n <= 5; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*20*time.Millisecond)
		_, _, err := w.runIn(ctx, "database", "backup", "dev")
		cancel()
		if err != nil {
			manifests, _ := filepath.Glob(filepath.Join(w.folder(), "dev", "*.json"))
			require.Empty(t, manifests)
		}
	}
	// A dump without its manifest, and a manifest without its dump.
	w.must("database", "backup", "dev")
	time.Sleep(2 * time.Millisecond)
	w.must("database", "backup", "dev")
	dumps, err := filepath.Glob(filepath.Join(w.folder(), "dev", "*.dump"))
	require.NoError(t, err)
	last := dumps[len(dumps)-1]
	require.NoError(t, os.Rename(last, last+".partial"))
	var listed []backup.Manifest
	require.NoError(t, json.Unmarshal([]byte(w.must("database", "backups", "dev", "--json")), &listed))
	for _, m := range listed {
		assert.NotEqual(t, filepath.Base(last), filepath.Base(m.File))
	}
	assert.NotEmpty(t, listed)
	require.NoError(t, os.Remove(strings.TrimSuffix(dumps[len(dumps)-2], ".dump")+".json"))
	assert.NotContains(t, w.must("database", "backups", "dev"), filepath.Base(dumps[len(dumps)-2]))
}

func TestOldBackupsGoButNeverTheNewestThatIsWhole(t *testing.T) {
	t.Parallel()
	w := initialised(t, "dev")
	for range 2 {
		w.must("database", "backup", "dev", "--keep", "30d")
		time.Sleep(2 * time.Millisecond)
	}
	list := func() int { return strings.Count(w.must("database", "backups", "dev"), ".dump") }
	require.Equal(t, 2, list())
	require.NoError(t, os.Truncate(w.newest("dev", "*.dump"), 10))
	damaged := filepath.Base(w.newest("dev", "*.dump"))
	store, err := backup.OpenStore(t.Context(), w.variables["BACKUP_URL"])
	require.NoError(t, err)
	defer store.Close()
	removed, err := store.Prune(t.Context(), "dev", time.Nanosecond, time.Now(), false)
	require.NoError(t, err)
	assert.Empty(t, removed, "the newest is damaged, and the one before the last that is whole")

	assert.Contains(t, w.must("database", "backup", "dev", "--keep", "1ns", "--dry-run"), "would have backed up sq_dev")
	require.Equal(t, 2, list())
	old := filepath.Join(w.folder(), "dev", "20010101T000000.000Z.dump")
	require.NoError(t, os.WriteFile(old, []byte("half a dump"), 0o600))
	require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-72*time.Hour)))
	out := w.must("database", "backup", "dev", "--keep", "1ns")
	assert.Contains(t, out, "removed dev/"+damaged)
	assert.Equal(t, 1, list())
	left, err := filepath.Glob(filepath.Join(w.folder(), "dev", "*"))
	require.NoError(t, err)
	assert.Len(t, left, 2, "a file and its manifest, and nothing half written")
	w.refused("--keep", "database", "backup", "dev", "--keep", "-1d")
}

func TestABackupIsOneSnapshotWhilePeopleWrite(t *testing.T) {
	t.Parallel()
	w := initialised(t, "dev")
	s := w.service("dev")
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			if _, err := s.Ask(ctx, conversation.AskInput{Context: fmt.Sprint("Trip ", n), InformationNeeded: trip}); err == nil {
				n++
			}
		}
		written <- n
	}()
	for range 3 {
		w.must("database", "backup", "dev")
	}
	stop()
	assert.NotZero(t, <-written)
	w.must("database", "restore", "dev", "latest")
}

func TestABackupNeedsARoleThatSeesAllRows(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	open(t, t.Context(), w.service("prod"), "Book a trip")
	w.with("ADMIN_DATABASE_URL", w.owner("prod")).refused("which row security hides rows from", "database", "backup", "prod")
	w.exec("postgres", "CREATE ROLE backups LOGIN BYPASSRLS IN ROLE pg_read_all_data PASSWORD 'backups-0123456789'", "GRANT CONNECT ON DATABASE sq_prod TO backups")
	w.with("ADMIN_DATABASE_URL", w.url("backups", "backups-0123456789", "postgres")).must("database", "backup", "prod")
	w.must("database", "restore", "prod", "latest", "--yes")
}

func TestBackupsInObjectStorageAreRestored(t *testing.T) {
	server := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithAutoBucket(true)).Server())
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "someone")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	w := initialised(t, "prod").with("BACKUP_URL", "s3://backups?region=eu-central-1&use_path_style=true&prefix=sq/&endpoint="+server.URL)
	s := w.service("prod")
	open(t, t.Context(), s, "Book a trip")
	want := rows(w, "sq_prod")
	w.must("database", "backup", "prod")
	w.exec("sq_prod", "DELETE FROM conversations")
	w.must("database", "backup", "prod")
	assert.Equal(t, 2, strings.Count(w.must("database", "backups", "prod"), ".dump"))

	var listed []backup.Manifest
	require.NoError(t, json.Unmarshal([]byte(w.must("database", "backups", "prod", "--json")), &listed))
	w.must("database", "restore", "prod", filepath.Base(strings.TrimSuffix(listed[1].File, ".dump")), "--yes")
	assert.Equal(t, want, rows(w, "sq_prod"))
	w.must("database", "backup", "prod", "--keep", "1ns")
	assert.Equal(t, 1, strings.Count(w.must("database", "backups", "prod"), ".dump"))
}

func TestWhereBackupsAreHasToBeSaid(t *testing.T) {
	t.Parallel()
	w := newWorldless(t)
	w.refused("give --from, or set BACKUP_URL", "database", "backups", "dev")
	w.refused("want file:// or s3://", "database", "backups", "dev", "--from", "gs://bucket")
	w.refused("want file:/// and an absolute path", "database", "backups", "dev", "--from", "file://relative/path")
}
