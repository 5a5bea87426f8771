// Package tools installs Prometheus, Alertmanager and the OpenTelemetry collector, in the
// versions of the cluster, into the repository's .bin, without changing the machine.
//
// It starts none of them. Begin with Install.
package tools

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Tools has the programs' paths. Promtool and amtool check rules and routes without a
// server.
type Tools struct{ Prometheus, Promtool, Alertmanager, Amtool, Collector string }

// AlertmanagerVersion is the version that is built. It is that of
// gitops/platform/monitoring.
const AlertmanagerVersion = "0.34.2"

// alertmanager is the module as the go command takes it.
const alertmanager = "github.com/prometheus/alertmanager@v" + AlertmanagerVersion

// Install installs missing tools and returns their paths. It unpacks Prometheus from
// Debian's package, because its module does not build without its web assets, and builds
// Alertmanager and a collector with the components that the manifests configure. A lock
// excludes other processes.
// It runs once per process, and its error stays.
var Install = sync.OnceValues(func() (Tools, error) {
	root, err := Root()
	if err != nil {
		return Tools{}, err
	}
	folder := filepath.Join(root, ".bin", "monitoring")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return Tools{}, fmt.Errorf("install monitoring's tools: %w", err)
	}
	release, err := alone(filepath.Join(folder, "lock"))
	if err != nil {
		return Tools{}, err
	}
	defer release()
	t := Tools{
		Prometheus:   filepath.Join(folder, "prometheus"),
		Promtool:     filepath.Join(folder, "promtool"),
		Alertmanager: filepath.Join(folder, "alertmanager"),
		Amtool:       filepath.Join(folder, "amtool"),
		Collector:    filepath.Join(folder, "collector"),
	}
	if !there(t.Prometheus, t.Promtool) {
		if err := unpack(folder); err != nil {
			return Tools{}, fmt.Errorf("install Prometheus: %w", err)
		}
	}
	if !there(t.Alertmanager, t.Amtool) {
		if err := build(folder); err != nil {
			return Tools{}, fmt.Errorf("install Alertmanager: %w", err)
		}
	}
	if !there(t.Collector) {
		source := filepath.Join(root, "tests", "monitoring", "collector")
		if err := run(source, environment(), "go", "build", "-ldflags=-s -w", "-o", t.Collector, "."); err != nil {
			return Tools{}, fmt.Errorf("install the collector: %w", err)
		}
	}
	return t, nil
})

// Root returns the folder of the repository. It is the workspace's, in whatever folder
// the command runs.
func Root() (string, error) {
	work, err := exec.Command("go", "env", "GOWORK").Output()
	path := strings.TrimSpace(string(work))
	if err != nil || path == "" || path == "off" {
		return "", errors.New("find the repository: run this inside it, in its Go workspace")
	}
	return filepath.Dir(path), nil
}

// there reports whether all files exist. It looks at nothing but their names: a tool of
// another version has to be deleted by hand.
func there(paths ...string) bool {
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return false
		}
	}
	return true
}

// alone waits until no other process installs; the kernel releases the lock with
// the process.
func alone(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("install monitoring's tools: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		file.Close()
		return nil, fmt.Errorf("install monitoring's tools: %w", err)
	}
	return func() { file.Close() }, nil
}

// unpack needs no root: it downloads the package and copies two programs out of it.
// Only a system of Debian's kind has the package; on others the programs can be put
// there by hand.
// Its version is the distribution's and may be older than the cluster's.
func unpack(folder string) error {
	for _, name := range []string{"apt-get", "dpkg"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%s is not installed: put prometheus and promtool, 2.42 or newer, into %s", name, folder)
		}
	}
	work, err := os.MkdirTemp("", "sequential-questioning-prometheus-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	download := func() error { return run(work, nil, "apt-get", "download", "prometheus") }
	if err := download(); err != nil {
		// A new machine has no package lists, or old ones.
		if err := run(work, nil, "apt-get", "update"); err != nil {
			return fmt.Errorf("%w (root may have to run apt-get update)", err)
		}
		if err := download(); err != nil {
			return err
		}
	}
	packages, err := filepath.Glob(filepath.Join(work, "prometheus_*.deb"))
	if err != nil || len(packages) != 1 {
		return fmt.Errorf("apt-get downloaded %d packages, want 1", len(packages))
	}
	if err := run(work, nil, "dpkg", "-x", packages[0], work); err != nil {
		return err
	}
	return run(work, nil, "cp", "usr/bin/prometheus", "usr/bin/promtool", folder)
}

// page replaces Alertmanager's web pages, which its module does not contain. It is
// served to nobody.
const page = "<!doctype html><title>Alertmanager</title>\n"

// build compiles Alertmanager from its module, whose source is read-only, in a
// copy. The web pages are missing there, and tests need none.
func build(folder string) error {
	var found bytes.Buffer
	command := exec.Command("go", "mod", "download", "-json", alertmanager)
	command.Dir, command.Env, command.Stdout = os.TempDir(), environment(), &found
	if err := command.Run(); err != nil {
		return fmt.Errorf("download %s: %w: %s", alertmanager, err, found.String())
	}
	_, after, _ := strings.Cut(found.String(), `"Dir": "`)
	source, _, ok := strings.Cut(after, `"`)
	if !ok {
		return fmt.Errorf("download %s: no folder in %s", alertmanager, found.String())
	}
	work, err := os.MkdirTemp("", "sequential-questioning-alertmanager-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := run(work, nil, "cp", "-r", "--no-preserve=mode", source+"/.", work); err != nil {
		return err
	}
	pages := filepath.Join(work, "ui", "app", "dist")
	if err := errors.Join(os.MkdirAll(pages, 0o755), os.WriteFile(filepath.Join(pages, "index.html"), []byte(page), 0o644)); err != nil {
		return err
	}
	return run(work, environment(), "go", "build", "-trimpath", "-o", folder+"/", "./cmd/alertmanager", "./cmd/amtool")
}

// environment builds outside of the repository's workspace, so that its versions do
// not matter.
func environment() []string {
	return append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
}

// run runs a program; its output is in the error. A program that succeeds prints
// nothing.
func run(folder string, environment []string, name string, args ...string) error {
	command := exec.CommandContext(context.Background(), name, args...)
	command.Dir, command.Env = folder, environment
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, output)
	}
	return nil
}
