package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/backup"
	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// reports returns the reports of two principals' conversations.
func reports(f *fixture, s *conversation.Service, ids map[string]string) map[string]conversation.Report {
	reports := map[string]conversation.Report{}
	for who, id := range ids {
		reports[who] = report(f.t, principal.With(f.t.Context(), who), s, id)
	}
	return reports
}

// rows returns every row of every table, in order.
func rows(f *fixture, database string) map[string]string {
	tables := query[[]string](f, database, `SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`)
	all := map[string]string{}
	for _, table := range tables {
		all[table] = query[string](f, database, `SELECT coalesce(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C"), '') FROM `+pgx.Identifier{table}.Sanitize()+` AS t`)
	}
	return all
}

func (f *fixture) folder() string { return strings.TrimPrefix(f.variables["BACKUP_URL"], "file://") }

func TestARestoreRecoversEveryValue(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	s := f.service("prod")
	unfinished := open(t, principal.With(t.Context(), "ann"), s, "Book a trip")
	finished := answer(t, principal.With(t.Context(), "bob"), s, open(t, principal.With(t.Context(), "bob"), s, "Book another trip – ‘größer’"))
	ids := map[string]string{"ann": unfinished.ConversationID, "bob": finished.ConversationID}
	wantReports, wantRows := reports(f, s, ids), rows(f, "sq_prod")
	f.must("database", "backup", "prod")

	later := open(t, principal.With(t.Context(), "cleo"), s, "Written after the backup")
	f.exec("sq_prod", "DROP TABLE answers CASCADE", "DELETE FROM conversations", "DROP POLICY principal ON sessions")

	out, _, err := f.run("database", "restore", "prod", "latest", "--yes")
	require.NoError(t, err)
	assert.Contains(t, out, "operate memory rebuild prod")
	assert.Equal(t, wantRows, rows(f, "sq_prod"))
	assert.Equal(t, wantReports, reports(f, s, ids), "through a service that stayed connected")

	// The conversation continues where it was at the backup. Later ones are gone.
	turn := answer(t, principal.With(t.Context(), "ann"), s, func() conversation.Turn {
		turn, err := s.Ask(principal.With(t.Context(), "ann"), conversation.AskInput{Context: "Book a trip", ConversationID: unfinished.ConversationID})
		require.NoError(t, err)
		return turn
	}())
	assert.True(t, turn.Metadata.Complete)
	assert.Equal(t, tripValues, report(t, principal.With(t.Context(), "ann"), s, turn.ConversationID).Values)
	_, err = s.Report(principal.With(t.Context(), "cleo"), conversation.ReportInput{ConversationID: later.ConversationID})
	require.ErrorContains(t, err, "there is no conversation")
	// No damage is left: init changes nothing.
	assert.Contains(t, f.must("database", "init", "prod"), ": 0 changes")
}

func TestARestoreIsUndoneBySwitchingBack(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	s := f.service("prod")
	open(t, t.Context(), s, "Book a trip")
	f.must("database", "backup", "prod")
	open(t, t.Context(), s, "Book another trip")
	later := rows(f, "sq_prod")
	f.must("database", "restore", "prod", "latest", "--yes")
	require.NotEqual(t, later, rows(f, "sq_prod"))

	before := query[string](f, "postgres", `SELECT datname FROM pg_database WHERE datname LIKE 'sq\_prod\_before\_%'`)
	f.must("database", "switch", "prod", before, "--yes")
	assert.Equal(t, later, rows(f, "sq_prod"))
	open(t, t.Context(), s, "Book a third trip")
}

func TestCallsDuringASwitchFailAsRetryable(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	s := f.service("prod")
	open(t, t.Context(), s, "Book a trip")
	f.must("database", "backup", "prod")
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for ctx.Err() == nil {
				_, err := s.Ask(ctx, conversation.AskInput{Context: "Book a trip", InformationNeeded: trip})
				var unavailable *fault.Unavailable
				if err != nil && ctx.Err() == nil {
					assert.ErrorAs(t, err, &unavailable)
				}
			}
		})
	}
	f.must("database", "restore", "prod", "latest", "--yes")
	for range 3 { // there and back
		f.must("database", "switch", "prod", query[string](f, "postgres", `SELECT max(datname) FROM pg_database WHERE datname LIKE 'sq\_prod\_before\_%'`), "--yes")
	}
	stop()
	clients.Wait()
	open(t, t.Context(), s, "It serves")
}

