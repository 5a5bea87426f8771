package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// cgroup is the name of the group above all pods of the cluster. Removing it
// removes their remains.
// It is a name below the root of each hierarchy, not a path.
func (s *Settings) cgroup() string { return "sequential-questioning-" + s.Name }

// hierarchies returns the mount points of control groups: several in version 1, one in
// version 2.
func hierarchies() ([]string, error) {
	mounts, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	defer mounts.Close()
	var folders []string
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 2 && (fields[2] == "cgroup" || fields[2] == "cgroup2") && !slices.Contains(folders, fields[1]) {
			folders = append(folders, fields[1])
		}
	}
	return folders, nil
}

// makeCgroups creates the parent groups of the cluster's pods.
// The kubelet refuses to start if its root group does not exist. Groups that exist stay.
func makeCgroups(name string) error {
	folders, err := hierarchies()
	if err != nil {
		return fmt.Errorf("listing control groups: %w", err)
	}
	for _, folder := range folders {
		group := filepath.Join(folder, name)
		if err := os.MkdirAll(group, 0o755); err != nil {
			return fmt.Errorf("making a control group: %w", err)
		}
		// A new group of version 1 has no processors and no memory to run on.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if content, err := os.ReadFile(filepath.Join(folder, file)); err == nil && fileExists(filepath.Join(folder, "cgroup.clone_children")) {
				if err := os.WriteFile(filepath.Join(group, file), content, 0o644); err != nil {
					return fmt.Errorf("setting up a control group: %w", err)
				}
			}
		}
		// In version 2 a group only has the controllers that its parent delegates.
		controllers, err := os.ReadFile(filepath.Join(folder, "cgroup.controllers"))
		if err != nil {
			continue
		}
		for controller := range strings.FieldsSeq(string(controllers)) {
			if err := os.WriteFile(filepath.Join(folder, "cgroup.subtree_control"), []byte("+"+controller), 0o644); err != nil {
				return fmt.Errorf("delegating the controller %s: %w", controller, err)
			}
		}
	}
	return nil
}

// removeCgroups removes the groups once their last processes have ended.
// The kernel refuses to remove a group with processes, even dying ones, hence the retries:
// 10 s are enough for pods whose node was killed.
func removeCgroups(ctx context.Context, name string) error {
	folders, err := hierarchies()
	if err != nil {
		return fmt.Errorf("listing control groups: %w", err)
	}
	for _, folder := range folders {
		if err := poll(ctx, 10*time.Second, func() error { return removeTree(filepath.Join(folder, name)) }); err != nil {
			return fmt.Errorf("removing a control group: %w", err)
		}
	}
	return nil
}

// removeTree only removes folders, which is how control groups are removed.
// Their files cannot be deleted, so os.RemoveAll fails. Children go before their parents.
func removeTree(root string) error {
	var groups []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	for _, group := range slices.Backward(groups) {
		if removal := os.Remove(group); removal != nil && !errors.Is(removal, fs.ErrNotExist) {
			err = errors.Join(err, removal)
		}
	}
	return err
}

// fileExists also reports false for a file that may not be looked at; root may look at all.
func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
