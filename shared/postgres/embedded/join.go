package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// joinLimit bounds a join: the keeper may have to make the data first.
	joinLimit = 2 * time.Minute
	// joinInterval is how often a lock or a start is looked at again.
	joinInterval = 20 * time.Millisecond
	// giveUpLimit bounds how long a failed join waits for the end of a server that is
	// still starting.
	giveUpLimit = 10 * time.Second
	// keeperInterval is how often a user looks whether the keeper still runs.
	keeperInterval = time.Second
)

// Joined is the use of a server that several processes share. port and password are
// those at the last connection; the port stays the same when the keeper is started
// again.
type Joined struct {
	dir      string
	keeper   []string
	out      io.Writer
	users    *os.File
	port     int
	password string

	stop    context.CancelFunc // of the watch
	watched sync.WaitGroup
}

// Join starts the server of a folder, or joins the processes that use it. keeper is
// the command that calls Keep for the folder; it gets --port and a number where the
// port has to stay the same. The server runs until the last user has left or ended.
// When the keeper ends although it is needed, it is started again.
func Join(ctx context.Context, dir string, keeper []string, out io.Writer) (*Joined, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find data folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), parentMode()); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, joinLimit, fmt.Errorf("not ready within %s", joinLimit))
	defer cancel()
	j := &Joined{dir: dir, keeper: keeper, out: out}
	if err := j.enter(ctx); err != nil {
		return nil, err
	}
	if err := j.connect(ctx); err != nil {
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpLimit)
		defer cancel()
		return nil, errors.Join(err, j.leave(leaving))
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	j.stop = stop
	j.watched.Go(func() { j.watch(watching) })
	return j, nil
}

// parentMode lets the server's user pass through to its data where that is another.
func parentMode() os.FileMode {
	if os.Geteuid() == 0 {
		return 0o755
	}
	return 0o700
}

// enter takes the users' lock, which is free unless the last user stops the server.
func (j *Joined) enter(ctx context.Context) error {
	users, err := os.OpenFile(usersFile(j.dir), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("join the database: %w", err)
	}
	for {
		shared, err := tryShare(users)
		if err == nil && !shared {
			err = pause(ctx)
		}
		if err != nil {
			users.Close()
			return fmt.Errorf("join the database: %w", err)
		}
		if shared {
			j.users = users
			return nil
		}
	}
}

// connect waits until the server answers, and starts a keeper where there is none.
// Several processes may start a keeper at once; all but one find the folder kept and
// end.
func (j *Joined) connect(ctx context.Context) error {
	var started *spawned
	for {
		if kept, err := j.kept(); err != nil {
			return err
		} else if kept && j.answers(ctx) {
			return nil
		} else if !kept && (started == nil || started.over()) {
			if started != nil {
				if text := started.failure(); text != "" {
					return errors.New(text)
				}
			}
			if started, err = j.spawn(); err != nil {
				return err
			}
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("wait for the database: %w", err)
		}
	}
}

// kept reports whether a keeper runs. It takes the lock for a moment where nobody holds
// it. A keeper that starts in this moment ends, and is started again.
func (j *Joined) kept() (bool, error) {
	file, err := lockFile(keeperFile(j.dir))
	if file != nil {
		return false, unlockFile(file)
	}
	return err == nil, err
}

// answers reports whether the server takes connections, and notes how to connect. A pid
// file that says ready can be older than the machine's last start; hence the
// connection.
func (j *Joined) answers(ctx context.Context) bool {
	dir, err := filepath.EvalSymlinks(j.dir)
	if err != nil {
		return false
	}
	state := readPidFile(filepath.Join(dir, dataName))
	if state.status != "ready" || !alive(state.pid) {
		return false
	}
	j.port = state.port
	if j.password, err = readPassword(filepath.Join(dir, passwordName), false); err != nil {
		return false
	}
	conn, err := pgx.Connect(ctx, j.URL())
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// spawned is a keeper that this process started.
type spawned struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// spawn starts a keeper in a session of its own, so that neither a Ctrl-C nor the end
// of this process reaches it.
func (j *Joined) spawn() (*spawned, error) {
	log, err := os.OpenFile(keeperLog(j.dir), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start the database: %w", err)
	}
	defer log.Close()
	args := j.keeper[1:]
	if j.port != 0 {
		args = append(append([]string{}, args...), "--port", strconv.Itoa(j.port))
	}
	cmd := exec.Command(j.keeper[0], args...)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the database: %w", err)
	}
	s := &spawned{cmd: cmd, log: log.Name(), done: make(chan struct{})}
	go func() { _ = cmd.Wait(); close(s.done) }()
	return s, nil
}

// over reports whether the keeper has ended.
func (s *spawned) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// failure is what a keeper printed that failed; empty for one that left the folder to
// another.
func (s *spawned) failure() string {
	if s.cmd.ProcessState.Success() {
		return ""
	}
	log, _ := os.ReadFile(s.log) // the state says enough without it
	if text := strings.TrimPrefix(strings.TrimSpace(string(log)), "error: "); text != "" {
		return text
	}
	return "the database ended: " + s.cmd.ProcessState.String()
}

// watch starts the keeper again when it ended, as one that was killed, on the same
// port, so that URL stays valid.
func (j *Joined) watch(ctx context.Context) {
	tick := time.NewTicker(keeperInterval)
	defer tick.Stop()
	for failures := 0; failures < maxRestarts; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if kept, err := j.kept(); kept || err != nil {
			continue
		}
		fmt.Fprintln(j.out, "The database ended by itself; starting it again.")
		err := j.connect(ctx)
		switch {
		case err == nil:
			failures = 0
		case ctx.Err() == nil:
			failures++
			fmt.Fprintln(j.out, "error:", err)
		}
	}
	fmt.Fprintln(j.out, "The database keeps ending; calls will fail until this program is started again.")
}

// URL connects as the ordinary role to its database.
func (j *Joined) URL() string { return address(j.port, Role, j.password, Role) }

// Leave ends the use. The last user stops the server, and waits for its end.
func (j *Joined) Leave(ctx context.Context) error {
	j.stop()
	j.watched.Wait()
	return j.leave(ctx)
}

func (j *Joined) leave(ctx context.Context) error {
	if err := unlockFile(j.users); err != nil {
		return fmt.Errorf("leave the database: %w", err)
	}
	last, err := lockFile(usersFile(j.dir))
	if err != nil || last == nil {
		return err
	}
	defer func() { _ = unlockFile(last) }() // whoever joins meanwhile waits for it
	for {
		kept, err := j.kept()
		if err != nil || !kept {
			return err
		}
		content, err := os.ReadFile(keeperFile(j.dir))
		if err != nil {
			return fmt.Errorf("leave the database: %w", err)
		}
		// More than once, since a keeper that has only just started may miss one.
		if pid, _ := strconv.Atoi(string(bytes.TrimSpace(content))); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("wait for the database to end: %w", err)
		}
	}
}

// pause waits before a second look.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(joinInterval):
		return nil
	}
}