func TestARestoreOfAnOlderBackupGrantsTheGatewaysRoleItsTable(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	f.exec("sq_prod", "REVOKE ALL ON elicitations FROM sq_prod_gateway", "REVOKE ALL ON SCHEMA public FROM sq_prod_gateway")
	f.must("database", "backup", "prod")
	f.must("database", "restore", "prod", "latest", "--yes")
	theGatewaysRoleAccessesOnlyItsTable(t, f)
	assert.Contains(t, f.must("database", "init", "prod"), ": 0 changes")
}

func TestARestoreWithoutSwitchDoesNotTouchTheServingDatabase(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	s := f.service("prod")
	open(t, t.Context(), s, "Book a trip")
	backedUp := rows(f, "sq_prod")
	f.must("database", "backup", "prod")
	open(t, t.Context(), s, "Book another trip")
	serving := rows(f, "sq_prod")

	out := f.must("database", "restore", "prod", "latest", "--no-switch")
	assert.Equal(t, serving, rows(f, "sq_prod"))
	made := query[string](f, "postgres", `SELECT datname FROM pg_database WHERE datname ~ '^sq_prod_\d'`)
	assert.Contains(t, out, "operate database switch prod "+made)
	assert.Equal(t, backedUp, rows(f, made))
	f.must("database", "switch", "prod", made, "--yes")
	assert.Equal(t, backedUp, rows(f, "sq_prod"))
}

func TestARestoreTakesTheNewestBackupAtOrBeforeTheTime(t *testing.T) {
	t.Parallel()
	f := initialised(t, "dev")
	s := f.service("dev")
	open(t, t.Context(), s, "First")
	first := rows(f, "sq_dev")
	f.must("database", "backup", "dev")
	time.Sleep(20 * time.Millisecond)
	between := time.Now().Format(time.RFC3339Nano)
	open(t, t.Context(), s, "Second")
	f.must("database", "backup", "dev")
	second := rows(f, "sq_dev")

	f.must("database", "restore", "dev", between)
	assert.Equal(t, first, rows(f, "sq_dev"))
	f.must("database", "restore", "dev", "latest")
	assert.Equal(t, second, rows(f, "sq_dev"))

	f.refused("none of the 2 backups of dev is as old", "database", "restore", "dev", "2001-01-01T00:00:00Z")
	f.refused("the zone is required", "database", "restore", "dev", "2026-11-23 13:00")
}

func TestADamagedBackupIsRefused(t *testing.T) {
	t.Parallel()
	f := initialised(t, "dev")
	open(t, t.Context(), f.service("dev"), "Book a trip")
	f.must("database", "backup", "dev")
	serving := rows(f, "sq_dev")
	path := f.newest("dev", "*.dump")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for what, damaged := range map[string][]byte{
		"a bit": append(append([]byte{}, whole[:len(whole)/2]...), append([]byte{whole[len(whole)/2] ^ 1}, whole[len(whole)/2+1:]...)...),
		"cut":   whole[:len(whole)-1],
		"grown": append(append([]byte{}, whole...), 0),
	} {
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, _, err := f.run("database", "restore", "dev", "latest")
		assert.ErrorContains(t, err, "is damaged", what)
	}
	assert.Equal(t, serving, rows(f, "sq_dev"))
	assert.Equal(t, 1, query[int](f, "postgres", `SELECT count(*) FROM pg_database WHERE datname LIKE 'sq\_dev%'`), "nothing is left")
}

// newest returns the newest backup's file that matches pattern.
func (f *fixture) newest(e, pattern string) string {
	f.t.Helper()
	found, err := filepath.Glob(filepath.Join(f.folder(), e, pattern))
	require.NoError(f.t, err)
	require.NotEmpty(f.t, found)
	return found[len(found)-1]
}

// forge rewrites the newest manifest.
func (f *fixture) forge(e string, change func(*backup.Manifest)) {
	f.t.Helper()
	path := f.newest(e, "*.json")
	data, err := os.ReadFile(path)
	require.NoError(f.t, err)
	var m backup.Manifest
	require.NoError(f.t, json.Unmarshal(data, &m))
	change(&m)
	data, err = json.Marshal(m)
	require.NoError(f.t, err)
	require.NoError(f.t, os.WriteFile(path, data, 0o600))
}

