// Package cluster runs a one-node Kubernetes with Knative and Argo CD on a Linux machine, in
// its own namespaces and without a container engine's daemon.
//
// It is for tests that need the real thing on a machine without Docker or access to an
// image registry. Everything is built from Go modules (Build), except what Debian
// packages. The node is a process with its own namespaces (RunNode) that supervises the
// components; killing it removes everything it has started. Begin with Up.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	module       = "github.com/sequential-questioning/sequential-questioning/tests/cluster"
	stateFolder  = "/var/lib/sequential-questioning-cluster"
	socketLength = 107 // the longest path of a Unix socket
)

// Settings name a cluster and configure its parts.
// Call Complete before you pass them on; every function here expects completed ones.
type Settings struct {
	Name     string
	Subnet   string
	State    string // folder for all files of one cluster
	Binaries string // folder for built binaries
	Eventing bool
	ArgoCD   bool
	GPG      bool          // Argo CD checks signatures of commits
	Keep     bool          // keep a cluster that failed to start
	Timeout  time.Duration // of everything except building

	source string // the folder of this module
}

// validName keeps names usable in paths, host names and control groups.
var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$`)

// Complete sets defaults and validates the settings.
// It changes nothing on disk. Sockets limit the length of State, and the node's own mounts
// hide some folders: both would fail much later and without a clear error.
func (s *Settings) Complete() error {
	if !validName.MatchString(s.Name) {
		return fmt.Errorf("--name %q: at most 30 of a-z, 0-9 and dashes are needed", s.Name)
	}
	var err error
	if s.source, err = findSource(); err != nil {
		return err
	}
	if s.Binaries == "" {
		s.Binaries = filepath.Join(s.source, "..", "..", ".bin", "cluster")
	}
	if s.State == "" {
		s.State = filepath.Join(stateFolder, s.Name)
	}
	for _, folder := range []*string{&s.Binaries, &s.State} {
		if *folder, err = filepath.Abs(*folder); err != nil {
			return err
		}
		for _, covered := range []string{"/run/", "/var/run/", "/proc/", "/sys/"} {
			if strings.HasPrefix(*folder, covered) {
				return fmt.Errorf("the node has its own %s, so %s cannot be in it", covered, *folder)
			}
		}
	}
	if longest := filepath.Join(s.State, "kubelet/plugins_registry/0123456789.sock"); len(longest) > socketLength {
		return fmt.Errorf("--state %s is too long a path for the sockets in it", s.State)
	}
	return nil
}

// state is a path in the state folder.
func (s *Settings) state(elements ...string) string {
	return filepath.Join(append([]string{s.State}, elements...)...)
}

// binary is a path in the folder of built binaries.
func (s *Settings) binary(elements ...string) string {
	return filepath.Join(append([]string{s.Binaries}, elements...)...)
}

// hostname is the node's name in Kubernetes too, and tells nodes of several clusters apart.
func (s *Settings) hostname() string { return "node-" + s.Name }

// findSource finds this module's folder in parents of the working directory and of the
// program.
// The working directory wins: a program built in one checkout may serve another.
func findSource() (string, error) {
	working, err := os.Getwd()
	if err != nil {
		return "", err
	}
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	for _, start := range []string{working, filepath.Dir(program)} {
		for folder := start; ; folder = filepath.Dir(folder) {
			for _, candidate := range []string{folder, filepath.Join(folder, "tests", "cluster")} {
				content, err := os.ReadFile(filepath.Join(candidate, "go.mod"))
				if err == nil && strings.HasPrefix(string(content), "module "+module+"\n") {
					return candidate, nil
				}
			}
			if folder == "/" {
				break
			}
		}
	}
	return "", errors.New("cannot find the folder tests/cluster: run this within the checkout")
}
