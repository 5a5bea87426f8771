// Package restore restores a backup into a new database, verifies it against the
// backup's manifest, and replaces the serving database with it. The serving one is
// never written to. Begin with Prepare.
package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/backup"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/migrations"
)

// Restore is one restore of an environment's database: Prepare, Run and, if wanted,
// Switch. The lock is held from Prepare to Close, so no other command changes the
// environment's databases meanwhile. It is used by one goroutine.
type Restore struct {
	administrator *database.Administrator
	store         *backup.Store
	environment   environment.Environment
	conn          *pgx.Conn // to the maintenance database; holds the lock
	report        func(string)

	Manifest backup.Manifest
	Database string // name of the new database
}

// Prepare checks whether the backup can be restored. It only changes what a killed
// switch left. Close the restore when done. notAfter is the latest time of a backup
// that may be used; the zero time means the newest.
// It downloads nothing, so a dry run is quick.
func Prepare(ctx context.Context, a *database.Administrator, s *backup.Store, e environment.Environment, notAfter time.Time, report func(string)) (*Restore, error) {
	m, err := s.Find(ctx, e, notAfter)
	if err != nil {
		return nil, err
	}
	conn, err := database.Open(ctx, a, e)
	if err != nil {
		return nil, err
	}
	r := &Restore{administrator: a, store: s, environment: e, conn: conn, report: report, Manifest: m}
	err = r.check(ctx)
	if err == nil {
		r.Database, err = database.Beside(ctx, conn, e, "")
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close ends the restore, and with the connection the lock: a killed command leaves none.
func (r *Restore) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = r.conn.Close(ctx)
}

// check refuses what would fail halfway: a backup of another environment, of a newer
// release or of a newer server, and roles that are missing. An equal migration is not
// asked for: an older backup is migrated after it was verified.
func (r *Restore) check(ctx context.Context) error {
	latest, err := migrations.Latest()
	if err != nil {
		return err
	}
	var major int
	if err := r.conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int / 10000`).Scan(&major); err != nil {
		return fmt.Errorf("read the server's version: %w", err)
	}
	m := r.Manifest
	switch {
	case m.Environment != r.environment:
		return fmt.Errorf("%s is a backup of %s, not of %s", m.File, m.Environment, r.environment)
	case m.Content.Migration > latest:
		return fmt.Errorf("%s has migration %d; this command knows %d: use operate of the release that made the backup, or newer", m.File, m.Content.Migration, latest)
	case major < m.Major:
		return fmt.Errorf("%s is from PostgreSQL %s; the server is older (%d)", m.File, m.Server, major)
	}
	for _, role := range []string{r.environment.Owner(), r.environment.Role(), r.environment.GatewayRole()} {
		var there bool
		if err := r.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&there); err != nil {
			return fmt.Errorf("check role %s: %w", role, err)
		}
		if !there {
			return fmt.Errorf("role %s does not exist: run operate database init %s first", role, r.environment)
		}
	}
	serving, err := database.ReadMark(ctx, r.conn, r.environment.Database())
	if err == nil && serving.Exists {
		_, err = database.Belongs(ctx, r.conn, r.environment.Database(), r.environment)
	}
	return err
}

// Run creates the new database and verifies it. It does not touch the serving one.
// If it fails it drops what it has created. The dump is restored as the owner, so
// that ownership is right whatever the roles of the source were called.
// Call it once. Time and space are those of a second database.
func (r *Restore) Run(ctx context.Context) (err error) {
	r.report("fetching " + r.Manifest.File)
	file, err := r.store.Fetch(ctx, r.Manifest)
	if err != nil {
		return err
	}
	defer os.Remove(file)
	if err := r.sweep(ctx); err != nil {
		return err
	}
	if err := database.Fresh(ctx, r.conn, r.environment, r.Database); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			err = errors.Join(err, database.Drop(clean, r.conn, r.Database))
		}
	}()
	r.report("restoring into " + r.Database)
	// pg_restore stops at the first error: a database that is nearly whole would pass
	// for one that is.
	err = backup.Program(ctx, r.administrator, r.Database, io.Discard, "pg_restore", "--exit-on-error", "--no-password",
		"--role="+r.environment.Owner(), "--dbname="+r.Database, file)
	if err != nil {
		return err
	}
	if err := r.verify(ctx); err != nil {
		return err
	}
	if err := r.furnish(ctx); err != nil {
		return err
	}
	return database.SetState(ctx, r.conn, r.Database, r.environment, database.Verified)
}

// verify compares the new database with the manifest. It comes before migrations
// and grants, which change what the manifest describes.
// Every difference is listed, since one alone seldom shows what went wrong.
func (r *Restore) verify(ctx context.Context) error {
	r.report("verifying rows, values, privileges and row security")
	conn, err := r.administrator.Connect(ctx, r.Database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var content backup.Content
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		content, err = backup.Read(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	if different := r.Manifest.Content.Differences(content); len(different) > 0 {
		return fmt.Errorf("the restored database differs from the backup: %s", strings.Join(different, "; "))
	}
	return nil
}

// furnish migrates the new database to this release's schema, grants privileges and
// updates statistics. Without statistics the first queries of a restored database would
// be planned as if it were empty.
func (r *Restore) furnish(ctx context.Context) error {
	err := database.Migrate(ctx, r.administrator, r.environment, r.Database, false, func(file string) { r.report("applied migration " + file) })
	if err != nil {
		return err
	}
	conn, err := r.administrator.Connect(ctx, r.Database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `ANALYZE`); err != nil {
		return fmt.Errorf("analyze %s: %w", r.Database, err)
	}
	return database.Grant(ctx, conn, r.environment)
}

// sweep drops the databases of interrupted restores. The lock ensures that no other
// restore is running. It runs when the dump has been fetched, so a wrong location
// deletes nothing.
func (r *Restore) sweep(ctx context.Context) error {
	left, err := database.Unfinished(ctx, r.conn, r.environment)
	if err != nil {
		return err
	}
	for _, name := range left {
		r.report("dropping " + name + ", left by an interrupted restore")
		if err := database.Drop(ctx, r.conn, name); err != nil {
			return err
		}
	}
	return nil
}

// Switch replaces the serving database with the new one and returns the new name of the
// replaced one. Both renames happen in one moment; see database.Switch for the
// connections that are open.
// Call it after Run has succeeded; it refuses a database that was not verified.
func (r *Restore) Switch(ctx context.Context) (before string, err error) {
	return database.Switch(ctx, r.conn, r.environment, r.Database, r.report)
}
