// Package conformance tests the whole program, or the deployed route of ENDPOINT, with
// third-party MCP clients and with the official conformance suite.
package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

// clients are the names of the clients in clients.mjs.
var clients = []string{"sdk-1", "client-2-legacy", "client-2"}

func TestTheServer(t *testing.T) {
	for name, promise := range map[string]string{
		"describes its capabilities":                 "discovery",
		"shows its playbooks' questions":             "playbooks",
		"completes a conversation":                   "whole",
		"parses answers as people type them":         "typed",
		"asks for nothing that the chat tells":       "told",
		"counts a repeated answer once":              "replay",
		"names the field in bad input":               "mistakes",
		"accepts arguments as models write them":     "loosely",
		"has its results validated by these clients": "validation",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := server(t)
			for _, client := range clients {
				t.Run(client, func(t *testing.T) {
					t.Parallel()
					keep(t, promise, client, url)
				})
			}
		})
	}
	for name, promise := range map[string]string{
		"elicits answers from the person":               "whole",
		"continues after a form was closed":             "cancelled",
		"ignores a decline that is faster than reading": "unseen",
		"continues as text when a form is declined":     "declined",
		"gives the questions to a client without forms": "batch",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := server(t)
			for _, client := range clients {
				t.Run(client, func(t *testing.T) {
					t.Parallel()
					ask(t, promise, client, url, 1)
				})
			}
		})
	}
	for name, scenarios := range map[string][]string{
		"passes the official suite":            {"--suite", "active"},
		"meets the requirements of 2026-07-28": {"--requirements", "2026-07-28"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			officialSuite(t, bearing(t, server(t)), scenarios...)
		})
	}
}

// Answers to a playbook's questions improve it.
func TestTheProgramChoosesQuestionsWithoutASchema(t *testing.T) {
	url := start(t, postgrestest.New(t)).URL
	for _, client := range clients {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			keep(t, "playbook", client, url)
		})
	}
}

func TestAConversationContinuesAfterAKillWithAnotherClient(t *testing.T) {
	for i, first := range clients {
		second := clients[(i+1)%len(clients)]
		t.Run(first+" then "+second, func(t *testing.T) {
			t.Parallel()
			database := postgrestest.New(t)
			running := start(t, database)
			left := keep(t, "begin", first, running.URL)
			running.Kill()
			keep(t, "resume", second, start(t, database).URL, left)
		})
	}
}

// start runs the program without this process's environment variables.
func start(t *testing.T, database string) *program.Instance {
	t.Helper()
	return program.Start(t, []string{"DATABASE_URL=" + database})
}

// keep runs a promise of run.mjs with a client and returns the output.
func keep(t *testing.T, promise, client, url string, left ...string) string {
	t.Helper()
	stdout, stderr, err := node(t, append([]string{"run.mjs", promise, client, url}, left...)...)
	require.NoError(t, err, stderr)
	return stdout
}

var (
	colour   = regexp.MustCompile(`\x1b\[\d+m`)
	total    = regexp.MustCompile(`(?m)^Total: (\d+) passed`)
	expected = regexp.MustCompile(`(?m)^  ~ `)
	verdict  = regexp.MustCompile(`(?ms)^(Stale baseline entries|Unexpected failures \().*`)
	wrong    = regexp.MustCompile(`(?m)^  ✗ ([\w-]+):?(.*)$`)
)

// officialSuite runs scenarios of the suite. Exactly the checks in expected-failures.yml must
// fail.
func officialSuite(t *testing.T, url string, scenarios ...string) {
	t.Helper()
	results := t.TempDir()
	stdout, stderr, err := node(t, append([]string{
		filepath.FromSlash("node_modules/@modelcontextprotocol/conformance/dist/index.js"),
		"server", "--url", url, "--expected-failures", "expected-failures.yml", "--output-dir", results,
	}, scenarios...)...)
	stdout = colour.ReplaceAllString(stdout, "")
	passed := total.FindStringSubmatch(stdout)
	require.NotNil(t, passed, "%v\n%s%s", err, stdout, stderr)
	t.Logf("%s checks passed, %d failed as expected", passed[1], len(expected.FindAllString(stdout, -1)))
	if err != nil {
		said := verdict.FindString(stdout)
		t.Errorf("%v\n%s", err, said)
		for _, failed := range wrong.FindAllStringSubmatch(said, -1) {
			logFailedChecks(t, results, failed[1], failed[2])
		}
	}
}

// logFailedChecks logs the details of a check, or of all failed checks of the scenario.
func logFailedChecks(t *testing.T, results, scenario, id string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(results, "server-"+scenario+"-[0-9]*", "checks.json"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var checks []struct {
			ID, Status, Description, ErrorMessage string
			Details                               json.RawMessage
		}
		require.NoError(t, json.Unmarshal(data, &checks))
		for _, check := range checks {
			if (check.Status == "FAILURE" || check.Status == "WARNING") && (id == "" || id == check.ID) {
				t.Logf("%s %s: %s\n%s\n%s", check.Status, check.ID, check.Description, check.ErrorMessage, check.Details)
			}
		}
	}
}

const (
	// nodePath is the pinned Node.js, independent of the machine's.
	nodePath    = "node_modules/.bin/node"
	scriptLimit = 2 * time.Minute // functions of a deployed route may have to start
)

func node(t *testing.T, arguments ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), scriptLimit)
	defer cancel()
	var out, errs bytes.Buffer
	command := exec.CommandContext(ctx, nodePath, arguments...)
	command.Env = append(environment(), "NO_COLOR=1")
	command.Stdout, command.Stderr = &out, &errs
	command.WaitDelay = time.Second
	err = command.Run()
	return out.String(), strings.TrimSpace(errs.String()), err
}
