package cluster

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// restartDelay keeps a component that fails at once from using the processor up.
const restartDelay = time.Second

// Component is one program of the node.
type Component struct {
	Name        string   `json:"name"`
	Command     []string `json:"command"`
	Environment []string `json:"environment,omitempty"`

	// State; read-only for clients.
	PID   int    `json:"pid,omitempty"`
	Exits int    `json:"exits,omitempty"`
	Ended string `json:"ended,omitempty"` // how it exited last
}

// supervisor starts components, restarts them when they exit, and reaps orphaned
// processes in the node. As the first process of its namespace it inherits every
// orphan there.
//
// It does not order components and knows nothing of health: the host waits for both. A
// component that keeps failing is restarted forever, since stopping is the host's decision.
type supervisor struct {
	state string

	mutex      sync.Mutex // held during starts too, so that no process is reaped before it is registered
	components map[string]*Component
}

// newSupervisor has no components yet.
func newSupervisor(state string) *supervisor {
	return &supervisor{state: state, components: map[string]*Component{}}
}

// serve serves the supervisor's API on a socket in the state folder.
// The handler of signals runs before the first component starts, so no exit is missed.
func (s *supervisor) serve() error {
	children := make(chan os.Signal, 1)
	signal.Notify(children, unix.SIGCHLD)
	go func() {
		for range children {
			s.reap()
		}
	}()
	socket := filepath.Join(s.state, "node.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", socket, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /components", s.list)
	mux.HandleFunc("POST /components", s.add)
	return http.Serve(listener, mux)
}

// list returns the components by name.
func (s *supervisor) list(w http.ResponseWriter, _ *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	names := slices.Sorted(maps.Keys(s.components))
	components := make([]Component, len(names))
	for i, name := range names {
		components[i] = *s.components[name]
	}
	json.NewEncoder(w).Encode(components)
}

// add starts a component unless it already exists.
// Success for an existing one makes a repeated step harmless; a changed command is ignored.
func (s *supervisor) add(w http.ResponseWriter, r *http.Request) {
	var component Component
	if err := json.NewDecoder(r.Body).Decode(&component); err != nil || len(component.Command) == 0 {
		http.Error(w, "want a component with a command", http.StatusBadRequest)
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.components[component.Name] != nil {
		return
	}
	if err := s.start(&component); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.components[component.Name] = &component
}

// start starts a component's process; the mutex is held.
// It uses os.StartProcess because exec.Cmd waits for its process, and reap does that here for
// all of them. The log is appended to, so it shows why earlier runs failed.
func (s *supervisor) start(component *Component) error {
	output, err := os.OpenFile(logFile(s.state, component.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer output.Close()
	input, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer input.Close()
	process, err := os.StartProcess(component.Command[0], component.Command, &os.ProcAttr{
		Dir:   s.state,
		Env:   component.Environment,
		Files: []*os.File{input, output, output},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", component.Name, err)
	}
	component.PID = process.Pid
	return process.Release()
}

// reap collects every process that has ended: one signal may stand for several.
func (s *supervisor) reap() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if pid <= 0 {
			return
		}
		for _, component := range s.components {
			if component.PID == pid {
				s.ended(component, status)
			}
		}
	}
}

// ended notes how a component ended, and restarts it.
// The delay does not block: the mutex is free while it lasts.
func (s *supervisor) ended(component *Component, status unix.WaitStatus) {
	component.PID = 0
	component.Exits++
	component.Ended = fmt.Sprintf("with code %d", status.ExitStatus())
	if status.Signaled() {
		component.Ended = "by signal " + status.Signal().String()
	}
	log.Printf("%s ended %s", component.Name, component.Ended)
	time.AfterFunc(restartDelay, func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if err := s.start(component); err != nil {
			log.Print(err)
		}
	})
}

// logFile is where a component's output goes.
func logFile(state, component string) string {
	return filepath.Join(state, "logs", component+".log")
}
