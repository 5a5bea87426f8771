// Package repository reads and pushes git branches. It never changes the
// working tree, the index or a local branch.
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
	"strings"
	"time"
)

// networkWait is how long a command that talks to a remote may take. A fetch of a few
// commits takes seconds; a longer wait is one for a password that nobody types.
const networkWait = 2 * time.Minute

// Repository is a local clone.
// It keeps no state and may be used by several goroutines.
type Repository struct {
	root string
}

// Open returns the repository that contains a folder. A shallow clone is refused:
// whether a branch can be fast-forwarded shows in history alone.
func Open(ctx context.Context, folder string) (*Repository, error) {
	r := &Repository{root: folder}
	root, err := r.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("%s is not in a git repository", folder)
	}
	shallow, err := r.git(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return nil, err
	}
	if shallow == "true" {
		return nil, errors.New("the clone is shallow and lacks the history of merges: run `git fetch --unshallow`")
	}
	r.root = root
	return r, nil
}

// failure is a failed git command with its message.
type failure struct {
	command string
	said    string
	err     error
}

func (f *failure) Error() string {
	if f.said == "" {
		return fmt.Sprintf("git %s: %v", f.command, f.err)
	}
	return fmt.Sprintf("git %s: %s", f.command, f.said)
}

func (f *failure) Unwrap() error { return f.err }

// command prepares git, which runs in the repository's root with messages in English.
// Locks that are optional are not taken, so that an editor's git is not disturbed. A
// cancelled command gets five seconds to end.
func (r *Repository) command(ctx context.Context, args ...string) *exec.Cmd {
	// The user's git settings must not change the output.
	args = append([]string{"-c", "core.quotePath=false", "-c", "color.ui=false", "-c", "push.followTags=false"}, args...)
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0")
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// output is what a command prints. Its error has what git said, which names the cause
// better than an exit code.
func (r *Repository) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := r.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, &failure{command: args[0], said: lastLines(stderr.String()), err: err}
	}
	return stdout.Bytes(), nil
}

// git is output as text, without the line break at its end.
func (r *Repository) git(ctx context.Context, args ...string) (string, error) {
	out, err := r.output(ctx, args...)
	return strings.TrimSpace(string(out)), err
}

// lines is output by line; none for no output.
func (r *Repository) lines(ctx context.Context, args ...string) ([]string, error) {
	out, err := r.git(ctx, args...)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(out, "\n"), nil
}

// remote runs a command that uses the network, with a timeout.
// An interrupt ends it at once.
func (r *Repository) remote(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, networkWait, fmt.Errorf("no response within %s", networkWait))
	defer cancel()
	out, err := r.git(ctx, args...)
	if errors.Is(err, context.DeadlineExceeded) {
		return "", fmt.Errorf("git %s: %w", args[0], context.Cause(ctx))
	}
	return out, err
}

// lastLines keeps the end of what git said, where the cause is, on one line and without
// hints.
func lastLines(said string) string {
	var kept []string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "hint:") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[max(0, len(kept)-4):], "; ")
}
