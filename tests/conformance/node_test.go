package conformance

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// keep has a client keep one of the promises in run.mjs and returns what it
// printed.
func keep(t *testing.T, promise, client, url string, left ...string) string {
	t.Helper()
	stdout, stderr, err := node(t, append([]string{"run.mjs", promise, client, url}, left...)...)
	require.NoError(t, err, "%s", stderr)
	return stdout
}

var (
	totals   = regexp.MustCompile(`(?m)^Total: (\d+ passed), \d+ failed$`)
	baseline = regexp.MustCompile(`(?s)\n[^\n]*(?:Expected|Unexpected) failures.*`)
	expected = regexp.MustCompile(`(?m)^  ~ `)
)

// officialSuite runs scenarios of the official suite. Every failing check has
// to be in expected-failures.yml, and everything in there has to fail.
func officialSuite(t *testing.T, url string, scenarios ...string) {
	t.Helper()
	suite := filepath.Join(modules, "@modelcontextprotocol", "conformance", "dist", "index.js")
	output, stderr, err := node(t, append([]string{suite, "server", "--url", url, "--expected-failures", "expected-failures.yml"}, scenarios...)...)
	if err != nil {
		t.Fatalf("%s\n%s%s", strings.Join(scenarios, " "), failures(output), stderr)
	}
	total := totals.FindStringSubmatch(output)
	require.NotNil(t, total, "%s", output)
	t.Logf("%s: %s, %d failed as expected", strings.Join(scenarios, " "), total[1], len(expected.FindAllString(output, -1)))
}
