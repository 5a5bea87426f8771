package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

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
	if err := seesAll(ctx, conn); err != nil {
		return m, err
	}
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var snapshot string
		if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot(), clock_timestamp(), current_setting('server_version'), current_setting('server_version_num')::int / 10000`).
			Scan(&snapshot, &m.Time, &m.Server, &m.Major); err != nil {
			return fmt.Errorf("take a snapshot: %w", err)
		}
		m.Time = m.Time.UTC().Truncate(accuracy)
		m.File = prefix(e) + Stamp(m.Time) + dumpSuffix
		report("counting and digesting the rows")
		if m.Content, err = Read(ctx, tx); err != nil {
			return err
		}
		report("writing " + m.File)
		return s.write(ctx, m.File, func(w io.Writer) error {
			sum := sha256.New()
			counted := &counter{w: io.MultiWriter(w, sum)}
			if err := dump(ctx, a, e.Database(), snapshot, counted); err != nil {
				return err
			}
			m.Size, m.SHA256 = counted.n, hex.EncodeToString(sum.Sum(nil))
			return nil
		})
	})
	if err != nil {
		return m, err
	}
	return m, s.writeManifest(ctx, m)
}

// seesAll refuses a role that row security applies to. pg_dump would refuse it later,
// and name a table and not the role.
// Row security would make the backup smaller without any error.
func seesAll(ctx context.Context, conn *pgx.Conn) error {
	var all bool
	var name string
	if err := conn.QueryRow(ctx, `SELECT rolsuper OR rolbypassrls, rolname FROM pg_roles WHERE rolname = current_user`).Scan(&all, &name); err != nil {
		return fmt.Errorf("read the administrator's role: %w", err)
	}
	if !all {
		return fmt.Errorf("%s has role %s, which row security applies to: want a superuser, or a role with BYPASSRLS that is in pg_read_all_data", database.URLVariable, name)
	}
	return nil
}

// counter counts the bytes that pass. The manifest has the number before the store can
// be asked for it.
type counter struct {
	w io.Writer
	n int64
}

// Write counts what was taken, also if it failed.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// dump waits at most 30 s for locks, so that a migration in progress fails the backup
// instead of queueing every call behind it. The custom format is compressed, and is the
// one that pg_restore takes.
func dump(ctx context.Context, a *database.Administrator, name, snapshot string, w io.Writer) error {
	return Program(ctx, a, name, w, "pg_dump", "--format=custom", "--snapshot="+snapshot, "--no-password", "--lock-wait-timeout=30s")
}

// Program runs one of PostgreSQL's client programs on a database. The program gets
// the connection and a few harmless variables: others, such as PGOPTIONS, could
// change what it does. On cancellation it is interrupted, and killed ten seconds
// later. Errors contain the beginning of what it printed.
// out gets its standard output as it comes. The program is found by PATH; that of another major
// version may refuse the server, and says so.
func Program(ctx context.Context, a *database.Administrator, name string, out io.Writer, program string, arguments ...string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return fmt.Errorf("%s is not installed: it comes with PostgreSQL's client", program)
	}
	connection, err := a.Programs(name)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, arguments...)
	for _, variable := range []string{"PATH", "HOME", "TMPDIR", "LANG"} {
		cmd.Env = append(cmd.Env, variable+"="+os.Getenv(variable))
	}
	cmd.Env = append(cmd.Env, connection...)
	cmd.WaitDelay = 10 * time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &limited{w: &problems, left: 8 << 10}
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.Join(fmt.Errorf("%s: %w", program, err), errors.New(strings.TrimSpace(problems.String())))
	}
	return nil
}

// limited keeps the first bytes written and drops the rest. The first error is the one
// that counts.
// It claims to have written everything, or the copy would end and fail the program.
type limited struct {
	w    io.Writer
	left int
}

// Write fails only where the writer below it does.
func (l *limited) Write(p []byte) (int, error) {
	keep := min(len(p), l.left)
	l.left -= keep
	if _, err := l.w.Write(p[:keep]); err != nil {
		return 0, err
	}
	return len(p), nil
}
