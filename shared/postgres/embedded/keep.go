package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Several processes share the server of one folder like this. One of them starts the
// keeper, a process of its own that runs the server, and all hold a shared lock on a
// file as long as they use it. The last to leave stops the keeper, which also stops by
// itself when nobody holds that lock: the kernel lets go of a killed process's.

const (
	// sharedConnections are for some ten processes, each with a pool for each function.
	sharedConnections = 200
	// usedInterval is how often the keeper looks whether somebody uses the server.
	usedInterval = time.Second
	// maxRestarts bounds how often in a row a server that ends by itself is started
	// again; one that stayed up for a minute counts as well.
	maxRestarts = 5
)

// Files beside the data folder.
func keeperFile(dir string) string { return dir + ".keeper" } // locked by the keeper; holds its pid
func usersFile(dir string) string  { return dir + ".users" }  // locked, shared, by each user
func keeperLog(dir string) string  { return dir + ".log" }    // what the keeper printed

// Keep runs the server of a folder for the processes that Join it, and returns when
// none is left or ctx ends. It starts a server that ends by itself again. Where another
// process keeps the folder it returns at once. Port zero takes a free one. Its caller
// is a process that the users' own ends do not reach.
func Keep(ctx context.Context, dir string, port int, out io.Writer) error {
	keeping, err := lockFile(keeperFile(dir))
	if err != nil || keeping == nil {
		return err
	}
	defer func() { _ = unlockFile(keeping) }()
	if err := errors.Join(keeping.Truncate(0), writePid(keeping)); err != nil {
		return fmt.Errorf("keep the database: %w", err)
	}
	users, err := os.OpenFile(usersFile(dir), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("keep the database: %w", err)
	}
	defer func() { _ = unlockFile(users) }() // after the server has stopped
	server, err := Start(ctx, Options{Dir: dir, Port: port, Connections: sharedConnections})
	if err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), startLimit)
		defer cancel()
		if err := server.Stop(stopping); err != nil {
			fmt.Fprintln(out, "error:", err)
		}
	}()
	look := time.NewTicker(usedInterval)
	defer look.Stop()
	up := time.Now()
	for restarts := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
			if unused, err := tryLock(users); unused || err != nil {
				return err
			}
		case <-server.Done():
			if time.Since(up) > time.Minute {
				restarts = 0
			}
			if restarts++; restarts > maxRestarts {
				return errors.New("PostgreSQL keeps ending")
			}
			fmt.Fprintln(out, "PostgreSQL ended by itself; starting it again.")
			if err := server.Restart(ctx); err != nil {
				return err
			}
			up = time.Now()
		}
	}
}

// lockFile opens and locks a file; nil where another process holds it.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	locked, err := tryLock(file)
	if err != nil || !locked {
		file.Close()
		return nil, err
	}
	return file, nil
}

// unlockFile unlocks and closes a file. Closing alone would not unlock it as long as a
// child that is just being started has it open.
func unlockFile(file *os.File) error {
	return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
}

// writePid notes the keeper's process in its lock file, for a person who looks.
func writePid(file *os.File) error {
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}
