// Package repositorytest creates git repositories for tests: a bare remote and a clone of
// it, isolated from the machine's git settings.
//
// A failing git command fails the test. Begin with New.
package repositorytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Clone is a working clone with the bare remote origin.
type Clone struct {
	t      *testing.T
	Folder string
	Remote string
}

// New creates a remote with one commit on main, and a clone of it. It sets environment
// variables, so the test cannot run in parallel.
// Dates are fixed, so equal commits have equal hashes in every run.
func New(t *testing.T) *Clone {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+who+"_NAME", "Somebody")
		t.Setenv("GIT_"+who+"_EMAIL", "somebody@example.com")
		t.Setenv("GIT_"+who+"_DATE", "2026-11-23T06:00:00Z")
	}
	c := &Clone{t: t, Folder: t.TempDir(), Remote: filepath.Join(t.TempDir(), "remote.git")}
	c.Git("init", "--quiet", "--bare", "--initial-branch=main", c.Remote)
	c.Git("init", "--quiet", "--initial-branch=main")
	c.Git("remote", "add", "origin", c.Remote)
	c.Commit("First", map[string]string{"README.md": "# Test\n"})
	c.Git("push", "--quiet", "--set-upstream", "origin", "main")
	return c
}

// Git runs git in the clone and returns its output.
func (c *Clone) Git(args ...string) string { return c.run("git", args...) }

// Shell runs commands in a shell, as a person would paste them.
// It is for commands that the release command prints; the first that fails fails the test.
func (c *Clone) Shell(commands ...string) {
	c.run("bash", "-euo", "pipefail", "-c", strings.Join(commands, "\n"))
}

func (c *Clone) run(name string, args ...string) string {
	c.t.Helper()
	command := exec.Command(name, args...)
	command.Dir = c.Folder
	out, err := command.CombinedOutput()
	require.NoError(c.t, err, "%s\n%s", command, out)
	return strings.TrimSpace(string(out))
}

// Write writes files into the working tree; empty content removes a file.
func (c *Clone) Write(files map[string]string) {
	c.t.Helper()
	for name, content := range files {
		path := filepath.Join(c.Folder, name)
		if content == "" {
			require.NoError(c.t, os.Remove(path))
			continue
		}
		require.NoError(c.t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(c.t, os.WriteFile(path, []byte(content), 0o644))
	}
}

// Commit commits files on the current branch and returns the commit.
func (c *Clone) Commit(subject string, files map[string]string) string {
	c.t.Helper()
	c.Write(files)
	c.Git("add", "--all")
	c.Git("commit", "--quiet", "--allow-empty", "--message", subject)
	return c.Git("rev-parse", "HEAD")
}

// Push pushes a commit to a branch of the remote.
func (c *Clone) Push(commit, branch string) {
	c.t.Helper()
	c.Git("push", "--quiet", "origin", commit+":refs/heads/"+branch)
}

// Heads lists the commits of all branches of the remote and of the clone.
func (c *Clone) Heads() string {
	c.t.Helper()
	return c.Git("ls-remote", "--heads", "origin") + "\n\n" + c.Git("ls-remote", "--heads", ".")
}

// On returns the commit of a branch of the remote.
func (c *Clone) On(branch string) string {
	c.t.Helper()
	commit, _, _ := strings.Cut(c.Git("ls-remote", "origin", "refs/heads/"+branch), "\t")
	return commit
}