func TestARestoreIsVerifiedAgainstTheManifest(t *testing.T) {
	t.Parallel()
	f := initialised(t, "dev")
	open(t, t.Context(), f.service("dev"), "Book a trip")
	f.must("database", "backup", "dev")
	serving := rows(f, "sq_dev")
	f.forge("dev", func(m *backup.Manifest) {
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
	latest, err := migrations.Latest()
	require.NoError(t, err)
	_, _, err = f.run("database", "restore", "dev", "latest")
	for _, message := range []string{
		"table public.answers: 2 rows, digest ", "table public.questions: ", "table public.more: nothing instead of 0 rows", "rows, digest ", fmt.Sprintf("migration: %d instead of %d", latest, latest-1),
		"columns: ", "constraints: ", "indexes: ", "owners: ", "policies: ", "privileges: ", "row security: ",
	} {
		assert.ErrorContains(t, err, message)
	}
	assert.Equal(t, serving, rows(f, "sq_dev"))
	assert.Equal(t, 1, query[int](f, "postgres", `SELECT count(*) FROM pg_database WHERE datname LIKE 'sq\_dev%'`), "nothing is left")
}

func TestABackupOfAnotherEnvironmentOrANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	f := initialised(t, "dev", "prod")
	f.must("database", "backup", "dev")
	require.NoError(t, os.Rename(filepath.Join(f.folder(), "dev"), filepath.Join(f.folder(), "prod")))
	f.refused("describes dev/", "database", "restore", "prod", "latest", "--yes")
	f.forge("prod", func(m *backup.Manifest) { m.File = "prod" + strings.TrimPrefix(m.File, "dev") })
	f.refused("is a backup of dev, not of prod", "database", "restore", "prod", "latest", "--yes")
	f.forge("prod", func(m *backup.Manifest) { m.Environment, m.Content.Migration = "prod", 99 })
	f.refused("has migration 99", "database", "restore", "prod", "latest", "--yes")
	f.forge("prod", func(m *backup.Manifest) { m.Content.Migration, m.Major = 1, 99 })
	f.refused("the server is older", "database", "restore", "prod", "latest", "--yes")
	f.refused("none of the 0 backups of dev", "database", "restore", "dev", "latest")
}

func TestADatabaseOfAnotherEnvironmentIsNeitherBackedUpNorReplaced(t *testing.T) {
	t.Parallel()
	f := initialised(t, "dev", "prod")
	f.must("database", "backup", "prod")
	f.exec("postgres", "ALTER DATABASE sq_prod RENAME TO renamed", "ALTER DATABASE sq_dev RENAME TO sq_prod")
	const message = "database sq_prod belongs to environment dev, not prod"
	f.refused(message, "database", "backup", "prod")
	f.refused(message, "database", "restore", "prod", "latest", "--yes")
	f.refused(message, "database", "switch", "prod", "sq_prod", "--yes")
	f.exec("postgres", "COMMENT ON DATABASE sq_prod IS NULL")
	f.refused("belongs to no environment", "database", "backup", "prod")
}

func TestProdIsNotReplacedWithoutConfirmationNorConcurrently(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	f.must("database", "backup", "prod")
	f.refused("add --yes", "database", "restore", "prod", "latest")
	assert.Contains(t, f.must("database", "restore", "prod", "latest", "--dry-run"), "Would restore sq_prod from prod/")
	assert.Equal(t, 1, query[int](f, "postgres", `SELECT count(*) FROM pg_database WHERE datname LIKE 'sq\_prod%'`))

	// A second restore is locked out.
	_, err := f.connect(f.admin("postgres")).Exec(t.Context(), `SELECT pg_advisory_lock(hashtextextended('operate sq_prod', 0))`)
	require.NoError(t, err)
	f.refused("another operate command is working on database sq_prod", "database", "restore", "prod", "latest", "--yes")
}

func TestADroppedDatabaseIsRestored(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	s := f.service("prod")
	turn := open(t, t.Context(), s, "Book a trip")
	f.must("database", "backup", "prod")
	f.exec("postgres", "DROP DATABASE sq_prod WITH (FORCE)")
	f.must("database", "restore", "prod", "latest", "--yes")
	assert.True(t, answer(t, t.Context(), s, conversation.Turn{ConversationID: turn.ConversationID, Questions: turn.Questions}).Metadata.Complete)
}

func TestABackupIsRestoredOnAnotherServerThatHasTheRoles(t *testing.T) {
	t.Parallel()
	from := initialised(t, "prod")
	open(t, t.Context(), from.service("prod"), "Book a trip")
	from.must("database", "backup", "prod")
	to := newFixture(t).with("BACKUP_URL", from.variables["BACKUP_URL"])
	to.refused("run operate database init prod first", "database", "restore", "prod", "latest", "--yes")
	to.must("database", "init", "prod")
	to.must("database", "restore", "prod", "latest", "--yes")
	assert.Equal(t, rows(from, "sq_prod"), rows(to, "sq_prod"))
}

func TestAnInterruptedRestoreCanBeRepeated(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	s := f.service("prod")
	open(t, t.Context(), s, "Book a trip")
	backedUp := rows(f, "sq_prod")
	f.must("database", "backup", "prod")
	open(t, t.Context(), s, "Book another trip")
	serving := rows(f, "sq_prod")
	// A killed restore leaves an incomplete database.
	for n := 1; n <= 6; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*60*time.Millisecond)
		_, _, err := f.runIn(ctx, "database", "restore", "prod", "latest", "--yes", "--no-switch")
		cancel()
		if err != nil {
			assert.Equal(t, serving, rows(f, "sq_prod"))
		}
	}
	f.exec("postgres", "CREATE DATABASE sq_prod_20010101t000000 OWNER sq_prod_owner", "CREATE DATABASE sq_prod_20020202t000000",
		"COMMENT ON DATABASE sq_prod_20020202t000000 IS 'Sequential Questioning, environment prod, restoring'")
	f.refused("cannot be switched to", "database", "switch", "prod", "sq_prod_20020202t000000", "--yes")
	f.must("database", "restore", "prod", "latest", "--yes")
	assert.Equal(t, backedUp, rows(f, "sq_prod"))
	assert.Zero(t, query[int](f, "postgres", `SELECT count(*) FROM pg_database WHERE datname LIKE 'sq\_prod\_200%'`), "incomplete databases are dropped")
}

