package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// nodeNamespaces isolate the node from the host like a container. Users are not
// separated: the kubelet needs root.
const nodeNamespaces = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS

// kubeletSettings are settings of the whole machine that the kubelet requires. It sees the
// required values while the machine keeps its own.
var kubeletSettings = map[string]string{
	"/proc/sys/vm/overcommit_memory":      "1",
	"/proc/sys/vm/panic_on_oom":           "0",
	"/proc/sys/kernel/panic":              "10",
	"/proc/sys/kernel/panic_on_oops":      "1",
	"/proc/sys/kernel/keys/root_maxkeys":  "1000000",
	"/proc/sys/kernel/keys/root_maxbytes": "25000000",
}

// RunNode is the node's first process. It sets up its namespaces as a node and supervises
// the components. Killing it kills everything in the node.
// It does not return while the node works. Its parent may exit: the node runs on without it.
func RunNode(state, binaries, hostname string) error {
	if os.Getpid() != 1 {
		return errors.New("only up may start this, in its own namespaces")
	}
	if err := unix.Sethostname([]byte(hostname)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	if err := mountNode(state, binaries); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("letting the node forward packets: %w", err)
	}
	return newSupervisor(state).serve()
}

// mountNode gives the node its own /proc and /run and a private, writable /var. It mounts
// the folders that are shared with the host on top.
//
// The shared folders are moved aside first, because the overlay of /var/lib would hide a
// state folder in it. What programs write to /var elsewhere is lost with the node and never
// reaches the host.
func mountNode(shared ...string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := mount("proc", "/proc", "proc", ""); err != nil {
		return err
	}
	if err := mount("tmpfs", "/run", "tmpfs", "mode=755"); err != nil {
		return err
	}
	for i, folder := range shared {
		if err := bind(folder, filepath.Join("/run/shared", strconv.Itoa(i))); err != nil {
			return err
		}
	}
	for _, folder := range []string{"/var/lib", "/var/log"} {
		upper, work := "/run/upper"+folder, "/run/work"+folder
		if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
			return err
		}
		if err := mount("overlay", folder, "overlay", fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", folder, upper, work)); err != nil {
			return err
		}
	}
	for i, folder := range shared {
		if err := bind(filepath.Join("/run/shared", strconv.Itoa(i)), folder); err != nil {
			return err
		}
	}
	// /proc/sys is the host's in every namespace; only a file mounted over it hides its value.
	for path, value := range kubeletSettings {
		shown := filepath.Join("/run/settings", path)
		if err := os.MkdirAll(filepath.Dir(shown), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(shown, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(shown, path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("showing %s as %s: %w", path, value, err)
		}
	}
	return nil
}

// mount mounts a file system of the kernel.
func mount(source, target, kind, data string) error {
	if err := unix.Mount(source, target, kind, 0, data); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", kind, target, err)
	}
	return nil
}

// bind shows a folder at another place, which it makes.
func bind(source, target string) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("binding %s to %s: %w", source, target, err)
	}
	return nil
}
