package program

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// suite is Debian's stable release, whose security updates the packages get.
	suite = "trixie"
	// postgresMajor is the version of PostgreSQL in that release.
	postgresMajor = "17"
	// keyring has the keys that sign the release; the package debian-archive-keyring
	// brings it.
	keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
)

// wanted are the packages that the program needs: PostgreSQL, a shell, by which initdb
// runs programs, locale C.UTF-8, time zones, and the folders of the file system.
var wanted = []string{"postgresql-" + postgresMajor, "dash", "libc-bin", "tzdata", "base-files"}

// sources are apt's, for all architectures. Of a mirror, the security updates are beside
// the archive.
func sources(mirror string) string {
	of := func(uri, suites string) string {
		return "Types: deb\nURIs: " + uri + "\nSuites: " + suites + "\nComponents: main\nSigned-By: " + keyring + "\n\n"
	}
	mirror = strings.TrimRight(mirror, "/")
	return of(mirror, suite+" "+suite+"-updates") + of(mirror+"-security", suite+"-security")
}

// errNoMirror tells what this machine's apt does not.
var errNoMirror = errors.New("this machine's apt has no Debian archive: name a mirror's, as --mirror http://HOST/debian")

// ownMirror returns the Debian archive from which this machine gets its packages.
func ownMirror(ctx context.Context) (string, error) {
	out, err := run(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(out)) {
		if uri := strings.TrimRight(strings.TrimSpace(line), "/"); strings.HasSuffix(uri, "/debian") {
			return uri, nil
		}
	}
	return "", errNoMirror
}

// debianFiles returns Debian's packages that are wanted and what they depend on, as
// files below folder. It uses apt on folders of its own, which checks signatures, needs
// no root, and leaves the machine's packages alone.
//
// The machine may be another Debian or Ubuntu: of its apt only the program is used, not
// its sources. The empty status file says that nothing is installed, so everything is downloaded.
func debianFiles(ctx context.Context, mirror, folder, architecture string) ([]string, error) {
	if _, err := os.Stat(keyring); err != nil {
		return nil, fmt.Errorf("find Debian's keys (install debian-archive-keyring): %w", err)
	}
	archives := filepath.Join(folder, "archives")
	for _, made := range []string{filepath.Join(archives, "partial"), filepath.Join(folder, "lists", "partial")} {
		if err := os.MkdirAll(made, 0o755); err != nil {
			return nil, err
		}
	}
	list, status := filepath.Join(folder, "debian.sources"), filepath.Join(folder, "status")
	if err := errors.Join(os.WriteFile(list, []byte(sources(mirror)), 0o644), os.WriteFile(status, nil, 0o644)); err != nil {
		return nil, err
	}
	options := []string{
		"APT::Architecture=" + architecture, "APT::Architectures::=" + architecture,
		"Dir::State=" + folder, "Dir::State::Lists=" + filepath.Join(folder, "lists"), "Dir::State::Status=" + status,
		"Dir::Cache=" + folder, "Dir::Cache::Archives=" + archives, "Dir::Log=" + folder,
		"Dir::Etc::SourceList=" + list, "Dir::Etc::SourceParts=/dev/null",
		"Dir::Etc::Preferences=/dev/null", "Dir::Etc::PreferencesParts=/dev/null",
		"APT::Install-Recommends=false", "Acquire::Languages=none", "Acquire::Retries=3", "Debug::NoLocking=true",
	}
	if os.Geteuid() == 0 {
		options = append(options, "APT::Sandbox::User=root") // apt's own user cannot enter the folders
	}
	for _, args := range [][]string{{"update"}, append([]string{"install", "--yes", "--download-only"}, wanted...)} {
		command := exec.CommandContext(ctx, "apt-get", "--quiet=2")
		for _, option := range options {
			command.Args = append(command.Args, "-o", option)
		}
		command.Args = append(command.Args, args...)
		if out, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("apt-get %s: %w: %s", args[0], err, bytes.TrimSpace(out))
		}
	}
	return filepath.Glob(filepath.Join(archives, "*.deb"))
}

// debianPackage is a package's content.
// control is kept for scanners, which read the version there.
type debianPackage struct {
	name    string
	control []byte // its fields
	entries []entry
}

// entry is a file, a link or a folder. Its name begins with no slash.
type entry struct {
	tar.Header
	content []byte
}

// readPackage reads a .deb file, by dpkg-deb, without what unneeded names.
// Content is kept in memory, so that a package is unpacked once.
func readPackage(ctx context.Context, path string) (debianPackage, error) {
	p := debianPackage{}
	var err error
	if p.control, err = run(ctx, "dpkg-deb", "--field", path); err != nil {
		return p, err
	}
	for line := range strings.Lines(string(p.control)) {
		if name, found := strings.CutPrefix(line, "Package: "); found {
			p.name = strings.TrimSpace(name)
		}
	}
	files, err := run(ctx, "dpkg-deb", "--fsys-tarfile", path)
	if err != nil {
		return p, err
	}
	for archive := tar.NewReader(bytes.NewReader(files)); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return p, fmt.Errorf("read %s: %w", path, err)
		}
		header.Name = clean(header.Name)
		if header.Name == "" || unneeded(header.Name) {
			continue
		}
		if header.Typeflag == tar.TypeLink {
			header.Linkname = clean(header.Linkname)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return p, fmt.Errorf("read %s: %w", path, err)
		}
		p.entries = append(p.entries, entry{*header, content})
	}
}

// clean is a name relative to the root.
// It is empty for the root itself.
func clean(name string) string { return strings.TrimPrefix(filepath.Clean("/"+name), "/") }

// unneeded reports documentation other than licences, and PostgreSQL's just-in-time
// compiler: it needs LLVM, twice the size of everything else, and the server does without.
func unneeded(name string) bool {
	if strings.HasPrefix(name, "usr/share/doc/") {
		return !strings.HasSuffix(name, "/copyright") && strings.Count(name, "/") > 3
	}
	libraries := "usr/lib/postgresql/" + postgresMajor + "/lib/"
	return slices.ContainsFunc([]string{
		"usr/share/man/", "usr/share/lintian/", "usr/share/locale/", "usr/share/bash-completion/", "usr/share/doc-base/",
		"usr/share/postgresql/" + postgresMajor + "/man/", libraries + "bitcode/", libraries + "llvmjit",
	}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// run returns a program's standard output; its error has what the program complained of.
func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, name, args...)
	var failure bytes.Buffer
	command.Stderr = &failure
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", command, err, bytes.TrimSpace(failure.Bytes()))
	}
	return out, nil
}
