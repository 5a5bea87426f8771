package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// OldestVersion is the oldest major version of PostgreSQL that is used. It is what the
// cluster requires as well.
const OldestVersion = 15

// Installation is a PostgreSQL found on this machine. It was complete and ran when it
// was found.
type Installation struct {
	Bin     string // folder that holds postgres, initdb and pg_ctl
	Major   int
	Version string // as the server names it, such as "15.14"
}

// Find returns the newest PostgreSQL installed on this machine. The folder in
// the environment variable POSTGRES_BIN, where set, is the only one looked at.
// The error says what to install.
func Find() (Installation, error) {
	all, err := findAll()
	if err != nil {
		return Installation{}, err
	}
	return all[0], nil
}

// places are where packages of Debian, Red Hat, Alpine, Homebrew and
// Postgres.app, and builds by hand, put the programs. One beside this program and PATH are looked at first.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/lib/postgresql[0-9]*/bin",
	"/usr/pgsql-*/bin",
	"/usr/local/pgsql/bin",
	"/usr/libexec/postgresql*",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/opt/homebrew/bin",
	"/usr/local/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// findAll returns at least one installation, the newest first. Of a folder that
// POSTGRES_BIN names, every problem is an error: whoever set it means this one.
func findAll() ([]Installation, error) {
	if bin := os.Getenv("POSTGRES_BIN"); bin != "" {
		found, err := inspect(bin)
		if err != nil {
			return nil, fmt.Errorf("look for PostgreSQL in POSTGRES_BIN: %w", err)
		}
		if found.Major < OldestVersion {
			return nil, fmt.Errorf("the PostgreSQL in POSTGRES_BIN=%s is version %s, but %d or newer is needed", bin, found.Version, OldestVersion)
		}
		return []Installation{found}, nil
	}

	folders := append(bundled(), filepath.SplitList(os.Getenv("PATH"))...)
	for _, place := range places {
		matches, _ := filepath.Glob(place)
		folders = append(folders, matches...)
	}
	return pick(folders)
}

// bundled is where a package puts a PostgreSQL that it brings: beside this program.
func bundled() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	if resolved, err := filepath.EvalSymlinks(self); err == nil {
		self = resolved
	}
	return []string{filepath.Join(filepath.Dir(self), "postgresql", "bin")}
}

// pick returns the usable installations among folders, the newest first, each once
// however many links lead to it. What cannot be run is passed over: a broken
// installation must not hide a working one.
func pick(folders []string) ([]Installation, error) {
	var usable []Installation
	tooOld := ""
	seen := map[string]bool{}
	for _, folder := range folders {
		bin, ok := binaries(folder)
		if !ok || seen[bin] {
			continue
		}
		seen[bin] = true
		found, err := inspect(bin)
		switch {
		case err != nil:
		case found.Major < OldestVersion:
			tooOld = cmp.Or(tooOld, found.Version)
		default:
			usable = append(usable, found)
		}
	}
	if len(usable) == 0 {
		return nil, &MissingError{TooOld: tooOld}
	}
	slices.SortStableFunc(usable, func(a, b Installation) int { return cmp.Compare(b.Major, a.Major) })
	return usable, nil
}

// MissingError says that no usable PostgreSQL is installed, and what to install.
type MissingError struct {
	TooOld string // version of one that is installed but too old
}

// Error names a command that fits this machine.
func (e *MissingError) Error() string {
	found := "not found"
	if e.TooOld != "" {
		found = "found only in version " + e.TooOld
	}
	return fmt.Sprintf("PostgreSQL %d or newer is needed but was %s; install it with: %s", OldestVersion, found, advice())
}

// binaries returns the folder in which the server really lies (a folder of
// PATH may hold links only) and whether it is complete.
func binaries(folder string) (string, bool) {
	server, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
	if err != nil {
		return "", false
	}
	for _, candidate := range []string{filepath.Dir(server), folder} {
		if executable(candidate, "postgres") && executable(candidate, "initdb") && executable(candidate, "pg_ctl") {
			abs, err := filepath.Abs(candidate)
			return abs, err == nil
		}
	}
	return "", false
}

