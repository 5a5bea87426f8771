package embedded

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes makes the kernel ask the server for a fast shutdown when the
// thread that started it ends.
func attributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT, Credential: account}
}

// guard has nothing to do: the kernel sends the signal that attributes asked for.
func guard(int) (release func(), err error) {
	return func() {}, nil
}

// serves reports whether the process is a server on the data folder, which is
// the working folder of every PostgreSQL server.
func serves(pid int, data string) bool {
	theirs, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	ours, err := os.Stat(data)
	return err == nil && os.SameFile(theirs, ours)
}

// removeSharedMemory removes the segment that a killed server could not. One
// still attached stays: by it the next server knows that it has to wait.
func removeSharedMemory(id int) {
	var segment unix.SysvShmDesc
	if _, err := unix.SysvShmCtl(id, unix.IPC_STAT, &segment); err == nil && segment.Nattch == 0 {
		_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	}
}
