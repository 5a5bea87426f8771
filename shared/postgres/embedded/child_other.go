//go:build unix && !linux

package embedded

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// attributes starts the server in a new process group, so that Ctrl-C in a
// terminal reaches this process only, which then stops it in order.
func attributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: account}
}

// guard stands in for the parent-death signal. See watch.
func guard(pid int) (release func(), err error) {
	return watch(pid)
}

// serves reports whether the process is a PostgreSQL server. Without /proc it
// cannot know on which folder, and errs on the side of refusing to start.
func serves(pid int, _ string) bool {
	out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return false
	}
	return strings.HasPrefix(filepath.Base(strings.TrimSpace(string(out))), "postgres")
}

// removeSharedMemory does nothing: killing servers is for tests, which run on
// Linux. The system keeps the segment until its next start.
func removeSharedMemory(int) {}
