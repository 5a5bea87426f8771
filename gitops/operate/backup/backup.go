package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"gocloud.dev/blob"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/migrations"
)

// Take backs up an environment's database and returns the manifest. Dump and content
// are of one exported snapshot, so they agree although people keep answering. The
// manifest is written last and makes the backup complete. If Take fails it leaves at
// most a dump that is not listed and that a later Prune removes.
//
// The transaction lasts as long as the dump. It holds back vacuum meanwhile, and blocks nobody
// but changes of the schema.
func Take(ctx context.Context, a *database.Administrator, s *Store, e environment.Environment, report func(string)) (Manifest, error) {
	m := Manifest{Format: Format, Environment: e, Database: e.Database()}
	conn, err := a.Connect(ctx, e.Database())
	if err != nil {
		return m, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	mark, err := database.ReadMark(ctx, conn, e.Database())
	if err == nil {
		err = mark.Belongs(e)
	}
	if err == nil {
		err = database.Require(ctx, conn, "rolsuper OR rolbypassrls", "a superuser, or a role with BYPASSRLS that is in pg_read_all_data, which row security does not apply to")
	}
	if err != nil {
		return m, err
	}
	err = pgx.BeginTxFunc(ctx, conn, snapshot, func(tx pgx.Tx) error {
		var exported string
		if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot(), clock_timestamp(), current_setting('server_version'), current_setting('server_version_num')::int / 10000`).
			Scan(&exported, &m.Time, &m.Server, &m.Major); err != nil {
			return fmt.Errorf("take a snapshot: %w", err)
		}
		m.Time = m.Time.UTC().Truncate(accuracy)
		m.File = prefix(e) + m.Time.Format(stamp) + dumpSuffix
		report("counting and digesting the rows")
		if m.Content, err = Read(ctx, tx); err != nil {
			return err
		}
		report("writing " + m.File)
		return m.dump(ctx, a, s, exported)
	})
	if err != nil {
		return m, err
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = s.bucket.Upload(ctx, manifestOf(m.File), bytes.NewReader(append(data, '\n')), written)
	}
	if err != nil {
		return m, fmt.Errorf("write %s: %w", manifestOf(m.File), err)
	}
	return m, nil
}

var (
	snapshot = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	written  = &blob.WriterOptions{ContentType: "application/octet-stream"}
)

// dump writes the dump of a snapshot. It waits at most 30 s for locks, so that a
// migration in progress fails the backup instead of queueing every call behind it. The
// custom format is compressed, and is one that pg_restore takes.
func (m *Manifest) dump(ctx context.Context, a *database.Administrator, s *Store, snapshot string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(ctx, m.File, written)
	if err != nil {
		return fmt.Errorf("write %s: %w", m.File, err)
	}
	sum := sha256.New()
	var size counter
	err = a.Program(ctx, m.Database, io.MultiWriter(w, sum, &size), "pg_dump", "--format=custom", "--snapshot="+snapshot, "--lock-wait-timeout=30s")
	if err != nil {
		cancel() // closing then drops what was written
		_ = w.Close()
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("write %s: %w", m.File, err)
	}
	m.Size, m.SHA256 = int64(size), hex.EncodeToString(sum.Sum(nil))
	return nil
}

// counter counts the bytes that pass.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

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
// second database. conn holds the lock.
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
	defer func() {
		if err != nil {
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			err = errors.Join(err, database.Drop(clean, conn, name))
		}
	}()
	change := &database.Change{Report: report}
	if err := change.Fresh(ctx, conn, e, name); err != nil {
		return "", err
	}
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
	if err := change.Furnish(ctx, a, inside, e); err != nil {
		return "", err
	}
	if _, err := inside.Exec(ctx, `ANALYZE`); err != nil {
		return "", fmt.Errorf("analyze %s: %w", name, err)
	}
	return name, change.Verify(ctx, conn, name, e)
}
