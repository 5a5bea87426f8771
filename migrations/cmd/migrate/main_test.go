package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, nil) }

func execute(t *testing.T, url string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, url, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestMigrateTwice(t *testing.T) {
	url := postgrestest.New(t)
	code, out, errOut := execute(t, url, "--status")
	assert.Equal(t, exitDone, code, errOut)
	assert.Contains(t, out, "pending               00001_")
	assert.Contains(t, out, "database is at version 0, this build knows")

	code, out, errOut = execute(t, url)
	assert.Equal(t, exitDone, code, errOut)
	assert.Contains(t, out, "applied 00001_")
	assert.Contains(t, out, "database is at version ")
	assert.Empty(t, errOut)

	code, out, errOut = execute(t, url)
	assert.Equal(t, exitDone, code, errOut)
	assert.NotContains(t, out, "applied")

	code, out, _ = execute(t, url, "--status")
	assert.Equal(t, exitDone, code)
	assert.NotContains(t, out, "pending  ")
}

func TestHelp(t *testing.T) {
	code, out, errOut := execute(t, "", "--help")
	assert.Equal(t, exitDone, code)
	assert.Equal(t, usage, out)
	assert.Empty(t, errOut)
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{{"--nonsense"}, {"extra"}, {"--timeout=0s"}, {"--timeout=soon"}} {
		code, out, errOut := execute(t, "postgres://127.0.0.1:1/things", args...)
		assert.Equal(t, exitUsage, code, args)
		assert.Empty(t, out)
		assert.Contains(t, errOut, "Usage: migrate")
	}
	code, _, errOut := execute(t, "")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errOut, "DATABASE_URL is not set")
}

func TestUnreachableDatabase(t *testing.T) {
	code, out, errOut := execute(t, "postgres://someone:hunter2@127.0.0.1:1/things", "--timeout=300ms")
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, out)
	assert.Contains(t, errOut, "migrate: database not reachable within")
	assert.NotContains(t, errOut, "hunter2")
}
