package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Install installs the system's own PostgreSQL package where that needs no
// password: as root, with a sudo that does not ask, or with Homebrew. It writes the
// commands and what they print to out. It starts no server of the system's. Of
// several processes that install at once one does and the others wait. Where it
// cannot install, the error says what to install. It never asks for anything on a
// terminal.
func Install(ctx context.Context, out io.Writer) error {
	release, err := alone(ctx)
	if err != nil {
		return fmt.Errorf("install PostgreSQL: %w", err)
	}
	defer release()
	if _, err := Find(); err == nil {
		return nil
	}
	in := installer{out: out}
	manager, ok := packageManager()
	if !ok {
		return &MissingError{}
	}
	if manager != "brew" && os.Geteuid() != 0 {
		if exec.CommandContext(ctx, "sudo", "-n", "true").Run() != nil {
			return &MissingError{}
		}
		in.prefix = []string{"sudo", "-n"}
	}
	switch manager {
	case "apt-get":
		err = in.apt(ctx)
	case "dnf":
		err = in.run(ctx, "dnf", "install", "-y", "postgresql-server")
	case "apk":
		err = in.run(ctx, "apk", "add", "--no-cache", "postgresql")
	case "brew":
		err = in.run(ctx, "brew", "install", "postgresql@17")
	}
	if err != nil {
		return fmt.Errorf("install PostgreSQL: %w", err)
	}
	_, err = Find()
	return err
}

// alone waits until no other process installs. The lock file is shared by all users of
// the machine, and stays; the lock ends with the process. It looks every 200 ms, up to
// the context's end: an installation takes minutes.
func alone(ctx context.Context) (release func(), err error) {
	file, err := os.OpenFile(filepath.Join(os.TempDir(), "sequential-questioning-install.lock"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	for {
		locked, err := tryLock(file)
		if err != nil {
			file.Close()
			return nil, err
		}
		if locked {
			return func() { file.Close() }, nil
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// installer runs commands that change the system, each printed before it runs.
type installer struct {
	out    io.Writer
	prefix []string
}

// run prints a command and runs it. Nothing is read from the terminal: a command that
// would ask fails.
func (in installer) run(ctx context.Context, args ...string) error {
	args = append(append([]string{}, in.prefix...), args...)
	fmt.Fprintf(in.out, "+ %s\n", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = in.out, in.out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// Without this file Debian's packages create and start a server of their own.
const noMainCluster = `f=/etc/postgresql-common/createcluster.conf; ` +
	`[ -e "$f" ] || { mkdir -p "${f%/*}" && echo "create_main_cluster = false" > "$f"; }`

// apt installs the distribution's PostgreSQL without starting a server of it.
func (in installer) apt(ctx context.Context) error {
	if !aptOffers(ctx) {
		if err := in.run(ctx, "apt-get", "update"); err != nil {
			return err
		}
		if !aptOffers(ctx) {
			return errors.New("apt-get offers no PostgreSQL " + strconv.Itoa(OldestVersion) + " or newer")
		}
	}
	if err := in.run(ctx, "sh", "-c", noMainCluster); err != nil {
		return err
	}
	install := []string{
		"env", "DEBIAN_FRONTEND=noninteractive",
		"apt-get", "install", "-y", "--no-install-recommends",
		"-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=120",
		"postgresql",
	}
	if err := in.run(ctx, install...); err == nil || ctx.Err() != nil {
		return err
	}
	// Package lists older than the archive name files that are gone.
	if err := in.run(ctx, "apt-get", "update"); err != nil {
		return err
	}
	return in.run(ctx, install...)
}

// candidatePattern finds the major version that apt would install.
var candidatePattern = regexp.MustCompile(`(?m)^\s*Candidate: (\d+)`)

// aptOffers reports whether the package lists here have a version that is new
// enough.
func aptOffers(ctx context.Context) bool {
	cmd := exec.CommandContext(ctx, "apt-cache", "policy", "postgresql")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	return err == nil && offers(string(out))
}

// offers reads what apt-cache policy prints.
func offers(policy string) bool {
	match := candidatePattern.FindStringSubmatch(policy)
	if match == nil {
		return false
	}
	major, err := strconv.Atoi(match[1])
	return err == nil && major >= OldestVersion
}
