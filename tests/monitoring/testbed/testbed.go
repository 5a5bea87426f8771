// Package stage runs the local program with everything that it can use, and has
// people talk to it, so that it shows all of its metrics: a model that fails now
// and then, a broker that loses an event sometimes, clients that call too often.
package stage

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

const (
	startLimit = time.Minute
	stopLimit  = 20 * time.Second
)

// Stage is the program, running, and what it depends on.
type Stage struct {
	URL     string // for MCP clients
	Metrics string

	command *exec.Cmd
	output  transcript.Transcript
	ended   chan struct{}
	folder  string
	outside *outside
}

// Start builds the program and returns when it is ready. environment adds to this
// process's.
func Start(ctx context.Context, environment ...string) (_ *Stage, err error) {
	s := &Stage{ended: make(chan struct{})}
	defer func() {
		if err != nil {
			err = fmt.Errorf("start the program: %w", errors.Join(err, s.Stop()))
		}
	}()
	if s.folder, err = os.MkdirTemp("", "sequential-questioning-stage-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(s.folder, 0o711); err != nil { // PostgreSQL runs as a user of its own
		return nil, err
	}
	program := filepath.Join(s.folder, "program")
	if err := build(ctx, program); err != nil {
		return nil, err
	}
	s.outside = newOutside()
	s.command = exec.Command(program, "--port", "0", "--data", filepath.Join(s.folder, "data"))
	s.command.Dir = s.folder
	s.command.Env = append(append(os.Environ(), "LOG_FORMAT=json", "MAX_CONCURRENT_CALLS=8",
		"MODEL_BASE_URL="+s.outside.model.URL+"/v1", "MODEL_NAME=stage",
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

func build(ctx context.Context, path string) error {
	root, err := tools.Root()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "build", "-o", path, "./tests/monitoring/stage/program")
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, output)
	}
	return nil
}

var readyLine = regexp.MustCompile(`is ready at (\S+)/mcp`)

func (s *Stage) ready(ctx context.Context) error {
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

// Logs is what the program has printed so far.
func (s *Stage) Logs() string { return s.output.String() }

// Scrape reads the program's metrics, in OpenMetrics' format, with exemplars.
func (s *Stage) Scrape(ctx context.Context) (string, error) {
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

// Settle returns when what people did has come to its end: the relay has counted
// what waits, and a dead letter has come back.
func (s *Stage) Settle(ctx context.Context) error {
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

// Stop ends everything and removes what was kept.
func (s *Stage) Stop() error {
	var err error
	if s.command != nil {
		_ = s.command.Process.Signal(os.Interrupt) // it may have ended
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
