// Package embedded runs a PostgreSQL server as a child process on a data folder, for
// people who have no server and for tests. It finds or installs PostgreSQL, makes the
// data, locks the folder against a second server, and takes care that the server does
// not outlive this process. Begin with Start.
//
// It uses the system's own programs instead of a bundled server, which would have to
// be updated with every security release of PostgreSQL.
package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
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

// startLimit bounds how long a server may take until it accepts connections.
// Recovery after a crash is part of it.
const startLimit = 30 * time.Second

// Options of a server.
type Options struct {
	// Dir holds the data and the passwords; it is made where it is missing.
	// As root, a folder that the user postgres cannot enter, such as one below
	// root's home, becomes a link to one below /var/lib/sequential-questioning.
	Dir string
	// Port on 127.0.0.1 to listen on; zero takes a free one.
	Port int
	// Connections is how many the server accepts; zero is its default of 100.
	Connections int
	// Log takes the server's log; nil drops it.
	Log io.Writer
	// Fast trades safety from power failure for speed; for tests only.
	Fast bool
}

// Server is a PostgreSQL server run by this process. Its methods are safe for
// concurrent use.
//
// mu is held during Stop, Kill and Restart, which may take seconds, so that they do
// not overlap.
type Server struct {
	dataFolder
	log         io.Writer
	port        int
	connections int

	mu   sync.Mutex // guards lock and proc
	proc *process
}

// Start starts a server and returns when it accepts connections. On first use
// of the folder it makes the data, the ordinary role and its database; the
// context bounds the start only. The server ends when Stop is called, or when
// this process ends in whatever way. The role is no superuser and does not
// bypass row security.
func Start(ctx context.Context, options Options) (*Server, error) {
	if options.Dir == "" {
		return nil, errors.New("start PostgreSQL: no data folder given")
	}
	s := &Server{dataFolder: dataFolder{fast: options.Fast}, log: options.Log, port: options.Port, connections: options.Connections}
	if err := s.prepare(ctx, options.Dir); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := s.launch(ctx, options.Port == 0); err != nil {
		s.unlock()
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return s, nil
}

// prepare finds out what serves the folder and as whom, locks it, and fills it.
// The order matters: the version of the data chooses the installation, and only
// whoever holds the lock may make data.
func (s *Server) prepare(ctx context.Context, dir string) (err error) {
	if s.dir, err = makeFolder(dir); err != nil {
		return err
	}
	s.data = filepath.Join(s.dir, dataName)
	major, err := madeBy(s.data)
	if err != nil {
		return err
	}
	if s.inst, err = choose(s.dir, major); err != nil {
		return err
	}
	if s.account, err = account(s.data); err != nil {
		return err
	}
	reachable, err := reaches(s.inst, s.account, s.dir)
	if err != nil {
		return err
	}
	if !reachable {
		if s.dir, err = relocate(s.dir); err != nil {
			return err
		}
		s.data = filepath.Join(s.dir, dataName)
	}
	if s.lock, err = acquire(ctx, s.dir, s.data); err != nil {
		return err
	}
	if err := s.fill(ctx); err != nil {
		s.unlock()
		return err
	}
	return nil
}

// fill makes the data where there are none yet. Data that root has copied here are
// given to the server's user.
func (s *Server) fill(ctx context.Context) error {
	// Another process may have made them while this one waited for the lock.
	major, err := madeBy(s.data)
	if err != nil {
		return err
	}
	if s.passwords, err = readPasswords(s.dir, major == 0); err != nil {
		return err
	}
	if major == 0 {
		return s.initialise(ctx)
	}
	if s.account != nil && ownedByRoot(s.data) {
		return give(s.data, s.account)
	}
	return nil
}

// errPortTaken says that another process listens on the port.
var errPortTaken = errors.New("port is taken")

// launch starts the prepared server, on a free port with anyPort. It tries
// again when the port is taken: one just found free can be gone by the time
// the server wants it, and one just left can be in passing use.
func (s *Server) launch(ctx context.Context, anyPort bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("not ready within %s", startLimit))
	defer cancel()
	var err error
	for range 5 {
		if anyPort {
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		if err = s.run(ctx); !errors.Is(err, errPortTaken) {
			return err
		}
		if !anyPort {
			time.Sleep(100 * time.Millisecond)
		}
	}
	return err
}

// run starts the server and waits until it is ready; one that does not become ready
// is ended. The lock is among its open files, so it holds the lock as long as it
// runs.
func (s *Server) run(ctx context.Context) error {
	log := &tail{next: s.log}
	cmd := exec.Command(filepath.Join(s.inst.Bin, "postgres"), s.arguments()...)
	cmd.Dir, cmd.Env = s.dir, environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes(s.account)
	cmd.ExtraFiles = []*os.File{s.lock}
	cmd.WaitDelay = 5 * time.Second
	proc, err := spawn(cmd, log)
	if err != nil {
		return fmt.Errorf("run postgres: %w", err)
	}
	if err := s.ready(ctx, proc); err != nil {
		proc.signal(syscall.SIGQUIT)
		if !proc.wait(context.Background(), 5*time.Second) {
			proc.signal(syscall.SIGKILL)
			<-proc.done
		}
		return err
	}
	s.proc = proc
	return nil
}

// arguments are settings by command line, which win over those in the data folder.
// The server listens on 127.0.0.1 alone. They are settings of correctness; memory
// and the like keep PostgreSQL's defaults, which suit one person's work.
func (s *Server) arguments() []string {
	settings := []string{
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=",
		"port=" + strconv.Itoa(s.port),
		"logging_collector=off",
		"log_destination=stderr",
		"lc_messages=C",
		"timezone=UTC",
		"log_timezone=UTC",
		"password_encryption=scram-sha-256",
	}
	if s.fast {
		// synchronous_commit stays on: commits must outlive a killed server.
		settings = append(settings, "fsync=off", "full_page_writes=off", "max_wal_size=1GB",
			"wal_level=minimal", "max_wal_senders=0", "max_connections=200")
	}
	if s.connections > 0 {
		settings = append(settings, "max_connections="+strconv.Itoa(s.connections))
	}
	args := []string{"-D", s.data}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// ready waits until the server says in its pid file that it is ready, which proves
// that it and no other holds the port, and then looks after its roles. A connection
// alone would not prove it: another server on the port would answer too.
func (s *Server) ready(ctx context.Context, proc *process) error {
	pause := 5 * time.Millisecond
	for {
		if state := readPidFile(s.data); state.pid == proc.pid() && state.status == "ready" {
			err := s.furnish(ctx)
			if err == nil {
				return nil
			}
			if ctx.Err() == nil && !proc.ended() {
				return err
			}
		}
		select {
		case <-proc.done:
			if strings.Contains(proc.log.String(), "Address already in use") {
				return fmt.Errorf("%w: %d: %s", errPortTaken, s.port, proc.log)
			}
			return fmt.Errorf("postgres ended before it was ready: %s", proc.log)
		case <-ctx.Done():
			return fmt.Errorf("wait for postgres: %w: %s", context.Cause(ctx), proc.log)
		case <-time.After(pause):
			pause = min(pause*5/4, 100*time.Millisecond)
		}
	}
}

// furnish makes the ordinary role and its database where they are missing. It runs at
// each start, so that data that an older version made get what this one needs.
func (s *Server) furnish(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.AdminURL())
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return ensureRole(ctx, conn, s.passwords.role)
}

// freePort is free now; whoever uses it must be ready for it to be gone.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// URL connects as the ordinary role to its database.
func (s *Server) URL() string { return address(s.port, Role, s.passwords.role, Role) }

// AdminURL connects as the superuser to the database postgres.
func (s *Server) AdminURL() string { return address(s.port, adminRole, s.passwords.admin, adminRole) }

// address needs no TLS: the connection does not leave the machine.
func address(port int, role, password, database string) string {
	return (&url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}).String()
}

