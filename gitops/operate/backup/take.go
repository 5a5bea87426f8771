package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"gocloud.dev/blob"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
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
	if _, err := database.Belongs(ctx, conn, e.Database(), e); err != nil {
		return m, err
	}
	err = database.Require(ctx, conn, "rolsuper OR rolbypassrls", "a superuser, or a role with BYPASSRLS that is in pg_read_all_data, which row security does not apply to")
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
	if err != nil {
		return m, fmt.Errorf("encode manifest: %w", err)
	}
	if err := s.bucket.Upload(ctx, manifestOf(m.File), bytes.NewReader(append(data, '\n')), written); err != nil {
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
