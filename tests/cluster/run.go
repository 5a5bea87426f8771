package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// run runs a program and returns its output. The program has its own process group, so
// that Ctrl-C only reaches this program.
// It kills the whole group when ctx ends, since programs such as go start others. An error
// has the command, cut to 200 characters, and the end of what it wrote to standard error.
func run(ctx context.Context, command *exec.Cmd) (string, error) {
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { unix.Kill(-command.Process.Pid, unix.SIGKILL) })
	defer stop()
	err := command.Wait()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		shown := strings.Join(append([]string{filepath.Base(command.Path)}, command.Args[1:]...), " ")
		return "", fmt.Errorf("%.200s: %w\n%s", shown, err, tail(complaints.String(), 20))
	}
	return strings.TrimSpace(output.String()), nil
}

// tail returns the last lines of a text, with long ones cut.
func tail(text string, count int) string {
	const width = 400
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	lines = lines[max(0, len(lines)-count):]
	for i, line := range lines {
		if len(line) > width {
			lines[i] = line[:width] + "…"
		}
	}
	return strings.Join(lines, "\n")
}

// lock locks a folder against other instances of this program. It waits for the
// other instance. The kernel unlocks the folder when the process ends.
// Locking the folder itself leaves no file behind, and it may be removed while locked.
func lock(folder string) (unlock func(), err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	file, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", folder, err)
	}
	return func() { file.Close() }, nil
}

// Progress prints finished steps and how long each took.
type Progress struct{ io.Writer }

// Step runs do and prints the finished step.
func (p *Progress) Step(done string, do func() error) error {
	began := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", done, err)
	}
	fmt.Fprintf(p, "  %-34s%6.1f s\n", done, time.Since(began).Seconds())
	return nil
}