// Dir is the data folder as resolved.
func (s *Server) Dir() string { return s.dir }

// Pid is the server's process id, or zero when it is not running.
func (s *Server) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil || s.proc.ended() {
		return 0
	}
	return s.proc.pid()
}

// Done is closed when the server started last has ended, asked to or not. A later
// Restart has another channel.
func (s *Server) Done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		ended := make(chan struct{})
		close(ended)
		return ended
	}
	return s.proc.done
}

// Stop shuts the server down: connections are ended and the data written out.
// When the context ends first the server is made to quit at once, which costs
// it a recovery at the next start but no committed data. Stopping a server
// that is not running is no error.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.unlock()
	return s.halt(ctx)
}

// halt ends the server by the first of three signals that works: fast shutdown
// (SIGINT), immediate shutdown (SIGQUIT), SIGKILL. Only the last may leave
// processes of the server behind for a moment.
func (s *Server) halt(ctx context.Context) error {
	if s.proc == nil {
		return nil
	}
	proc := s.proc
	s.proc = nil
	proc.signal(syscall.SIGINT)
	if proc.wait(ctx, startLimit) {
		return nil
	}
	proc.signal(syscall.SIGQUIT)
	if proc.wait(context.Background(), 5*time.Second) {
		return nil
	}
	proc.signal(syscall.SIGKILL)
	<-proc.done
	return fmt.Errorf("stop PostgreSQL: it had to be killed: %w", cmp.Or(ctx.Err(), errors.New("it did not react")))
}

// Kill ends the server as a crash would, for tests of faults, and returns when its
// processes have let go of the data. Restart brings it back. The shared memory is
// removed as well, since a killed server leaves it and the next one would wait for
// it.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return nil
	}
	state := readPidFile(s.data)
	s.proc.signal(syscall.SIGKILL)
	<-s.proc.done
	s.proc = nil
	removeSharedMemory(state.shm)
	return nil
}

// Restart stops the server where it runs and starts it again on the same port, so
// that its URLs stay valid. If it fails, the server is not running and the folder
// is unlocked.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.halt(ctx); err != nil {
		return err
	}
	if s.lock == nil {
		lock, err := acquire(ctx, s.dir, s.data)
		if err != nil {
			return fmt.Errorf("restart PostgreSQL: %w", err)
		}
		s.lock = lock
	}
	if err := s.launch(ctx, false); err != nil {
		s.unlock()
		return fmt.Errorf("restart PostgreSQL: %w", err)
	}
	return nil
}

// unlock is safe to call again. The server's own copies of the open file are closed by
// then.
func (s *Server) unlock() {
	if s.lock != nil {
		s.lock.Close()
		s.lock = nil
	}
}
