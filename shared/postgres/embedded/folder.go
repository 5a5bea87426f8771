package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// elsewhere holds the folders that the server's user could not reach where they were
// asked for, such as below root's home. A variable for tests.
var elsewhere = "/var/lib/sequential-questioning"

const (
	dataName          = "data" // what initdb makes
	passwordName      = "password"
	adminPasswordName = "admin.password"
)

// dataFolder is a data folder with what makes data in it. It is filled in by
// prepare, and only lock changes afterwards.
type dataFolder struct {
	dir       string // as resolved
	data      string // within dir
	inst      Installation
	account   *syscall.Credential // whom the programs run as; nil is the user of this process
	passwords passwords
	lock      *os.File // held while a server may run on the data; nil once let go
	fast      bool     // see Options
}

// makeFolder makes dir where it is missing and returns its real path. The real path
// is what the lock and the server's arguments use: two links to one folder must
// meet at the same lock.
func makeFolder(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	own, parents := fs.FileMode(0o700), fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		// The server's user must pass through on its way to its data.
		own, parents = 0o711, 0o755
	}
	if err := os.MkdirAll(filepath.Dir(abs), parents); err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	if err := os.Mkdir(abs, own); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	resolved, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", fmt.Errorf("open data folder: %w", err)
	}
	if info, err := os.Stat(resolved); err != nil || !info.IsDir() {
		return "", fmt.Errorf("data folder %s is not a folder", dir)
	}
	return resolved, nil
}

// relocate replaces the empty folder dir by a link to a folder that every user can
// reach. So a program that is run as root in root's home, as in many containers,
// works without a setting.
func relocate(dir string) (string, error) {
	// Remove fails unless the folder is empty.
	if err := os.Remove(dir); err != nil {
		return "", fmt.Errorf("the user PostgreSQL runs as cannot enter data folder %s: move it to a place that user can enter or choose another folder", dir)
	}
	if err := os.MkdirAll(elsewhere, 0o755); err != nil {
		return "", fmt.Errorf("make a data folder that PostgreSQL can enter: %w", err)
	}
	target, err := os.MkdirTemp(elsewhere, "postgres-")
	if err != nil {
		return "", fmt.Errorf("make a data folder that PostgreSQL can enter: %w", err)
	}
	if err := os.Chmod(target, 0o711); err != nil {
		return "", fmt.Errorf("make a data folder that PostgreSQL can enter: %w", err)
	}
	if err := os.Symlink(target, dir); err != nil {
		return "", fmt.Errorf("link data folder: %w", err)
	}
	return target, nil
}

// Remove deletes a data folder with all its data, wherever Start put them. No
// server may be running on it. A folder that does not exist is fine.
func Remove(dir string) error {
	if target, err := os.Readlink(dir); err == nil && filepath.Dir(target) == elsewhere {
		if err := os.RemoveAll(target); err != nil {
			return fmt.Errorf("remove data folder: %w", err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove data folder: %w", err)
	}
	return nil
}

// madeBy returns the major version that made the data, or zero for none yet. A
// folder without a version is refused, not filled: it may be somebody's other data.
func madeBy(data string) (int, error) {
	content, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(data); err == nil {
			return 0, fmt.Errorf("%s is not a data folder of PostgreSQL: it holds no PG_VERSION", data)
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version of data folder: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("read version of data folder %s: %w", data, err)
	}
	return major, nil
}

// passwords of a data folder. They differ, so that who holds the ordinary
// role's cannot become the superuser, whom row security does not bind.
type passwords struct{ role, admin string }

// readPasswords reads both, and makes them for fresh data: old data would not
// take new ones.
func readPasswords(dir string, fresh bool) (passwords, error) {
	role, err := readPassword(filepath.Join(dir, passwordName), fresh)
	if err != nil {
		return passwords{}, err
	}
	admin, err := readPassword(filepath.Join(dir, adminPasswordName), fresh)
	if err != nil {
		return passwords{}, err
	}
	return passwords{role: role, admin: admin}, nil
}

// readPassword reads or makes one password, in a file that its owner alone can
// read.
func readPassword(path string, fresh bool) (string, error) {
	content, err := os.ReadFile(path)
	if text := strings.TrimSpace(string(content)); err == nil && text != "" {
		return text, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read password of the data folder: %w", err)
	}
	if !fresh {
		return "", fmt.Errorf("the data folder's password file %s is missing or empty", path)
	}
	password := rand.Text()
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write password of the data folder: %w", err)
	}
	return password, nil
}

// initialise makes the data in one step: what an interrupted run leaves is never
// taken for complete. The locale decides the order of texts; C.UTF-8 is the same on
// every system, and systems without it have C.
func (f *dataFolder) initialise(ctx context.Context) error {
	dir, as := f.dir, f.account
	staging := filepath.Join(dir, dataName+".new")
	pwfile := filepath.Join(dir, adminPasswordName+".new")
	defer os.RemoveAll(staging)
	defer os.Remove(pwfile)

	var failed error
	for _, locale := range []string{"C.UTF-8", "C"} {
		if err := os.RemoveAll(staging); err != nil {
			return fmt.Errorf("clear an unfinished data folder: %w", err)
		}
		if err := os.Mkdir(staging, 0o700); err != nil {
			return fmt.Errorf("make data folder: %w", err)
		}
		if err := os.WriteFile(pwfile, []byte(f.passwords.admin+"\n"), 0o600); err != nil {
			return fmt.Errorf("write password for initdb: %w", err)
		}
		if err := errors.Join(give(staging, as), give(pwfile, as)); err != nil {
			return err
		}
		args := []string{
			"--pgdata=" + staging, "--username=" + adminRole, "--pwfile=" + pwfile,
			"--auth=scram-sha-256", "--encoding=UTF8", "--locale=" + locale,
			"--data-checksums", "--no-instructions",
		}
		if f.fast {
			args = append(args, "--no-sync", "--wal-segsize=1")
		}
		cmd := exec.CommandContext(ctx, filepath.Join(f.inst.Bin, "initdb"), args...)
		cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, environment(), attributes(as)
		cmd.ExtraFiles = []*os.File{f.lock}
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = 5 * time.Second
		output := &tail{}
		cmd.Stdout, cmd.Stderr = output, output
		if err := runLocked(cmd); err != nil {
			failed = fmt.Errorf("run initdb: %w: %s", err, output)
			if ctx.Err() == nil && bytes.Contains([]byte(output.String()), []byte("locale")) {
				continue
			}
			return failed
		}
		if err := os.Rename(staging, filepath.Join(dir, dataName)); err != nil {
			return fmt.Errorf("put new data folder in place: %w", err)
		}
		return nil
	}
	return failed
}
