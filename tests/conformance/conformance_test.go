// Package conformance holds the whole program against foreign MCP clients and
// the official conformance suite.
package conformance

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

const (
	modules     = "node_modules"
	readyLimit  = 30 * time.Second
	stopLimit   = 20 * time.Second
	scriptLimit = time.Minute
)

var clients = []string{"sdk-1", "client-2-legacy", "client-2"}

func TestMain(m *testing.M) { postgrestest.Main(m, migrations.Up) }

func TestProgram(t *testing.T) {
	if _, err := os.Stat(modules); err != nil {
		t.Fatal("node_modules is missing: run `make conformance`, or `npm ci --prefix tests/conformance` once")
	}
	program := build(t)
	for name, promise := range map[string]string{
		"is discovered":                                      "discovery",
		"leads a whole conversation":                         "whole",
		"reads what a person types":                          "typed",
		"comes to an end without information_needed":         "playbook",
		"counts a repeated call once":                        "replay",
		"names the field in bad input":                       "mistakes",
		"has its results held against their schemas":         "validation",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, program, postgrestest.New(t))
			for _, client := range clients {
				t.Run(client, func(t *testing.T) {
					t.Parallel()
					keep(t, promise, client, p.url)
				})
			}
		})
	}
	t.Run("forgets nothing when it is killed", func(t *testing.T) {
		t.Parallel()
		for i, first := range clients {
			second := clients[(i+1)%len(clients)]
			t.Run(first+" then "+second, func(t *testing.T) {
				t.Parallel()
				database := postgrestest.New(t)
				p := start(t, program, database)
				left := keep(t, "begin", first, p.url)
				require.NoError(t, p.command.Process.Kill())
				<-p.ended
				keep(t, "resume", second, start(t, program, database).url, left)
			})
		}
	})
	t.Run("passes the official suite", func(t *testing.T) {
		t.Parallel()
		for name, scenarios := range map[string][]string{
			"default":    {"--suite", "active"},
			"2026-07-28": {"--requirements", "2026-07-28"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				officialSuite(t, start(t, program, postgrestest.New(t)).url, scenarios...)
			})
		}
	})
}

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
	ended   chan struct{}
}

var readyLine = regexp.MustCompile(`is ready at (\S+)`)

// start runs the program until the test ends, or until it is killed.
func start(t *testing.T, program, database string) *instance {
	t.Helper()
	var output announced
	p := &instance{command: exec.Command(program, "--port", "0"), ended: make(chan struct{})}
	p.command.Dir = t.TempDir()
	p.command.Env = []string{"DATABASE_URL=" + database}
	p.command.Stdout, p.command.Stderr = &output, &output
	require.NoError(t, p.command.Start())
	go func() {
		defer close(p.ended)
		_ = p.command.Wait()
	}()
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("the program said:\n%s", output.String())
		}
	})
	deadline := time.After(readyLimit)
	for p.url == "" {
		select {
		case <-p.ended:
			t.Fatal("the program ended before it was ready")
		case <-deadline:
			t.Fatal("the program is not ready in time")
		case <-time.After(10 * time.Millisecond):
			if match := readyLine.FindStringSubmatch(output.String()); match != nil {
				p.url = match[1]
			}
		}
	}
	return p
}

func (p *instance) stop(t *testing.T) {
	if err := p.command.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		<-p.ended
		return
	}
	select {
	case <-p.ended:
		if code := p.command.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the program ended with exit code %d", code)
		}
	case <-time.After(stopLimit):
		t.Error("the program did not stop in time")
		_ = p.command.Process.Kill()
		<-p.ended
	}
}
