package documents

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, migrations.Up) }

func TestEveryFenceIsValidShell(t *testing.T) {
	t.Parallel()
	scripts := 0
	for _, document := range operators {
		for i, part := range strings.Split(read(t, document), "```sh\n")[1:] {
			script, _, _ := strings.Cut(part, "```")
			shell := exec.Command("bash", "-n")
			shell.Stdin = strings.NewReader(script)
			output, err := shell.CombinedOutput()
			assert.NoError(t, err, "%s, fence %d: %s", document, i+1, output)
			scripts++
		}
	}
	assert.Greater(t, scripts, 30)
}

// The runbook uses a superuser's prompt.
func TestEveryQueryOfTheRunbookRuns(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, postgrestest.New(t)))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	queries := 0
	for _, c := range fenced(runbook, read(t, runbook)) {
		if c.words[0] == "$psql" {
			require.Len(t, c.words, 3, c.String())
			_, err := conn.Exec(t.Context(), c.words[2])
			assert.NoError(t, err, c.String())
			queries++
		}
	}
	assert.GreaterOrEqual(t, queries, 4)
}
