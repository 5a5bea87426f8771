package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// serveGit serves the bare repositories of folder over git's smart HTTP protocol at a
// free port of address, and returns its URL. It serves pushes as well as fetches,
// without a login: whoever reaches the address may push.
// That is acceptable at an address that only a test's cluster reaches. It lasts as long as the
// process.
func serveGit(address, folder string) (string, error) {
	programs, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return "", fmt.Errorf("find git's executables: %w", err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return "", fmt.Errorf("listen for git: %w", err)
	}
	handler := &cgi.Handler{
		Path:   filepath.Join(strings.TrimSpace(string(programs)), "git-http-backend"),
		Env:    []string{"GIT_PROJECT_ROOT=" + folder, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=e2e", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
		Logger: log.New(io.Discard, "", 0),
		Stderr: io.Discard,
	}
	go func() { _ = http.Serve(listener, unchunked(handler)) }()
	return "http://" + listener.Addr().String(), nil
}

// maxPush is the maximum size of one push, in bytes.
// It bounds the memory that a push takes; this repository needs a small part of it.
const maxPush = 256 << 20

// unchunked sets the content length for the handler: git sends long bodies in chunks,
// which CGI does not support.
func unchunked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 0 {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
			if err != nil {
				http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
				return
			}
			r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		}
		next.ServeHTTP(w, r)
	})
}

// Checkout is a clone with a working tree. Its methods name files by their path in the
// checkout.
type Checkout struct{ Folder string }

// Git runs git in the checkout and returns its trimmed output.
// It ignores the user's configuration, such as signing or hooks, and never asks for a login.
func (c Checkout) Git(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = c.Folder
	command.Env = append(os.Environ(),
		"GIT_AUTHOR_NAME=e2e", "GIT_AUTHOR_EMAIL=e2e@example.test",
		"GIT_COMMITTER_NAME=e2e", "GIT_COMMITTER_EMAIL=e2e@example.test",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(output)), nil
}

// Write writes a file of the checkout.
func (c Checkout) Write(path, content string) error {
	path = filepath.Join(c.Folder, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

// Replace replaces a text in a file. The text must exist.
// It replaces every occurrence.
func (c Checkout) Replace(path, old, with string) error {
	content, err := os.ReadFile(filepath.Join(c.Folder, path))
	if err != nil {
		return err
	}
	if !bytes.Contains(content, []byte(old)) {
		return fmt.Errorf("%s does not hold %q", path, old)
	}
	return c.Write(path, strings.ReplaceAll(string(content), old, with))
}

// Append adds a text to the end of a file.
func (c Checkout) Append(path, text string) error {
	content, err := os.ReadFile(filepath.Join(c.Folder, path))
	if err != nil {
		return err
	}
	return c.Write(path, string(content)+text)
}

// Commit commits all changes and returns the commit.
// An empty commit is an error, as in git.
func (c Checkout) Commit(ctx context.Context, message string) (string, error) {
	if _, err := c.Git(ctx, "add", "--all"); err != nil {
		return "", err
	}
	if _, err := c.Git(ctx, "commit", "--quiet", "--message", message); err != nil {
		return "", err
	}
	return c.Git(ctx, "rev-parse", "HEAD")
}

// copyTree copies the files that git tracks or would add, with uncommitted changes.
// Links are copied as the files that they lead to. Deleted files that are still in the
// index are passed over.
// Ignored files, such as built programs, stay behind.
func copyTree(ctx context.Context, from, to string) error {
	listed, err := Checkout{from}.Git(ctx, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	for path := range strings.SplitSeq(strings.Trim(listed, "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(from, path))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		content, err := os.ReadFile(filepath.Join(from, path))
		if err != nil {
			return fmt.Errorf("copy the checkout: %w", err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, path)), 0o755); err != nil {
			return fmt.Errorf("copy the checkout: %w", err)
		}
		if err := os.WriteFile(filepath.Join(to, path), content, info.Mode().Perm()); err != nil {
			return fmt.Errorf("copy the checkout: %w", err)
		}
	}
	return nil
}

// Repository returns the URL of the deployed repository.
func (d *Deployment) Repository() string { return d.git }