func TestAFailedSwitchKeepsTheServingDatabase(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	s := f.service("prod")
	open(t, t.Context(), s, "Book a trip")
	f.must("database", "backup", "prod")
	serving := rows(f, "sq_prod")
	f.must("database", "restore", "prod", "latest", "--no-switch")
	made := query[string](f, "postgres", `SELECT datname FROM pg_database WHERE datname ~ '^sq_prod_\d'`)
	// An open transaction on the new database blocks the second of the two renames.
	conn := f.connect(f.admin("postgres"))
	_, err := conn.Exec(t.Context(), "BEGIN; COMMENT ON DATABASE "+made+" IS 'locked'")
	require.NoError(t, err)
	f.refused("lock timeout", "database", "switch", "prod", made, "--yes")
	assert.Equal(t, serving, rows(f, "sq_prod"))
	open(t, t.Context(), s, "It serves")
	_, err = conn.Exec(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	f.must("database", "switch", "prod", made, "--yes")
	assert.Equal(t, serving, rows(f, "sq_prod"))
}

func TestOnlyCompleteBackupsAreListed(t *testing.T) {
	t.Parallel()
	f := initialised(t, "dev")
	open(t, t.Context(), f.service("dev"), "Book a trip")
	for n := 1; n <= 5; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*20*time.Millisecond)
		_, _, err := f.runIn(ctx, "database", "backup", "dev")
		cancel()
		if err != nil {
			manifests, _ := filepath.Glob(filepath.Join(f.folder(), "dev", "*.json"))
			require.Empty(t, manifests)
		}
	}
	// A dump without its manifest, and a manifest without its dump.
	f.must("database", "backup", "dev")
	time.Sleep(2 * time.Millisecond)
	f.must("database", "backup", "dev")
	dumps, err := filepath.Glob(filepath.Join(f.folder(), "dev", "*.dump"))
	require.NoError(t, err)
	last := dumps[len(dumps)-1]
	require.NoError(t, os.Rename(last, last+".partial"))
	var listed []backup.Manifest
	require.NoError(t, json.Unmarshal([]byte(f.must("database", "backups", "dev", "--json")), &listed))
	for _, m := range listed {
		assert.NotEqual(t, filepath.Base(last), filepath.Base(m.File))
	}
	assert.NotEmpty(t, listed)
	require.NoError(t, os.Remove(strings.TrimSuffix(dumps[len(dumps)-2], ".dump")+".json"))
	assert.NotContains(t, f.must("database", "backups", "dev"), filepath.Base(dumps[len(dumps)-2]))
}

