// Package deployed builds functions as deployed and runs each in its own process on
// loopback, with the settings of its func.yaml. Tests that are about processes (chaos,
// hostile input, performance) use it; others call functions in process.
//
// It starts no database and no broker: whoever needs them passes their addresses as variables.
// Begin with Programs.
package deployed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	listenLimit = 30 * time.Second
	readyLimit  = 30 * time.Second
	stopLimit   = 10 * time.Second
	// startAttempts bounds how often a start is tried: a port just found free
	// can be taken by the time the program wants it.
	startAttempts = 5
)

// Root returns the folder of the workspace.
func Root(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOWORK").Output()
	if err != nil {
		return "", fmt.Errorf("find the workspace: %w", err)
	}
	work := strings.TrimSpace(string(out))
	if work == "" || work == "off" {
		return "", errors.New("find the workspace: run this inside the project")
	}
	return filepath.Dir(work), nil
}

// Programs are the functions of a workspace, built into a folder.
type Programs struct {
	Root   string // of the workspace
	Folder string // of the binaries
}

// Path returns the path of a function's program.
func (p Programs) Path(name string) string { return filepath.Join(p.Folder, name) }

// Build builds the programs as for images. It passes further flags to go build. The
// flags are those of package images in gitops/release; they decide sizes and speed.
func (p Programs) Build(ctx context.Context, names []string, flags ...string) error {
	arguments := append([]string{"build", "-trimpath", "-tags=grpcnotrace,nethttpomithttp2,nopgxregisterdefaulttypes", "-ldflags=-s -w"}, flags...)
	for _, name := range names {
		cmd := exec.CommandContext(ctx, "go", append(arguments[:len(arguments):len(arguments)], "-o", p.Path(name), p.Source(name))...)
		cmd.Dir, cmd.Env = p.Root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// Source returns the package of a function's program, or of the local program. Those
// are also the names that tests call them by.
func (p Programs) Source(name string) string {
	if name == "local" {
		return "./functions/local/cmd/sequential-questioning"
	}
	return "./functions/" + name + "/cmd/" + name
}

// Environment returns the variables that func.yaml sets, without secrets. It returns an
// error if there is no func.yaml. A value from a Secret or a ConfigMap has no meaning
// outside of a cluster; the caller gives its own.
func (p Programs) Environment(name string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(p.Root, "functions", name, "func.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read deployment of %s: %w", name, err)
	}
	var document struct {
		Run struct {
			Envs []struct{ Name, Value string }
		}
	}
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("read deployment of %s: %w", name, err)
	}
	var environment []string
	for _, e := range document.Run.Envs {
		if !strings.Contains(e.Value, "{{") {
			environment = append(environment, e.Name+"="+e.Value)
		}
	}
	return environment, nil
}

// Process is a running program.
// Address, Started and Listening do not change after the start.
type Process struct {
	Name      string
	Address   string // host and port
	Started   time.Time
	Listening time.Duration // from Started

	cmd   *exec.Cmd
	ended chan struct{}
	err   error // of its exit
}

// Start runs a function on a free port and returns as soon as it listens, with
// the connection that found out, which the caller closes. Its settings are
// those of its func.yaml and then env; it writes to log.
// A variable in env overrides the one of func.yaml.
func (p Programs) Start(ctx context.Context, name string, log io.Writer, env ...string) (*Process, net.Conn, error) {
	settings, err := p.Environment(name)
	if err != nil {
		return nil, nil, err
	}
	for range startAttempts {
		var proc *Process
		var conn net.Conn
		if proc, conn, err = p.start(ctx, name, log, append(settings, env...)); err == nil {
			return proc, conn, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, nil, err
}

// start tries one port. It polls often, because the time until the program listens
// is measured.
func (p Programs) start(ctx context.Context, name string, log io.Writer, env []string) (*Process, net.Conn, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, nil, err
	}
	proc := &Process{Name: name, Address: address, cmd: exec.Command(p.Path(name)), ended: make(chan struct{})}
	proc.cmd.Env = append(env[:len(env):len(env)], "LISTEN_ADDRESS="+address)
	proc.cmd.Stdout, proc.cmd.Stderr = log, log
	proc.Started = time.Now()
	if err := proc.cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		proc.err = proc.cmd.Wait()
		close(proc.ended)
	}()
	for time.Since(proc.Started) < listenLimit && ctx.Err() == nil && !proc.Ended() {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			proc.Listening = time.Since(proc.Started)
			return proc, conn, nil
		}
		time.Sleep(time.Millisecond)
	}
	return nil, nil, errors.Join(fmt.Errorf("%s does not listen", name), ctx.Err(), proc.Stop())
}

// Ready waits until the program reports that it is ready. It is what Kubernetes asks
// before it sends calls.
// An ended process is an error at once, without waiting for the limit.
func (proc *Process) Ready(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < readyLimit && ctx.Err() == nil && !proc.Ended(); time.Sleep(10 * time.Millisecond) {
		response, err := http.Get("http://" + proc.Address + "/health/readiness")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	return errors.Join(fmt.Errorf("%s is not ready", proc.Name), ctx.Err())
}

// URL returns the program's MCP endpoint.
func (proc *Process) URL() string { return "http://" + proc.Address + "/mcp" }

// Pid returns the process id.
func (proc *Process) Pid() int { return proc.cmd.Process.Pid }

// Ended reports whether the process has exited.
func (proc *Process) Ended() bool {
	select {
	case <-proc.ended:
		return true
	default:
		return false
	}
}

// Kill kills the process with SIGKILL. Nothing is written or released on the way, as
// when a node fails.
func (proc *Process) Kill() {
	_ = proc.cmd.Process.Kill() // it may have exited
	<-proc.ended
}

// Stop terminates the process, and kills it if it does not exit. It returns an error if the
// process fails during shutdown; the log has its output. A new process that does not handle
// the signal yet dies by it, which is not an error.
func (proc *Process) Stop() error {
	_ = proc.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-proc.ended:
	case <-time.After(stopLimit):
		proc.Kill()
	}
	if proc.err == nil {
		return nil
	}
	var exit *exec.ExitError
	if errors.As(proc.err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGTERM {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", proc.Name, proc.err)
}

// FreeAddress returns an address of 127.0.0.1 with a free port. Another process may
// take the port before it is used.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
