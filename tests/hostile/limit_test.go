package hostile

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// group is a control group with a memory limit, like a container's.
type group struct {
	folder string
	peak   string // file of the most memory used, in bytes
	events string // file that counts the processes killed for memory
}

// newGroup creates a group whose processes are killed if they use more than limit bytes
// together. It needs root, as a container runtime does; without root the tests fail.
func newGroup(t *testing.T, limit int64) group {
	t.Helper()
	parent, second := memoryHierarchy(t)
	folder, err := os.MkdirTemp(parent, "sequential-questioning-hostile-") // a control group is made in the kernel's own folder
	require.NoError(t, err, "make a control group: run these tests as root, or in a container that may (docker run --privileged)")
	g := group{folder, filepath.Join(folder, "memory.max_usage_in_bytes"), filepath.Join(folder, "memory.oom_control")}
	limits := []string{"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"}
	if second {
		g.peak, g.events = filepath.Join(folder, "memory.peak"), filepath.Join(folder, "memory.events")
		limits = []string{"memory.max"}
	}
	t.Cleanup(func() {
		for range 100 { // until the kernel has removed its last process
			if err = os.Remove(folder); err == nil || errors.Is(err, os.ErrNotExist) {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Errorf("remove the control group: %v", err)
	})
	for i, file := range limits {
		err := os.WriteFile(filepath.Join(folder, file), []byte(strconv.FormatInt(limit, 10)), 0)
		if i > 0 && errors.Is(err, os.ErrNotExist) {
			continue // a kernel that does not count swap has none to limit
		}
		require.NoError(t, err, "limit the memory of a control group")
	}
	return g
}

// memoryHierarchy returns the parent folder for groups with a memory limit, and whether it
// is version 2 of control groups.
func memoryHierarchy(t *testing.T) (folder string, second bool) {
	t.Helper()
	mounts, err := os.Open("/proc/self/mounts")
	require.NoError(t, err, "control groups are Linux's")
	defer mounts.Close()
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) < 4:
		case fields[2] == "cgroup" && strings.Contains(","+fields[3]+",", ",memory,"):
			return fields[1], false
		case fields[2] == "cgroup2":
			controllers, _ := os.ReadFile(filepath.Join(fields[1], "cgroup.controllers"))
			if strings.Contains(string(controllers), "memory") {
				// Children only have memory limits if the parent enables them; most do.
				_ = os.WriteFile(filepath.Join(fields[1], "cgroup.subtree_control"), []byte("+memory"), 0)
				return fields[1], true
			}
		}
	}
	require.Fail(t, "no control groups with memory limits are mounted")
	return "", false
}

// command returns a command that starts in the group.
func (g group) command(program string) *exec.Cmd {
	return exec.Command("/bin/sh", "-c", `echo $$ > "$0/cgroup.procs" && exec "$1"`, g.folder, program)
}

// used returns the peak memory use.
func (g group) used(t *testing.T) int64 {
	t.Helper()
	content, err := os.ReadFile(g.peak)
	if errors.Is(err, os.ErrNotExist) { // kernels before 5.19
		return 0
	}
	require.NoError(t, err)
	bytes, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	require.NoError(t, err)
	return bytes
}

// killed returns the number of processes killed for memory.
func (g group) killed(t *testing.T) int {
	t.Helper()
	content, err := os.ReadFile(g.events)
	require.NoError(t, err)
	for line := range strings.Lines(string(content)) {
		var n int
		if _, err := fmt.Sscanf(line, "oom_kill %d", &n); err == nil {
			return n
		}
	}
	return 0
}
