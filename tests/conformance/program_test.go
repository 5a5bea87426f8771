package conformance

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	readyLimit = 30 * time.Second
	stopLimit  = 20 * time.Second
)

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "local")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program,
		"github.com/sequential-questioning/sequential-questioning/functions/local/cmd/local").CombinedOutput()
	require.NoError(t, err, "%s", output)
	return program
}

// instance is the program, running.
type instance struct {
	url     string
	command *exec.Cmd
	output  transcript
	ended   chan struct{}
}

var readyLine = regexp.MustCompile(`is ready at (\S+)`)

// start runs the program on a free port until the test ends. It sees nothing
// of this process's environment.
func start(t *testing.T, program, database string) *instance {
	t.Helper()
	p := &instance{command: exec.Command(program, "--port", "0"), ended: make(chan struct{})}
	p.command.Dir = t.TempDir()
	p.command.Env = []string{"DATABASE_URL=" + database}
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	require.NoError(t, p.command.Start())
	go func() {
		defer close(p.ended)
		_ = p.command.Wait()
	}()
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("the program said:\n%s", p.output.String())
		}
	})
	p.waitUntilReady(t)
	return p
}

func (p *instance) waitUntilReady(t *testing.T) {
	t.Helper()
	limit := time.After(readyLimit)
	for {
		if match := readyLine.FindStringSubmatch(p.output.String()); match != nil {
			p.url = match[1]
			return
		}
		select {
		case <-p.ended:
			t.Fatal("the program ended before it was ready")
		case <-limit:
			t.Fatal("the program was not ready in time")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// kill ends the program as a power cut would.
func (p *instance) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.command.Process.Kill())
	<-p.ended
}

func (p *instance) stop(t *testing.T) {
	if err := p.command.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		return
	}
	select {
	case <-p.ended:
		if code := p.command.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the program ended with exit code %d", code)
		}
	case <-time.After(stopLimit):
		t.Error("the program did not stop in time")
		p.kill(t)
	}
}

// transcript is output that can be read while it is written.
type transcript struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *transcript) Write(p []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(p)
}

func (o *transcript) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}
