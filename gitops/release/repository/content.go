package repository

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Change is a file that differs between two commits.
type Change struct {
	Status string // A, M or D
	Path   string
}

// Changes returns the files under a path that differ between two commits.
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

// Show returns a file's content in a commit, and whether it exists.
func (r *Repository) Show(ctx context.Context, commit, name string) ([]byte, bool, error) {
	listed, err := r.git(ctx, "ls-tree", "--name-only", commit, "--", name)
	if err != nil || listed == "" {
		return nil, false, err
	}
	content, err := r.output(ctx, "cat-file", "blob", commit+":"+name)
	return content, err == nil, err
}

// List returns the names of the files in a folder of a commit, without subfolders.
func (r *Repository) List(ctx context.Context, commit, folder string) ([]string, error) {
	return r.lines(ctx, "ls-tree", "--name-only", commit, "--", strings.TrimSuffix(folder, "/")+"/")
}

// Deletion is a file that a commit deleted from a branch.
type Deletion struct {
	Path    string
	Commit  string
	Content []byte // before the deletion
}

// Deletions returns the files under a folder that commits of a branch deleted, each with
// its latest deletion.
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

// Export writes a commit's tree into an empty folder.
func (r *Repository) Export(ctx context.Context, commit, folder string) error {
	cmd := r.command(ctx, "archive", "--format=tar", commit)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("export %s: %w", Short(commit), err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("export %s: %w", Short(commit), err)
	}
	unpacked := unpack(stdout, folder)
	_, _ = io.Copy(io.Discard, stdout)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("export %s: %w", Short(commit), &failure{command: "archive", said: lastLines(stderr.String()), err: err})
	}
	if unpacked != nil {
		return fmt.Errorf("export %s: %w", Short(commit), unpacked)
	}
	return nil
}

func unpack(from io.Reader, folder string) error {
	archive := tar.NewReader(from)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if !filepath.IsLocal(path.Clean(header.Name)) {
			return fmt.Errorf("%s is outside the tree", header.Name)
		}
		target := filepath.Join(folder, filepath.FromSlash(header.Name))
		switch header.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(target, 0o755)
		case tar.TypeSymlink:
			if !filepath.IsLocal(path.Join(path.Dir(header.Name), header.Linkname)) || path.IsAbs(header.Linkname) { //nolint:gosec // the joined path is only checked
				return fmt.Errorf("%s links outside the tree", header.Name)
			}
			err = os.Symlink(header.Linkname, target)
		case tar.TypeReg:
			err = write(target, archive, header.FileInfo().Mode().Perm())
		}
		if err != nil {
			return err
		}
	}
}

func write(name string, from io.Reader, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, from); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
