// Package ownertest makes the owner's choices in copies of the repository, and runs there
// what reads them.
//
// A fork has no sources of functions and is never built or deployed. Begin with Fork, and with
// Rerun for a package's own tests.
package ownertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
)

// Choices are edits of the owner's file: texts and what replaces them. Each must pass.
// They are written as an owner would make them by hand: where the file's text changes,
// its edit must be changed with it.
var Choices = map[string][][2]string{
	"own values": {
		{`(repository)=\S+`, "$1=ssh://git@git.acme.dev:2222/platform/questions.git"},
		{`(runbook)=\S+`, "$1=https://wiki.acme.dev/runbooks/questions"},
		{`(registry)=\S+`, "$1=registry.acme.dev:5000/platform"},
		{`(domain)=\S+`, "$1=ask.acme.dev"},
		{`(issuer)=\S+`, "$1=https://login.acme.dev/realms/acme"},
		{`(contact)=\S+`, "$1=ops@acme.dev"},
		{`(backups)=\S+`, "$1=s3://acme/postgres"},
		{`(snapshots)=\S+`, "$1=acme-snapshots"},
	},
	"a second registry":         {{`(registry=\S+)`, "$1 quay.io/acme"}},
	"everybody may call":        {{`callers/tokens`, "callers/open"}},
	"DNS of Google":             {{`- dns/\w+$`, "- dns/google"}, {`(dns-project)=\S+`, "$1=acme-dns"}},
	"DNS of Amazon":             {{`- dns/\w+$`, "- dns/route53"}},
	"the provider's PostgreSQL": {{`# (- postgresql/managed)`, "$1"}, {`(database-addresses)=\S+`, "$1=10.7.0.0/16"}, {`(database-port)=\S+`, "$1=25060"}},
	"another object store":      {{`# (- object-store )`, "$1"}, {`(object-store)=\S+`, "$1=https://storage.acme.dev:9000"}, {`(object-store-port)=\S+`, "$1=9000"}},
	"a storage class":           {{`# (- storage-class )`, "$1"}, {`(storage-class)=\S+`, "$1=fast"}},
	"release candidates":        {{`# (- candidates )`, "$1"}},
	"signed commits":            {{`# (- signed-commits )`, "$1"}},
}

// Together has each choice once: those of a row can be made together. Each row costs a
// build of everything, so there are as few as possible.
var Together = [][]string{
	{"own values"},
	{"everybody may call", "DNS of Google", "the provider's PostgreSQL", "another object store", "release candidates"},
	{"DNS of Amazon", "a storage class", "signed commits", "a second registry"},
}

// Fork copies the part of the repository at root that a delivery reads, with choices
// made and with the images pinned in the owner's registry, as `release images` does. It
// copies functions' func.yaml but no sources: nothing is compiled there.
// It is removed with the test.
func Fork(t *testing.T, root string, choices ...string) string {
	t.Helper()
	fork := t.TempDir()
	for _, folder := range []string{"gitops", "policies", "migrations", "docs"} {
		require.NoError(t, os.CopyFS(filepath.Join(fork, folder), os.DirFS(filepath.Join(root, folder))))
	}
	files, err := filepath.Glob(filepath.Join(root, "functions", "*", "func.yaml"))
	require.NoError(t, err)
	for _, file := range append(files, filepath.Join(root, "go.work")) {
		relative, err := filepath.Rel(root, file)
		require.NoError(t, err)
		Edit(t, file, filepath.Join(fork, relative))
	}
	before, err := owner.Read(root)
	require.NoError(t, err)
	file := filepath.Join(fork, owner.File)
	for _, choice := range choices {
		require.Contains(t, Choices, choice)
		Edit(t, file, file, Choices[choice]...)
	}
	after, err := owner.Read(fork)
	require.NoError(t, err)
	pins := filepath.Join(fork, "gitops/images/kustomization.yaml")
	Edit(t, pins, pins, [2]string{regexp.QuoteMeta("newName: " + before.Registry() + "/"), "newName: " + after.Registry() + "/"})
	return fork
}

// Edit writes a file with each expression replaced; each must match.
func Edit(t *testing.T, from, to string, edits ...[2]string) {
	t.Helper()
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	for _, edit := range edits {
		expression := regexp.MustCompile("(?m)" + edit[0])
		require.Regexp(t, expression, string(content))
		content = expression.ReplaceAll(content, []byte(edit[1]))
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
	require.NoError(t, os.WriteFile(to, content, 0o644))
}

// Rerun runs the tests of this package in forks that make every choice, except the calling
// test and those whose name matches the expression: they read nothing that an owner can
// change. The folder is the package's, below the repository's root, which is at root.
// A failing test of a fork is shown with its whole output.
func Rerun(t *testing.T, root, folder, except string) {
	caller := t.Name()
	program, err := os.Executable()
	require.NoError(t, err)
	made := 0
	for _, choices := range Together {
		made += len(choices)
		t.Run(strings.Join(choices, ", "), func(t *testing.T) {
			fork := Fork(t, root, choices...)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			tests := exec.CommandContext(ctx, program, "-test.skip=^"+caller+"$|"+except)
			tests.Dir = filepath.Join(fork, filepath.FromSlash(folder))
			output, err := tests.CombinedOutput()
			assert.NoError(t, err, "%s", output)
		})
	}
	assert.Equal(t, len(Choices), made, "each choice is made")
}
