package repository

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Change is a file that differs between two commits.
type Change struct {
	Status string // A, M or D
	Path   string
}

// Changes returns the files under a path that differ between two commits.
// A renamed file is one deleted and one added.
func (r *Repository) Changes(ctx context.Context, from, to string, paths ...string) ([]Change, error) {
	args := append([]string{"diff", "--name-status", "--no-renames", from, to, "--"}, paths...)
	lines, err := r.lines(ctx, args...)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, line := range lines {
		status, name, _ := strings.Cut(line, "\t")
		changes = append(changes, Change{Status: status, Path: name})
	}
	return changes, nil
}

// Show returns a file's content in a commit, and whether it exists. A file that does
// not exist is no error.
// The name is a path from the root, without patterns.
func (r *Repository) Show(ctx context.Context, commit, name string) ([]byte, bool, error) {
	listed, err := r.git(ctx, "ls-tree", "--name-only", commit, "--", name)
	if err != nil || listed == "" {
		return nil, false, err
	}
	content, err := r.output(ctx, "cat-file", "blob", commit+":"+name)
	return content, err == nil, err
}

// List returns the names of the files in a folder of a commit, without subfolders.
// Names are paths from the root; subfolders are listed by their names.
func (r *Repository) List(ctx context.Context, commit, folder string) ([]string, error) {
	return r.lines(ctx, "ls-tree", "--name-only", commit, "--", strings.TrimSuffix(folder, "/")+"/")
}

// Deletion is a file that a commit deleted from a branch.
type Deletion struct {
	Path    string
	Commit  string
	Content []byte // before the deletion
}

// Deletions returns the files under a folder that commits of a branch deleted, each
// with its latest deletion. First parents are what the branch was at: a file that came
// and went within a merged branch was never on this one.
func (r *Repository) Deletions(ctx context.Context, branch, folder string) ([]Deletion, error) {
	lines, err := r.lines(ctx, "log", "--no-show-signature", "--format=commit %H", "--diff-filter=D", "--no-renames",
		"--name-only", "-m", "--first-parent", branch, "--", folder)
	if err != nil {
		return nil, err
	}
	var deletions []Deletion
	seen := map[string]bool{}
	commit := ""
	for _, line := range lines {
		if hash, ok := strings.CutPrefix(line, "commit "); ok {
			commit = hash
			continue
		}
		if line == "" || seen[line] {
			continue
		}
		seen[line] = true
		content, found, err := r.Show(ctx, commit+"^", line)
		if err != nil {
			return nil, err
		}
		if found {
			deletions = append(deletions, Deletion{Path: line, Commit: commit, Content: content})
		}
	}
	return deletions, nil
}

// Export writes a commit's tree into a new or empty folder. Links become files that hold their
// target: a proposed tree must not lead out of itself.
// It needs no second clone and leaves the index alone.
func (r *Repository) Export(ctx context.Context, commit, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("export %s: %w", Short(commit), err)
	}
	index := filepath.Join(folder, ".git") // no tree can hold this name
	for _, args := range [][]string{{"read-tree", commit}, {"-c", "core.symlinks=false", "checkout-index", "--all", "--prefix=" + folder + "/"}} {
		command := r.command(ctx, args...)
		command.Env = append(command.Env, "GIT_INDEX_FILE="+index)
		if said, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("export %s: %w", Short(commit), &failure{command: args[0], said: lastLines(string(said)), err: err})
		}
	}
	return os.Remove(index)
}
