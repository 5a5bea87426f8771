// Package testbed runs the local program with all its dependencies and simulated people, so
// that it exports all its metrics: the model fails now and then, the broker loses events,
// and clients call too often.
//
// It knows nothing of Prometheus or Grafana; who reads the metrics starts those. Begin with
// Start, then Talk.
package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/tools"
	"github.com/sequential-questioning/sequential-questioning/tests/transcript"
)

// A start includes initdb and migrations. A stop waits for calls and the database.
const (
	startLimit = time.Minute
	stopLimit  = 20 * time.Second
)

// Testbed is the running program and its dependencies. Its people may be started
// from several goroutines.
type Testbed struct {
	URL     string // for MCP clients
	Metrics string

	calm    int
	command *exec.Cmd
	output  transcript.Transcript
	ended   chan struct{}
	folder  string
	outside *outside
}

// At is a testbed whose program runs elsewhere and serves MCP clients at url.
func At(url string, calm int) *Testbed { return &Testbed{URL: url, calm: calm} }

// Start builds and starts the program, and returns once it is ready. Everything that
// fails on purpose is calm times as rare as in the tests, where calm is 1. environment is
// added to this process's variables. What was started is stopped if it fails. The
// caller stops the rest.
//
// The folder of its data is new and removed by Stop, so that runs do not depend on each other.
func Start(ctx context.Context, calm int, environment ...string) (_ *Testbed, err error) {
	s := &Testbed{calm: calm, ended: make(chan struct{})}
	defer func() {
		if err != nil {
			err = fmt.Errorf("start the program: %w", errors.Join(err, s.Stop()))
		}
	}()
	if s.folder, err = os.MkdirTemp("", "sequential-questioning-testbed-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(s.folder, 0o711); err != nil { // PostgreSQL runs as another user
		return nil, err
	}
	program := filepath.Join(s.folder, "program")
	if err := build(ctx, program); err != nil {
		return nil, err
	}
	s.outside = newOutside(calm)
	s.command = exec.Command(program, "--port", "0", "--data", filepath.Join(s.folder, "data"))
	s.command.Dir = s.folder
	s.command.Env = append(append(os.Environ(), "LOG_FORMAT=json", "MAX_CONCURRENT_CALLS=8", fmt.Sprintf("TESTBED_CALM=%d", calm),
		"MODEL_BASE_URL="+s.outside.model.URL+"/v1", "MODEL_NAME=testbed",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+s.outside.collector.URL+"/v1/traces"), environment...)
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	if err := s.command.Start(); err != nil {
		s.command = nil
		return nil, err
	}
	go func() {
		defer close(s.ended)
		_ = s.command.Wait()
	}()
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// build compiles the program of the folder program, which is the local program with
// a broker in between.
func build(ctx context.Context, path string) error {
	root, err := tools.Root()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "build", "-o", path, "./tests/monitoring/testbed/program")
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, output)
	}
	return nil
}

// readyLine is what the program prints once it serves.
var readyLine = regexp.MustCompile(`is ready at (\S+)/mcp`)

// ready waits for that line, since the port is chosen by the program.
// If the program ends first, the error has its output.
func (s *Testbed) ready(ctx context.Context) error {
	limit := time.After(startLimit)
	for {
		if match := readyLine.FindStringSubmatch(s.Logs()); match != nil {
			s.URL, s.Metrics = match[1]+"/mcp", match[1]+"/metrics"
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ended:
			return fmt.Errorf("it ended: %s", s.Logs())
		case <-limit:
			return fmt.Errorf("it was not ready within %s: %s", startLimit, s.Logs())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Logs returns the program's output so far.
func (s *Testbed) Logs() string { return s.output.String() }

// Scrape reads the program's metrics in the OpenMetrics format, with exemplars.
// Exemplars are only in this format; they link a metric to a trace.
func (s *Testbed) Scrape(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Metrics, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("scrape: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// Settle waits until the effects of the conversations are visible: the relay has counted the
// waiting events, and a dead letter has been returned.
// It has no limit of its own; bound ctx.
func (s *Testbed) Settle(ctx context.Context) error {
	for {
		page, err := s.Scrape(ctx)
		if err != nil {
			return err
		}
		if strings.Contains(page, "\nquestioning_outbox_waiting") && strings.Contains(page, "\nquestioning_events_returned_total") {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the relay: %w", ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Stop stops everything and removes its files.
// Interrupting it lets the program stop its database; a program that is killed would leave it
// running.
func (s *Testbed) Stop() error {
	var err error
	if s.command != nil {
		_ = s.command.Process.Signal(os.Interrupt) // it may have exited
		select {
		case <-s.ended:
		case <-time.After(stopLimit):
			_ = s.command.Process.Kill()
			<-s.ended
			err = errors.New("the program did not stop in time")
		}
	}
	if s.outside != nil {
		s.outside.close()
	}
	if s.folder != "" {
		err = errors.Join(err, os.RemoveAll(s.folder))
	}
	return err
}
