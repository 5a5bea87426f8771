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
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sequential-questioning/sequential-questioning/tests/deployed"
	"github.com/sequential-questioning/sequential-questioning/tests/transcript"
)

// programs are those that are built and whose size is listed.
var programs = []string{"ask", "follow-up", "report", "gateway", "local"}

// processes builds programs and runs them on loopback. mu guards running; launches may
// overlap.
type processes struct {
	deployed.Programs
	dir     string // of the binaries
	mu      sync.Mutex
	running []*process
}

// build builds every program as deployed; with profiled, each also serves profiles.
// They are built as release images are, without debug information.
func (p *processes) build(ctx context.Context, root string, profiled bool) error {
	p.Programs = deployed.Programs{Root: root, Folder: filepath.Join(p.dir, "bin")}
	var flags []string
	if profiled {
		overlay, err := p.profiled(root)
		if err != nil {
			return err
		}
		flags = append(flags, "-overlay="+overlay)
	}
	return p.Build(ctx, programs, flags...)
}

// profiler is added to the programs for --profile only: a deployed function must
// not serve profiles.
// The source is added by -overlay, so it is never in the tree.
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
		replace[filepath.Join(root, p.Source(name), "profiler.go")] = source
	}
	encoded, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(source, []byte(profiler), 0o600), os.WriteFile(overlay, encoded, 0o600))
}

// process is a running program.
// log is its output, which errors quote.
type process struct {
	*deployed.Process
	profiler string // where it serves its profiles
	log      transcript.Transcript
}

// launch starts a program and returns as soon as it listens, with the connection
// that detected it. The caller closes the connection.
// It does not wait for readiness: the first call of a cold start meets the process as it is.
func (p *processes) launch(ctx context.Context, name string, env ...string) (*process, net.Conn, error) {
	profiler, err := deployed.FreeAddress()
	if err != nil {
		return nil, nil, err
	}
	proc := &process{profiler: profiler}
	var conn net.Conn
	if proc.Process, conn, err = p.Start(ctx, name, &proc.log, append([]string{"ALLOW_UNAUTHENTICATED=true", "BENCH_PPROF=" + profiler}, env...)...); err != nil {
		return nil, nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(proc.log.String()))
	}
	p.mu.Lock()
	p.running = append(p.running, proc)
	p.mu.Unlock()
	return proc, conn, nil
}

// start runs a program and waits until it is ready. Ready is the function's own
// readiness, which has opened its connections.
func (p *processes) start(ctx context.Context, name string, env ...string) (*process, error) {
	proc, conn, err := p.launch(ctx, name, env...)
	if err != nil {
		return nil, err
	}
	conn.Close()
	if err := proc.Ready(ctx); err != nil {
		return nil, errors.Join(err, p.end(proc))
	}
	return proc, nil
}

// end stops one process; the error of a failed one includes its output.
// It waits for the process, so its memory is free before the next measurement.
func (p *processes) end(proc *process) error {
	p.mu.Lock()
	for i, other := range p.running {
		if other == proc {
			p.running = append(p.running[:i], p.running[i+1:]...)
			break
		}
	}
	p.mu.Unlock()
	if err := proc.Stop(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(proc.log.String()))
	}
	return nil
}

// stop stops the remaining processes, the last first.
// The last first: the gateway calls the functions that were started before it.
func (p *processes) stop() error {
	var err error
	for len(p.running) > 0 {
		err = errors.Join(err, p.end(p.running[len(p.running)-1]))
	}
	return err
}

// memory returns a process's resident memory, its peak, and the part that is not the
// binary's, in bytes.
// Linux only; on other systems it returns the error of reading /proc.
func (proc *process) memory() (resident, highest, anonymous int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", proc.Pid()))
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

// cpu returns the processor time of a process, optionally with its live children;
// zero if /proc does not have it. A tick is taken as 10 ms, which holds on every
// Linux that Go supports.
// Children that have ended are not counted, so PostgreSQL's connections must stay open
// between two readings.
func cpu(pid int, children bool) time.Duration {
	var ticks int64
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// The name in parentheses may contain any characters.
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

// fetchProfile saves a profile that a process serves. It blocks for as long as the
// profile takes.
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
