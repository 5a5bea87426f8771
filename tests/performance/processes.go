package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
)

var programs = []string{"ask", "follow-up", "report", "gateway", "local"}

// projectRoot is the folder of the workspace.
func projectRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOWORK").Output()
	if err != nil {
		return "", fmt.Errorf("find the workspace: %w", err)
	}
	work := strings.TrimSpace(string(out))
	if work == "" || work == "off" {
		return "", errors.New("find the workspace: run this inside the project")
	}
	return filepath.Dir(work), nil
}

// processes builds programs and runs them on loopback.
type processes struct {
	dir     string // of the binaries
	root    string // of the project
	mu      sync.Mutex
	running []*process
}

func (p *processes) binary(name string) string { return filepath.Join(p.dir, "bin", name) }

// build makes every program as it is deployed; with profiled, each also serves
// its profiles.
func (p *processes) build(ctx context.Context, root string, profiled bool) error {
	p.root = root
	arguments := []string{"build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w"}
	if profiled {
		overlay, err := p.profiled(root)
		if err != nil {
			return err
		}
		arguments = append(arguments, "-overlay="+overlay)
	}
	for _, name := range programs {
		cmd := exec.CommandContext(ctx, "go", append(arguments, "-o", p.binary(name), "./functions/"+name+"/cmd/"+name)...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

const profiler = `package main

import (
	"net/http"
	_ "net/http/pprof"
	"os"
)

func init() {
	if address := os.Getenv("BENCH_PPROF"); address != "" {
		go http.ListenAndServe(address, nil)
	}
}
`

// profiled writes an overlay that adds the profiler to every program.
func (p *processes) profiled(root string) (string, error) {
	source, overlay := filepath.Join(p.dir, "profiler.go"), filepath.Join(p.dir, "overlay.json")
	replace := map[string]string{}
	for _, name := range programs {
		replace[filepath.Join(root, "functions", name, "cmd", name, "profiler.go")] = source
	}
	encoded, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(source, []byte(profiler), 0o600), os.WriteFile(overlay, encoded, 0o600))
}

// process is a running program.
type process struct {
	name      string
	address   string // host and port
	url       string // of its MCP endpoint
	profiler  string
	cmd       *exec.Cmd
	log       bytes.Buffer
	execed    time.Time
	listening time.Duration // from exec
}

// deployedEnvironment is what func.yaml sets for a function, secrets apart.
func deployedEnvironment(root, name string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(root, "functions", name, "func.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read deployment of %s: %w", name, err)
	}
	var document struct {
		Run struct {
			Envs []struct{ Name, Value string }
		}
	}
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("read deployment of %s: %w", name, err)
	}
	var environment []string
	for _, e := range document.Run.Envs {
		if !strings.Contains(e.Value, "{{") {
			environment = append(environment, e.Name+"="+e.Value)
		}
	}
	return environment, nil
}

// launch runs a program and returns as soon as it listens, with the connection
// that found out.
func (p *processes) launch(ctx context.Context, name string, env ...string) (*process, net.Conn, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, nil, err
	}
	profiler, err := freeAddress()
	if err != nil {
		return nil, nil, err
	}
	proc := &process{name: name, address: address, url: "http://" + address + "/mcp", profiler: profiler}
	proc.cmd = exec.CommandContext(ctx, p.binary(name))
	deployed, err := deployedEnvironment(p.root, name)
	if err != nil {
		return nil, nil, err
	}
	proc.cmd.Env = append(append(deployed, "LISTEN_ADDRESS="+address, "METRICS_ADDRESS=", "ALLOW_UNAUTHENTICATED=true", "BENCH_PPROF="+profiler), env...)
	proc.cmd.Stdout, proc.cmd.Stderr = &proc.log, &proc.log
	proc.execed = time.Now()
	if err := proc.cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.mu.Lock()
	p.running = append(p.running, proc)
	p.mu.Unlock()
	for time.Since(proc.execed) < 10*time.Second && ctx.Err() == nil {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			proc.listening = time.Since(proc.execed)
			return proc, conn, nil
		}
		time.Sleep(time.Millisecond)
	}
	return nil, nil, errors.Join(fmt.Errorf("%s does not listen", name), p.end(proc))
}

// start runs a program and waits until it is ready.
func (p *processes) start(ctx context.Context, name string, env ...string) (*process, error) {
	proc, conn, err := p.launch(ctx, name, env...)
	if err != nil {
		return nil, err
	}
	conn.Close()
	for range 200 {
		response, err := http.Get("http://" + proc.address + "/health/readiness")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return proc, nil
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.Join(fmt.Errorf("%s is not ready", name), p.end(proc))
}

// end stops one process; the error holds what it wrote when it failed.
func (p *processes) end(proc *process) error {
	p.mu.Lock()
	for i, other := range p.running {
		if other == proc {
			p.running = append(p.running[:i], p.running[i+1:]...)
			break
		}
	}
	p.mu.Unlock()
	_ = proc.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(10*time.Second, func() { _ = proc.cmd.Process.Kill() })
	err := proc.cmd.Wait()
	kill.Stop()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", proc.name, err, bytes.TrimSpace(proc.log.Bytes()))
	}
	return nil
}

func (p *processes) stop() error {
	var err error
	for len(p.running) > 0 {
		err = errors.Join(err, p.end(p.running[len(p.running)-1]))
	}
	return err
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// memory is a process's resident memory, its highest so far, and what of it is
// no part of the binary, in bytes.
func (proc *process) memory() (resident, highest, anonymous int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", proc.cmd.Process.Pid))
	if err != nil {
		return 0, 0, 0, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			resident = kib << 10
		case "VmHWM":
			highest = kib << 10
		case "RssAnon":
			anonymous = kib << 10
		}
	}
	return resident, highest, anonymous, nil
}

// cpu is the processor time that a process has used, with its live children's
// where asked; zero where /proc does not tell.
func cpu(pid int, children bool) time.Duration {
	var ticks int64
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// The name in parentheses may hold anything.
		fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
		own, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if parent, _ := strconv.Atoi(fields[1]); own != pid && !(children && parent == pid) {
			continue
		}
		for _, field := range fields[11:13] {
			n, _ := strconv.ParseInt(field, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// fetchProfile saves a profile that a process serves.
func (proc *process) fetchProfile(ctx context.Context, path, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+proc.profiler+"/debug/pprof/"+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, response.Body)
	return err
}
