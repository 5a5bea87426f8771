package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/migrations"
)

// Restorable refuses what would fail halfway: a backup of another environment, of a newer
// release or of a newer server, and roles that are missing. An equal migration is not
// asked for: an older backup is migrated after it was verified. It downloads nothing.
func Restorable(ctx context.Context, conn *pgx.Conn, e environment.Environment, m Manifest) error {
	latest, err := migrations.Latest()
	if err != nil {
		return err
	}
	var major, roles int
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int / 10000, (SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1))`,
		[]string{e.Owner(), e.Role(), e.GatewayRole()}).Scan(&major, &roles); err != nil {
		return fmt.Errorf("read the server's version and roles: %w", err)
	}
	switch {
	case m.Environment != e:
		return fmt.Errorf("%s is a backup of %s, not of %s", m.File, m.Environment, e)
	case m.Content.Migration > latest:
		return fmt.Errorf("%s has migration %d; this command knows %d: use operate of the release that made the backup, or newer", m.File, m.Content.Migration, latest)
	case major < m.Major:
		return fmt.Errorf("%s is from PostgreSQL %s; the server is older (%d)", m.File, m.Server, major)
	case roles < 3:
		return fmt.Errorf("the roles of %s do not exist: run operate database init %s first", e, e)
	}
	serving, err := database.ReadMark(ctx, conn, e.Database())
	if err == nil && serving.Exists { // it may have been dropped
		err = serving.Belongs(e)
	}
	return err
}

// Restore creates a new database from a backup, verifies it, migrates it to this
// release's schema, and returns its name. It does not touch the serving one. If it fails
// it drops what it has created. The dump is restored as the owner, so that ownership is
// right whatever the roles of the source were called. Time and space are those of a
// second database. conn is that of database.Open.
func Restore(ctx context.Context, a *database.Administrator, s *Store, conn *pgx.Conn, e environment.Environment, m Manifest, report func(string)) (restored string, err error) {
	report("fetching " + m.File)
	file, err := s.Fetch(ctx, m)
	if err != nil {
		return "", err
	}
	defer os.Remove(file)
	if err := database.Sweep(ctx, conn, e, report); err != nil {
		return "", err
	}
	name, err := database.Beside(ctx, conn, e, "")
	if err != nil {
		return "", err
	}
	if err := database.Fresh(ctx, conn, e, name); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			err = errors.Join(err, database.Drop(clean, conn, name))
		}
	}()
	report("restoring into " + name)
	// It stops at the first error: a database that is nearly whole would pass for one that
	// is. Not in parallel, because a job that forces row security on a table fails another
	// that is checking a foreign key there.
	if err := a.Program(ctx, name, io.Discard, "pg_restore", "--exit-on-error", "--role="+e.Owner(), file); err != nil {
		return "", err
	}
	inside, err := a.Connect(ctx, name)
	if err != nil {
		return "", err
	}
	defer inside.Close(context.WithoutCancel(ctx))
	// Before migrations and grants, which change what the manifest describes.
	report("verifying rows, values, privileges and row security")
	var content Content
	if err := pgx.BeginTxFunc(ctx, inside, snapshot, func(tx pgx.Tx) (err error) { content, err = Read(ctx, tx); return err }); err != nil {
		return "", err
	}
	if different := m.Content.Differences(content); len(different) > 0 {
		return "", fmt.Errorf("the restored database differs from the backup: %s", strings.Join(different, "; "))
	}
	// A backup of an older release has fewer migrations and privileges. Without
	// statistics the first queries would be planned as if the database were empty.
	change := &database.Change{Report: report}
	if err := change.Migrate(ctx, a, e, name); err != nil {
		return "", err
	}
	if err := change.Grant(ctx, inside, e); err != nil {
		return "", err
	}
	if _, err := inside.Exec(ctx, `ANALYZE`); err != nil {
		return "", fmt.Errorf("analyze %s: %w", name, err)
	}
	return name, database.Verify(ctx, conn, name, e)
}
