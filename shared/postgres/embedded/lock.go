package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// acquire locks the data folder, and returns the open file that holds the lock. The
// lock is handed down to the server and its backends, so that it is held exactly as
// long as any of them can still write to the data folder.
func acquire(ctx context.Context, dir, data string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	start := time.Now()
	for {
		locked, err := tryLock(file)
		if err != nil {
			file.Close()
			return nil, fmt.Errorf("lock data folder %s: %w", dir, err)
		}
		if locked {
			break
		}
		// A server whose owner was just killed needs a moment to leave.
		patience := 10 * time.Second
		served := readPidFile(data)
		if served.running() {
			patience = 500 * time.Millisecond
		}
		if time.Since(start) > patience {
			file.Close()
			return nil, inUse(dir, served.pid)
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("%w: %w", inUse(dir, served.pid), ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := refuseForeign(dir, data); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// tryLock locks a file unless another process holds it; closing it unlocks. flock
// is released by the kernel however the process ends, and inherited by children
// with the open file.
func tryLock(file *os.File) (bool, error) { return flock(file, syscall.LOCK_EX) }

// tryShare locks a file beside others that share it.
func tryShare(file *os.File) (bool, error) { return flock(file, syscall.LOCK_SH) }

// flock does not wait. A signal counts as not locked: the caller tries again.
func flock(file *os.File, how int) (bool, error) {
	err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return false, nil
	}
	return err == nil, err
}

// inUse is the error for a folder that another server has; pid is zero where it
// is not known.
func inUse(dir string, pid int) error {
	if pid == 0 {
		return fmt.Errorf("data folder %s is in use by another process", dir)
	}
	return fmt.Errorf("data folder %s is already served by a running PostgreSQL with pid %d", dir, pid)
}

// refuseForeign looks at a postmaster.pid that is there although nobody holds the
// lock: a server started by hand is refused; a number that now belongs to some
// other process, as after a restart of a container, is removed, because PostgreSQL
// would take it for a server.
func refuseForeign(dir, data string) error {
	served := readPidFile(data)
	if served.pid == 0 || !alive(served.pid) {
		return nil
	}
	if serves(served.pid, data) {
		return inUse(dir, served.pid)
	}
	if err := os.Remove(filepath.Join(data, "postmaster.pid")); err != nil {
		return fmt.Errorf("remove stale postmaster.pid: %w", err)
	}
	return nil
}

// pidFile is what a server says of itself in postmaster.pid.
type pidFile struct {
	pid    int
	port   int
	shm    int // id of its shared memory segment, or -1
	status string
}

// running reports a server that serves or is about to.
func (p pidFile) running() bool {
	return p.pid != 0 && p.status != "stopping" && alive(p.pid)
}

// readPidFile reads lines 1, 4, 7 and 8 of postmaster.pid: the pid, the port, the key
// and id of the shared memory, and the status. What is missing stays zero, the id -1.
func readPidFile(data string) pidFile {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return pidFile{shm: -1}
	}
	lines := strings.Split(string(content), "\n")
	line := func(n int) string {
		if n >= len(lines) {
			return ""
		}
		return strings.TrimSpace(lines[n])
	}
	read := pidFile{shm: -1, status: line(7)}
	read.pid, _ = strconv.Atoi(line(0))
	read.port, _ = strconv.Atoi(line(3))
	if key := strings.Fields(line(6)); len(key) == 2 {
		if id, err := strconv.Atoi(key[1]); err == nil {
			read.shm = id
		}
	}
	return read
}

// alive reports whether there is a process of that number, whoever's it is.
func alive(pid int) bool {
	return pid > 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
