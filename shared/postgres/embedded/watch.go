//go:build unix

package embedded

import (
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
)

// watch starts a shell that asks the server for a fast shutdown when this process
// ends, which it learns from the end of its input. It stands in for the
// parent-death signal on systems that lack one. The shell also ends when the server
// has: release writes a line to it.
func watch(pid int) (release func(), err error) {
	cmd := exec.Command("/bin/sh", "-c", `read -r line || kill -INT "$1" 2>/dev/null`, "sh", strconv.Itoa(pid))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("watch over the server: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("watch over the server: %w", err)
	}
	return func() {
		_, _ = input.Write([]byte("done\n"))
		_ = input.Close()
		_ = cmd.Wait()
	}, nil
}
