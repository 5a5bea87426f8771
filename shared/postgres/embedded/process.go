package embedded

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is one run of the server.
type process struct {
	cmd  *exec.Cmd
	log  *tail
	done chan struct{} // closed when it has ended and its log is complete
}

// spawn starts cmd from a thread that lives as long as the child, because the
// parent-death signal fires when that thread ends. See PR_SET_PDEATHSIG in
// prctl(2). Without the locked thread the Go runtime could end it while the server
// is in use.
func spawn(cmd *exec.Cmd, log *tail) (*process, error) {
	p := &process{cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		release, err := guard(cmd.Process.Pid)
		if err != nil {
			_ = cmd.Process.Signal(syscall.SIGQUIT)
			_ = cmd.Wait()
			started <- err
			return
		}
		started <- nil
		_ = cmd.Wait()
		release()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// signal ignores errors: the only one is that the process has ended.
func (p *process) signal(sig os.Signal) { _ = p.cmd.Process.Signal(sig) }

// ended reports whether the process has ended, without waiting.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// wait waits for the end, at most so long, and reports whether it came.
func (p *process) wait(ctx context.Context, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return p.ended()
}

// runLocked runs a short-lived child under the same rule as spawn.
func runLocked(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return cmd.Run()
}

// environment keeps the caller's secrets, and settings such as PGPORT, from
// the server.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
