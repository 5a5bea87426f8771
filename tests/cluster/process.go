package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pollInterval = 100 * time.Millisecond
	tooManyExits = 3 // exits after which a component counts as failed
)

// node controls a node from the host.
type node struct {
	settings *Settings
	client   *http.Client
}

// newNode connects to nothing; the node may not run yet.
// Each call has 10 s, since the supervisor answers from memory.
func newNode(settings *Settings) *node {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", settings.state("node.sock"))
	}
	return &node{settings, &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 10 * time.Second}}
}

// launch starts the node's first process in its own namespaces, and returns its process id
// once it accepts calls.
// The node outlives this program: it has its own session and no pipe to it. Its environment
// is not the caller's, so that a cluster works alike for everybody.
func (n *node) launch(ctx context.Context) (int, error) {
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	output, err := os.Create(logFile(n.settings.State, "node"))
	if err != nil {
		return 0, err
	}
	defer output.Close()
	command := exec.Command(program, "node", n.settings.State, n.settings.Binaries, n.settings.hostname())
	command.Dir = "/"
	command.Env = environment(n.settings)
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: nodeNamespaces}
	if err := command.Start(); err != nil {
		return 0, fmt.Errorf("starting the node: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	err = poll(ctx, 30*time.Second, func() error {
		select {
		case err := <-ended:
			return final{fmt.Errorf("the node ended: %w", err)}
		default:
			_, err := n.components(ctx)
			return err
		}
	})
	return command.Process.Pid, inComponent("node", err)
}

// find returns the id of the node's first process; 0 if there is none.
// It compares arguments instead of storing the id, which another process may have by now.
func (s *Settings) find() (int, error) {
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 0, err
	}
	for _, process := range processes {
		content, _ := os.ReadFile(process) // may have ended
		arguments := strings.Split(string(content), "\x00")
		if len(arguments) > 4 && arguments[1] == "node" && arguments[2] == s.State && arguments[4] == s.hostname() {
			return strconv.Atoi(filepath.Base(filepath.Dir(process)))
		}
	}
	return 0, nil
}

// kill kills the node and waits until all its processes have ended.
// The kernel kills the rest of the namespace with its first process; there is no orderly
// shutdown, because nothing of a cluster is kept.
func (s *Settings) kill(ctx context.Context) error {
	pid, err := s.find()
	if err != nil || pid == 0 {
		return err
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("killing the node: %w", err)
	}
	return poll(ctx, time.Minute, func() error {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			return nil
		}
		if err != nil {
			return err
		}
		// It becomes a zombie only after all other processes of its namespace have ended.
		_, state, _ := bytes.Cut(content, []byte(") "))
		if bytes.HasPrefix(state, []byte("Z")) {
			return nil
		}
		return fmt.Errorf("process %d is still there", pid)
	})
}

// runs reports whether the node answers.
func (n *node) runs(ctx context.Context) bool {
	_, err := n.components(ctx)
	return err == nil
}

// components returns the state of all components.
func (n *node) components(ctx context.Context) ([]Component, error) {
	var components []Component
	return components, n.call(ctx, http.MethodGet, nil, &components)
}

// start starts a component; one that exists already stays.
func (n *node) start(ctx context.Context, component Component) error {
	component.Environment = append(environment(n.settings), component.Environment...)
	return inComponent(component.Name, n.call(ctx, http.MethodPost, component, nil))
}

// call calls the supervisor through its socket, which only root can open.
func (n *node) call(ctx context.Context, method string, body, answer any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://node/components", bytes.NewReader(content))
	if err != nil {
		return err
	}
	response, err := n.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if content, err = io.ReadAll(response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the node returned %q", strings.TrimSpace(string(content)))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(content, answer)
}

// await waits until a component is ready, and stops early if it keeps exiting.
// A single exit is normal, as components restart until what they need is there.
func (n *node) await(ctx context.Context, component string, limit time.Duration, ready func() error) error {
	return inComponent(component, poll(ctx, limit, func() error {
		failure := ready()
		if failure == nil {
			return nil
		}
		components, err := n.components(ctx)
		if err != nil {
			return failure
		}
		for _, found := range components {
			if found.Name == component && found.Exits >= tooManyExits {
				return final{fmt.Errorf("%s ended %d times, the last time %s", component, found.Exits, found.Ended)}
			}
		}
		return failure
	}))
}

// answers returns an error unless a URL responds with success.
func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

// environment returns the environment variables of the node's programs, without the host's.
func environment(s *Settings) []string {
	return []string{
		"PATH=" + s.binary("argocd") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + s.state("home"),
		"TMPDIR=" + s.state("tmp"),
	}
}

// componentError names the component whose log has details.
// fail looks for it in the chain, so wrap it with %w.
type componentError struct {
	component string
	error
}

// Unwrap lets errors.Is find causes such as a cancelled context.
func (e componentError) Unwrap() error { return e.error }

// inComponent adds the component to an error; nil stays nil.
func inComponent(component string, err error) error {
	if err == nil {
		return nil
	}
	return componentError{component, err}
}

// final ends a poll: retrying does not help.
type final struct{ error }

// Unwrap keeps final from hiding its cause.
func (f final) Unwrap() error { return f.error }

// poll retries until try succeeds. At the limit it returns the last error.
// It tries at least once. If ctx ends, the error has its cause, such as an exceeded --timeout.
func poll(ctx context.Context, limit time.Duration, try func() error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		if stop := (final{}); errors.As(err, &stop) {
			return stop.error
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return errors.Join(context.Cause(ctx), err)
			}
			return fmt.Errorf("not within %s: %w", limit, err)
		case <-time.After(pollInterval):
		}
	}
}