// executable reports a program that may be run. Links count as what they lead to.
func executable(folder, name string) bool {
	info, err := os.Stat(filepath.Join(folder, name))
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// inspect runs the server for its version. The limit is for programs of that name
// that wait for something.
func inspect(folder string) (Installation, error) {
	bin, ok := binaries(folder)
	if !ok {
		return Installation{}, fmt.Errorf("%s does not hold postgres, initdb and pg_ctl", folder)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version")
	cmd.Env = environment()
	out, err := cmd.Output()
	if err != nil {
		return Installation{}, fmt.Errorf("ask %s for its version: %w", bin, err)
	}
	major, version, err := parseVersion(string(out))
	if err != nil {
		return Installation{}, fmt.Errorf("ask %s for its version: %w", bin, err)
	}
	return Installation{Bin: bin, Major: major, Version: version}, nil
}

// versionPattern takes the version and its major number; vendors add text behind them.
var versionPattern = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// parseVersion reads what postgres --version prints, such as "postgres (PostgreSQL)
// 17.2 (Debian …)". Development versions such as 18devel count by their number.
func parseVersion(line string) (major int, version string, err error) {
	match := versionPattern.FindStringSubmatch(line)
	if match == nil {
		return 0, "", fmt.Errorf("%q names no version", strings.TrimSpace(line))
	}
	major, err = strconv.Atoi(match[2])
	if err != nil {
		return 0, "", fmt.Errorf("%q names no version", strings.TrimSpace(line))
	}
	return major, match[1], nil
}

// choose returns the installation to serve a data folder made by the given major
// version; zero stands for a new folder. Data are never upgraded here: a newer
// server refuses them, and pg_upgrade is the owner's decision.
func choose(dir string, major int) (Installation, error) {
	all, err := findAll()
	if err != nil {
		var missing *MissingError
		if major != 0 && errors.As(err, &missing) {
			return Installation{}, fmt.Errorf("data folder %s was made by PostgreSQL %d: %w", dir, major, err)
		}
		return Installation{}, err
	}
	if major == 0 {
		return all[0], nil
	}
	var installed []string
	for _, one := range all {
		if one.Major == major {
			return one, nil
		}
		installed = append(installed, strconv.Itoa(one.Major))
	}
	return Installation{}, fmt.Errorf(
		"data folder %s was made by PostgreSQL %d but PostgreSQL %s is installed; install PostgreSQL %d or choose a new data folder",
		dir, major, strings.Join(slices.Compact(installed), " and "), major)
}

// packageManager is the first known one on this machine. On macOS only Homebrew
// counts, which must not run as root.
func packageManager() (string, bool) {
	managers := []string{"apt-get", "dnf", "apk"}
	if runtime.GOOS == "darwin" {
		managers = []string{"brew"}
	}
	for _, name := range managers {
		if _, err := exec.LookPath(name); err == nil {
			return name, true
		}
	}
	return "", false
}

// advice is the command, or the words, that lead to a PostgreSQL here. It is for the
// machine at hand: a person can paste it.
func advice() string {
	manager, ok := packageManager()
	if !ok {
		if runtime.GOOS == "darwin" {
			return "brew install postgresql@17"
		}
		return "your system's package manager (package postgresql or postgresql-server), or name its bin folder in POSTGRES_BIN"
	}
	command := map[string]string{
		"apt-get": "apt-get install postgresql",
		"dnf":     "dnf install postgresql-server",
		"apk":     "apk add postgresql",
		"brew":    "brew install postgresql@17",
	}[manager]
	if manager != "brew" && os.Geteuid() != 0 {
		return "sudo " + command
	}
	return command
}
