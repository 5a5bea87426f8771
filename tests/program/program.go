// Package program builds and runs the local program as a user does.
//
// The program gets the variables that a test passes; without any, those of the test itself.
// Begin with Runner and Start.
package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/tests/transcript"
)

// readyLimit includes initdb and the migrations of a first start.
const (
	readyLimit = time.Minute
	stopLimit  = 30 * time.Second
	source     = "github.com/sequential-questioning/sequential-questioning/functions/local/cmd/sequential-questioning"
)

// build builds the program once per test binary. Every test of the binary runs the same
// program. Tests that build it each would wait for each other's compilers.
var build = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "sequential-questioning-program-")
	if err != nil {
		return "", err
	}
	built = folder
	path := filepath.Join(folder, "local")
	if output, err := exec.Command("go", "build", "-o", path, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w: %s", err, output)
	}
	return path, nil
})

// built is set by build and removed by Runner.
var built string // folder of the built program

// Runner runs a test binary's tests and removes the program afterwards. Use it in
// TestMain.
type Runner struct{ *testing.M }

// Run runs the tests.
func (r Runner) Run() int {
	defer func() {
		if built != "" {
			os.RemoveAll(built)
		}
	}()
	return r.M.Run()
}

// Path returns the program's path. The program is built by the first test that needs
// it.
func Path(t testing.TB) string {
	t.Helper()
	path, err := build()
	require.NoError(t, err)
	return path
}

// Instance is a running program.
type Instance struct {
	URL     string // for MCP clients
	command *exec.Cmd
	output  transcript.Transcript
	ended   chan struct{}
}

// readyLine is what the program says to a person; it is the only way to learn the port.
var readyLine = regexp.MustCompile(`is ready at (\S+)`)

// Start runs the program on a free port and returns once it is ready. At the end of the test
// it must stop cleanly, unless it was stopped before.
// Each instance has a working folder of its own.
func Start(t testing.TB, environment []string, args ...string) *Instance {
	t.Helper()
	p := &Instance{command: exec.Command(Path(t), append([]string{"--port", "0"}, args...)...), ended: make(chan struct{})}
	p.command.Dir = t.TempDir()
	p.command.Env = environment
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	require.NoError(t, p.command.Start())
	go func() {
		defer close(p.ended)
		_ = p.command.Wait()
	}()
	t.Cleanup(func() {
		p.Interrupt(t)
		if t.Failed() {
			t.Logf("output of the program:\n%s", p.Output())
		}
	})
	p.waitUntilReady(t)
	return p
}

// waitUntilReady waits for the line that a user sees, and takes the URL from it.
func (p *Instance) waitUntilReady(t testing.TB) {
	t.Helper()
	limit := time.After(readyLimit)
	for {
		if match := readyLine.FindStringSubmatch(p.Output()); match != nil {
			p.URL = match[1]
			return
		}
		select {
		case <-p.ended:
			t.Fatal("the program exited before it was ready")
		case <-limit:
			t.Fatal("the program was not ready in time")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Output returns the program's output so far.
func (p *Instance) Output() string { return p.output.String() }

// Pid returns the process id.
func (p *Instance) Pid() int { return p.command.Process.Pid }

// Kill kills the program with SIGKILL.
func (p *Instance) Kill() {
	_ = p.command.Process.Kill() // it may have exited
	<-p.ended
}

// Interrupt sends SIGINT, like Ctrl-C. The program must exit cleanly. It does nothing if the
// program has already exited.
func (p *Instance) Interrupt(t testing.TB) {
	t.Helper()
	if err := p.command.Process.Signal(os.Interrupt); errors.Is(err, os.ErrProcessDone) {
		return
	}
	select {
	case <-p.ended:
		if code := p.command.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the program exited with code %d", code)
		}
	case <-time.After(stopLimit):
		t.Error("the program did not stop in time")
		p.Kill()
	}
}
