package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// needed lists programs that are not built here, with their Debian packages.
// containerd and runc run the pods; they are Debian's, because building them needs
// C.
var needed = []struct{ program, debian string }{
	{"containerd", "containerd"},
	{"containerd-shim-runc-v2", "containerd"},
	{"runc", "runc"},
	{"/usr/lib/cni/ptp", "containernetworking-plugins"},
	{"nft", "nftables"},
	{"mount", "mount"},
	{"git", "git"},
}

// prepareMachine installs missing programs with apt where possible; otherwise its error
// names the packages to install.
// It checks for root before it installs anything, and calls apt only if something is missing,
// so a prepared machine needs no network.
func prepareMachine(ctx context.Context, s *Settings, progress *Progress) error {
	if os.Geteuid() != 0 {
		return errors.New("a cluster needs root, to create namespaces, mounts and routes")
	}
	wanted := needed
	if s.GPG {
		wanted = append(slices.Clone(needed), struct{ program, debian string }{"gpg", "gpg"})
	}
	var programs, packages []string
	for _, need := range wanted {
		if _, err := exec.LookPath(need.program); err != nil {
			programs = append(programs, need.program)
			packages = append(packages, need.debian)
		}
	}
	if len(programs) == 0 {
		return nil
	}
	slices.Sort(packages)
	packages = slices.Compact(packages)
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("missing on this machine: %s; on Debian and Ubuntu install the packages %s", strings.Join(programs, ", "), strings.Join(packages, ", "))
	}
	return progress.Step("installed "+strings.Join(packages, ", "), func() error {
		install := append([]string{"install", "--yes", "--no-install-recommends"}, packages...)
		for _, arguments := range [][]string{{"update"}, install} {
			aptGet := exec.Command("apt-get", arguments...)
			aptGet.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if _, err := run(ctx, aptGet); err != nil {
				return err
			}
		}
		return nil
	})
}
