// Package repository reads and pushes git branches. It never changes the working tree, the
// index or a local branch.
//
// It runs the git command rather than a library, so that the credentials, signatures and
// protocols of the machine work as they do for a person. Begin with Open.
package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Remote is the remote whose branches Argo CD deploys.
const Remote = "origin"

// wait is how long a command may take. A fetch of a few commits takes seconds; a longer
// wait is one for a password that nobody types.
const wait = 2 * time.Minute

// Repository is a local clone.
type Repository struct{ root string }

// Open returns the repository that contains a folder. A shallow clone is refused:
// whether a branch can be fast-forwarded shows in history alone.
func Open(ctx context.Context, folder string) (*Repository, error) {
	r := &Repository{root: folder}
	lines, err := r.Git(ctx, "rev-parse", "--show-toplevel", "--is-shallow-repository")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", folder, err)
	}
	if lines[1] == "true" {
		return nil, errors.New("the clone is shallow and lacks the history of merges: run `git fetch --unshallow`")
	}
	return &Repository{root: lines[0]}, nil
}

// Git runs a command in the repository's root and returns the lines that it prints, none
// for no output. Its error has what git said, which names the cause better than an exit
// code. Messages are in English and without hints, the user's settings do not change the
// output, and locks that are optional are not taken, so that an editor's git is not
// disturbed.
func (r *Repository) Git(ctx context.Context, args ...string) ([]string, error) {
	return r.with(ctx, nil, args...)
}

// with is Git with more environment variables.
func (r *Repository) with(ctx context.Context, environment []string, args ...string) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("no response within %s", wait))
	defer cancel()
	settings := []string{"-c", "core.quotePath=false", "-c", "color.ui=false", "-c", "log.showSignature=false", "-c", "push.followTags=false"}
	command := exec.CommandContext(ctx, "git", append(settings, args...)...)
	command.Dir, command.WaitDelay = r.root, 5*time.Second
	command.Env = append(append(os.Environ(), "LC_ALL=C", "GIT_ADVICE=0", "GIT_OPTIONAL_LOCKS=0"), environment...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("git %s: %s: %w", args[0], strings.ReplaceAll(strings.TrimSpace(stderr.String()), "\n", "; "), err)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return strings.Split(strings.TrimRight(string(out), "\n"), "\n"), nil
}

// Fetch updates the remote-tracking branches of Remote and returns the commits of those
// that it has. It changes nothing else: no tags, no FETCH_HEAD and no local branch. A
// branch that was rewritten is followed.
func (r *Repository) Fetch(ctx context.Context, branches ...string) (map[string]string, error) {
	// The remote is asked first: a fetch fails at the first branch that is missing.
	ask := []string{"ls-remote", "--heads", Remote}
	for _, branch := range branches {
		ask = append(ask, "refs/heads/"+branch)
	}
	lines, err := r.Git(ctx, ask...)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	heads, fetch := map[string]string{}, []string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", Remote}
	for _, line := range lines {
		commit, ref, _ := strings.Cut(line, "\t")
		branch := strings.TrimPrefix(ref, "refs/heads/")
		heads[branch], fetch = commit, append(fetch, fmt.Sprintf("+%s:refs/remotes/%s/%s", ref, Remote, branch))
	}
	_, err = r.Git(ctx, fetch...)
	return heads, err
}

// Push moves a branch of Remote forward to a commit, or creates it. Git refuses it if
// that would lose a commit. No tags and no local changes go with it.
func (r *Repository) Push(ctx context.Context, branch, commit string) error {
	_, err := r.Git(ctx, "push", "--quiet", Remote, commit+":refs/heads/"+branch)
	return err
}

// Export writes a commit's tree into a new or empty folder. Links become files that hold
// their target: a proposed tree must not lead out of itself. It leaves the index alone.
func (r *Repository) Export(ctx context.Context, commit, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("export %s: %w", commit, err)
	}
	index := filepath.Join(folder, ".git") // no tree can hold this name
	for _, args := range [][]string{{"read-tree", commit}, {"-c", "core.symlinks=false", "checkout-index", "--all", "--prefix=" + folder + "/"}} {
		if _, err := r.with(ctx, []string{"GIT_INDEX_FILE=" + index}, args...); err != nil {
			return fmt.Errorf("export %s: %w", commit, err)
		}
	}
	return os.Remove(index)
}

// Returning returns the commands that merge a branch's own commits back into the branch
// it is promoted from, so that it can be fast-forwarded again. They expect a clean
// checkout, and leave it on from.
func Returning(branch, from string) []string {
	return []string{
		fmt.Sprintf("git fetch %s %s %s", Remote, from, branch),
		"git switch " + from,
		fmt.Sprintf("git merge --ff-only %s/%s", Remote, from),
		fmt.Sprintf("git merge --no-edit %s/%s", Remote, branch),
		fmt.Sprintf("git push %s %s", Remote, from),
	}
}
