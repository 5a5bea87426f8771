package repository

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"
)

// Commit is one commit's summary.
type Commit struct {
	Hash    string
	Subject string
	Author  string
	Date    time.Time
}

// Short abbreviates a commit's hash. Eight digits are unambiguous in a repository of
// this size; git itself uses seven to ten.
func Short(commit string) string {
	return commit[:min(len(commit), 8)]
}

// Log returns the commits in to that are not in from, newest first.
// It is empty if from is to, or ahead of it.
func (r *Repository) Log(ctx context.Context, from, to string) ([]Commit, error) {
	return r.log(ctx, from+".."+to)
}

// FirstParents returns a commit and its ancestors along first parents.
// The commit itself comes first.
func (r *Repository) FirstParents(ctx context.Context, commit string) ([]string, error) {
	return r.lines(ctx, "rev-list", "--first-parent", commit)
}

// HasMerge reports whether the commits in to that are not in from include a merge.
func (r *Repository) HasMerge(ctx context.Context, from, to string) (bool, error) {
	out, err := r.git(ctx, "rev-list", "--merges", "--max-count=1", from+".."+to)
	return out != "", err
}

// Commit returns one commit's summary.
func (r *Repository) Commit(ctx context.Context, revision string) (Commit, error) {
	commits, err := r.log(ctx, "--max-count=1", revision)
	if err != nil {
		return Commit{}, err
	}
	if len(commits) == 0 {
		return Commit{}, errors.New("no commit " + revision)
	}
	return commits[0], nil
}

// log reads git's output with zero bytes between the fields, which no field can hold.
func (r *Repository) log(ctx context.Context, args ...string) ([]Commit, error) {
	args = append([]string{"log", "--no-show-signature", "--format=%H%x00%s%x00%an%x00%cI"}, append(args, "--")...)
	lines, err := r.lines(ctx, args...)
	if err != nil {
		return nil, err
	}
	var commits []Commit
	for _, line := range lines {
		fields := strings.Split(line, "\x00")
		if len(fields) != 4 {
			continue
		}
		date, err := time.Parse(time.RFC3339, fields[3])
		if err != nil {
			return nil, err
		}
		commits = append(commits, Commit{Hash: fields[0], Subject: fields[1], Author: fields[2], Date: date})
	}
	return commits, nil
}

// Resolve returns the commit of a revision, or "" if the clone does not have it. Every
// other failure looks the same, so use it where a missing commit is ordinary.
func (r *Repository) Resolve(ctx context.Context, revision string) string {
	commit, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return ""
	}
	return commit
}

// IsAncestor reports whether one commit is reachable from another.
// A commit is its own ancestor.
func (r *Repository) IsAncestor(ctx context.Context, ancestor, descendant string) (bool, error) {
	_, err := r.git(ctx, "merge-base", "--is-ancestor", ancestor, descendant)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return false, nil
	}
	return err == nil, err
}

// Uncommitted returns the paths of changed and new files, as `git status --short` prints
// them.
// Ignored files are not among them.
func (r *Repository) Uncommitted(ctx context.Context) ([]string, error) {
	out, err := r.output(ctx, "status", "--porcelain", "--untracked-files=normal")
	if err != nil {
		return nil, err
	}
	var changes []string
	for line := range strings.Lines(string(out)) {
		changes = append(changes, strings.TrimRight(line, "\n"))
	}
	return changes, nil
}