func TestPruningKeepsTheNewestCompleteBackup(t *testing.T) {
	t.Parallel()
	f := initialised(t, "dev")
	for range 2 {
		f.must("database", "backup", "dev", "--keep", "30d")
		time.Sleep(2 * time.Millisecond)
	}
	list := func() int { return strings.Count(f.must("database", "backups", "dev"), ".dump") }
	require.Equal(t, 2, list())
	require.NoError(t, os.Truncate(f.newest("dev", "*.dump"), 10))
	damaged := filepath.Base(f.newest("dev", "*.dump"))
	store, err := backup.OpenStore(t.Context(), f.variables["BACKUP_URL"])
	require.NoError(t, err)
	defer store.Close()
	removed, err := store.Prune(t.Context(), "dev", time.Nanosecond)
	require.NoError(t, err)
	assert.Empty(t, removed, "the newest is damaged, so the one before it is the newest complete one")

	old := filepath.Join(f.folder(), "dev", "20010101T000000.000Z.dump")
	require.NoError(t, os.WriteFile(old, []byte("half a dump"), 0o600))
	require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-72*time.Hour)))
	out := f.must("database", "backup", "dev", "--keep", "1ms")
	assert.Contains(t, out, "removed dev/"+damaged)
	assert.Equal(t, 1, list())
	left, err := filepath.Glob(filepath.Join(f.folder(), "dev", "*"))
	require.NoError(t, err)
	assert.Len(t, left, 2, "a dump and its manifest, and no partial file")
	f.refused("--keep", "database", "backup", "dev", "--keep", "-1d")
}

func TestABackupIsOneSnapshotDuringWrites(t *testing.T) {
	t.Parallel()
	f := initialised(t, "dev")
	s := f.service("dev")
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
		f.must("database", "backup", "dev")
	}
	stop()
	assert.NotZero(t, <-written)
	f.must("database", "restore", "dev", "latest")
}

func TestABackupNeedsARoleThatBypassesRowSecurity(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	open(t, t.Context(), f.service("prod"), "Book a trip")
	f.with("ADMIN_DATABASE_URL", f.owner("prod")).refused("which row security does not apply to", "database", "backup", "prod")
	f.exec("postgres", "CREATE ROLE backups LOGIN BYPASSRLS IN ROLE pg_read_all_data PASSWORD 'backups-0123456789'", "GRANT CONNECT ON DATABASE sq_prod TO backups")
	f.with("ADMIN_DATABASE_URL", f.url("backups", "backups-0123456789", "postgres")).must("database", "backup", "prod")
	f.must("database", "restore", "prod", "latest", "--yes")
}

func TestBackupsInObjectStorageAreRestored(t *testing.T) {
	server := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithAutoBucket(true)).Server())
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "someone")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	f := initialised(t, "prod").with("BACKUP_URL", "s3://backups?region=eu-central-1&use_path_style=true&prefix=sq/&endpoint="+server.URL)
	s := f.service("prod")
	open(t, t.Context(), s, "Book a trip")
	want := rows(f, "sq_prod")
	f.must("database", "backup", "prod")
	f.exec("sq_prod", "DELETE FROM conversations")
	f.must("database", "backup", "prod")
	assert.Equal(t, 2, strings.Count(f.must("database", "backups", "prod"), ".dump"))

	var listed []backup.Manifest
	require.NoError(t, json.Unmarshal([]byte(f.must("database", "backups", "prod", "--json")), &listed))
	f.must("database", "restore", "prod", filepath.Base(strings.TrimSuffix(listed[1].File, ".dump")), "--yes")
	assert.Equal(t, want, rows(f, "sq_prod"))
	f.must("database", "backup", "prod", "--keep", "1ms")
	assert.Equal(t, 1, strings.Count(f.must("database", "backups", "prod"), ".dump"))
}

func TestTheLocationOfBackupsIsRequired(t *testing.T) {
	t.Parallel()
	f := newOffline(t)
	for _, location := range []string{"", "gs://bucket", "file://relative/path", "/folder"} {
		f.with("BACKUP_URL", location).refused("BACKUP_URL is not set, or no place for backups: want file:///folder", "database", "backups", "dev")
	}
}
