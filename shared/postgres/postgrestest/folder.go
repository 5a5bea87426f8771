package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
)

const (
	// folderPattern begins the names of all folders of tests, so that sweep finds
	// those of killed test binaries.
	folderPattern = "sequential-questioning-test-"
	// layout changes when a cached folder no longer fits what Start expects.
	layout = "1"
	// abandoned is the age from which a folder that nobody holds is removed.
	abandoned = time.Hour
)

// instance is a server and the folder asked for it, which can be a link. folder is what
// has to be removed, wherever the data are.
type instance struct {
	*embedded.Server
	folder string
}

// discard stops the server and removes its data. It does not depend on the test's
// context, which has ended by then.
func (i *instance) discard() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(i.Stop(ctx), embedded.Remove(i.folder))
}

// startFast starts a server on a temporary folder. It copies a folder made once for all
// test binaries, because initdb is slow. If there is no PostgreSQL it installs one
// where it may. The server has fsync off; tests of durability kill processes, not
// machines.
func startFast(ctx context.Context) (*instance, error) {
	installation, err := embedded.Find()
	if err != nil {
		if err := embedded.Install(ctx, os.Stderr); err != nil {
			return nil, err
		}
		if installation, err = embedded.Find(); err != nil {
			return nil, err
		}
	}
	sweep(filepath.Join(os.TempDir(), folderPattern+"*"), abandoned)
	// Without a cache folder, as in some containers, each binary runs initdb.
	cache, err := cached(ctx, installation)
	if err != nil {
		return startIn(ctx, "")
	}
	server, err := startIn(ctx, cache)
	if err != nil && ctx.Err() == nil {
		// A cache damaged by a crash of the machine is rebuilt next time.
		_ = os.RemoveAll(cache)
		return startIn(ctx, "")
	}
	return server, err
}

// startIn starts a server on a new folder, which it fills from the cache; "" has
// initdb do it.
func startIn(ctx context.Context, cache string) (*instance, error) {
	dir, err := makeFolder()
	if err != nil {
		return nil, err
	}
	if cache != "" {
		if err := copyFolder(dir, cache); err != nil {
			_ = os.RemoveAll(dir)
			return nil, fmt.Errorf("copy data folder: %w", err)
		}
	}
	server, err := embedded.Start(ctx, embedded.Options{Dir: dir, Fast: true})
	if err != nil {
		_ = embedded.Remove(dir)
		return nil, err
	}
	return &instance{Server: server, folder: dir}, nil
}

// makeFolder makes a folder that the server's user can pass through.
func makeFolder() (string, error) {
	dir, err := os.MkdirTemp("", folderPattern)
	if err != nil {
		return "", fmt.Errorf("make folder for test server: %w", err)
	}
	// MkdirTemp's mode would shut out the user that the server runs as.
	if err := os.Chmod(dir, 0o711); err != nil {
		_ = os.RemoveAll(dir)
		return "", fmt.Errorf("open folder for test server: %w", err)
	}
	return dir, nil
}

// cached returns a folder with a server's data as made by a first start. Test
// binaries may make it at the same time: the first to finish wins. It is named
// after the server's version and the layout, so an upgrade of either makes a new
// one.
func cached(ctx context.Context, installation embedded.Installation) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	base = filepath.Join(base, "sequential-questioning")
	final := filepath.Join(base, "pg-"+url.PathEscape(installation.Version)+"-"+layout)
	if _, err := os.Stat(final); err == nil {
		return final, nil
	}
	sweep(filepath.Join(base, ".new-*"), abandoned)
	server, err := startIn(ctx, "")
	if err != nil {
		return "", err
	}
	defer func() { _ = server.discard() }()
	if err := server.Stop(ctx); err != nil {
		return "", err
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", err
	}
	unfinished, err := os.MkdirTemp(base, ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(unfinished)
	if err := copyFolder(unfinished, server.Dir()); err != nil {
		return "", err
	}
	if err := os.Rename(unfinished, final); err != nil {
		if _, err := os.Stat(final); err == nil {
			return final, nil
		}
		return "", err
	}
	return final, nil
}

// copyFolder copies a data folder without its lock, which belongs to the server
// that made it. The copy belongs to this process's user; Start hands it over.
func copyFolder(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil || relative == "." || relative == "lock" {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			return os.Mkdir(target, info.Mode().Perm())
		}
		return copyFile(target, path, info.Mode().Perm())
	})
}

// copyFile fails if the file exists: two test binaries never share a folder.
func copyFile(to, from string, mode fs.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// sweep removes folders of test binaries that were killed. Their servers are gone
// when nobody holds the lock. It never fails: what is left is removed by a later
// run.
func sweep(pattern string, age time.Duration) {
	folders, _ := filepath.Glob(pattern)
	for _, folder := range folders {
		info, err := os.Lstat(folder)
		if err != nil || time.Since(info.ModTime()) < age {
			continue
		}
		if unlocked(filepath.Join(folder, "lock")) {
			_ = embedded.Remove(folder)
		}
	}
}

// unlocked reports whether nobody holds the lock. It lets go of it at once.
func unlocked(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	defer file.Close()
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// withDatabase is the URL of another database of the same server.
func withDatabase(server, name string) (string, error) {
	parsed, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("read URL of test server: %w", err)
	}
	parsed.Path = "/" + name
	return parsed.String(), nil
}
