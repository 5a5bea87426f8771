package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
	"github.com/sequential-questioning/sequential-questioning/tests/deployed"
)

// Aims of the local program, relative to the rate of a tool that echoes from memory.
// An opening does the most work, since it plans and stores a conversation; a report the least.
const (
	aimReport  = 1.5
	aimOpening = 0.6
	aimAnswer  = 1.0
)

// peer is the protocol's reference server, in TypeScript. make bench installs it.
// Its version is pinned in tests/performance/peer/package-lock.json.
const peer = "tests/performance/peer/node_modules/@modelcontextprotocol/server-everything/dist/index.js"

// measurePeer compares the local program, in which the gateway calls functions without a
// socket, with the reference server. One client makes one call at a time, to each in turn.
// The comparison favours the reference server, which keeps nothing. Its echo is the least
// that a tool of that SDK costs.
func measurePeer(ctx context.Context, b *bench) error {
	data := filepath.Join(b.dir, "peer")
	profiler, err := deployed.FreeAddress()
	if err != nil {
		return err
	}
	program := exec.CommandContext(ctx, b.procs.Path("local"), "--port", "0", "--data", data)
	local, endpoint, err := b.serve(ctx, "is ready at ", program, append([]string{"BENCH_PPROF=" + profiler}, b.env...)...)
	if err != nil {
		return fmt.Errorf("start the local program: %w", err)
	}
	defer local()
	endpoint, _, _ = strings.Cut(endpoint, " ") // how long it took follows
	// The program has its own database, with its own settings, as on a laptop.
	database, err := embedded.Inspect(ctx, filepath.Join(data, "postgres"))
	if err != nil {
		return fmt.Errorf("find the local program's database: %w", err)
	}
	echo, stop, err := b.startPeer(ctx)
	if err != nil {
		return err
	}
	defer stop()
	stock, err := newStock(ctx, database.URL, b.tape)
	if err != nil {
		return err
	}
	defer stock.close()
	if err := stock.settled(ctx); err != nil {
		return err
	}
	open, err := stock.open(ctx, 1, slots/2)
	if err != nil {
		return err
	}
	opening, err := openingArguments()
	if err != nil {
		return err
	}
	c := newClient()
	sides := []struct {
		label string
		aim   float64
		side  side
	}{
		{"the reference server's echo", 0, echo},
		{reportTool, aimReport, calling(func(ctx context.Context) (time.Duration, error) {
			return c.call(ctx, endpoint, reportTool, naming(open[0]), `"questions_asked":`)
		})},
		{askTool, aimOpening, calling(func(ctx context.Context) (time.Duration, error) {
			return c.call(ctx, endpoint, askTool, opening, `"revision":1`)
		})},
		{followUpTool + ", an answer", aimAnswer, newToolSide(endpoint, stock, 1)},
	}
	server, err := stock.server(ctx)
	if err != nil {
		return err
	}
	rates := make([][]float64, len(sides))
	var calls int
	cost := map[string]time.Duration{} // of the answers
	began := time.Now()
	for pair := range b.pairs + 1 {
		// A function reads statistics again after a minute. What was answered meanwhile then
		// changes the order of the questions, which the recorded answers do not follow.
		if pair > 1 && time.Since(began) > time.Minute-time.Duration(len(sides)+2)*b.slice {
			break
		}
		for i, one := range sides {
			if err := stock.fill(ctx, int(3000*b.slice.Seconds()/slots)+2); err != nil {
				return err
			}
			before := processors(program.Process.Pid, server)
			var took times
			var elapsed time.Duration
			measured := func() (err error) { took, elapsed, err = slice(ctx, one.side, 1, b.slice, 0); return err }
			var of []*process
			if one.aim == aimAnswer {
				of = append(of, &process{Process: &deployed.Process{Name: "local"}, profiler: profiler})
			}
			if err := b.profiled(ctx, fmt.Sprint("answer-", pair), b.slice, measured, of...); err != nil {
				return fmt.Errorf("%s: %w", one.label, err)
			}
			if pair == 0 {
				continue // warm-up
			}
			rates[i] = append(rates[i], float64(len(took))/elapsed.Seconds())
			if one.aim == aimAnswer {
				calls += len(took)
				for name, used := range processors(program.Process.Pid, server) {
					cost[name] += used - before[name]
				}
			}
		}
	}
	s := b.table.section("The local program beside the protocol's reference server in TypeScript, calls per second, 1 at once", "rate", "")
	for i, one := range sides {
		r := row{label: one.label, value: fmt.Sprintf("%.0f", mean(rates[i]))}
		if one.aim > 0 {
			ratio, low, high := ratios(rates[i], rates[0])
			r.compared, r.aim = fmt.Sprintf("× %.2f (%.2f to %.2f)", ratio, low, high), atLeast(ratio, one.aim)
		}
		s.add(r)
	}
	per := func(name string) float64 { return cost[name].Seconds() * 1000 / float64(calls) }
	s.note("The reference server echoes a text from memory. The local program serves from PostgreSQL, with the gateway, the functions, relay and indexer in its process.")
	s.note("CPU of one answer, in ms, with all that follows from it: the program %.2f, PostgreSQL %.2f, the caller %.2f.", per("program"), per("postgres"), per("caller"))
	return nil
}

// processors is the processor time used so far by the local program, its PostgreSQL with
// its children, and this process.
func processors(program, server int) map[string]time.Duration {
	return map[string]time.Duration{"program": cpu(program, false), "postgres": cpu(server, true), "caller": cpu(os.Getpid(), false)}
}

// calling is a side of one call that is made again and again.
type calling func(context.Context) (time.Duration, error)

func (c calling) step(ctx context.Context, _ int) (time.Duration, error) { return c(ctx) }

// startPeer starts the reference server and opens a session, which its revision needs.
// The port is one that was free a moment ago, because the server cannot choose one.
func (b *bench) startPeer(ctx context.Context) (side, func(), error) {
	script := filepath.Join(b.root, peer)
	if _, err := os.Stat(script); err != nil {
		return nil, nil, errors.New("the reference server is not installed; start the measurement with make bench, which installs it with npm")
	}
	address, err := deployed.FreeAddress()
	if err != nil {
		return nil, nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, nil, err
	}
	stop, _, err := b.serve(ctx, "listening on port", exec.CommandContext(ctx, "node", script, "streamableHttp"), "PORT="+port, "NODE_ENV=production")
	if err != nil {
		return nil, nil, fmt.Errorf("start the reference server: %w", err)
	}
	s := &session{url: "http://" + address + "/mcp", http: &http.Client{Transport: transport}}
	if err := s.initialize(ctx); err != nil {
		stop()
		return nil, nil, err
	}
	return s, stop, nil
}

// session is a client of revision 2025-11-25 that calls echo.
// It writes requests by hand, as client does, so both sides pay alike for their client.
type session struct {
	url, id  string
	http     *http.Client
	response bytes.Buffer
}

// initialize opens the session and confirms it, as this revision requires before any call.
func (s *session) initialize(ctx context.Context) error {
	header, err := s.post(ctx, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"bench","version":"1"},"capabilities":{}}}`)
	if err != nil {
		return fmt.Errorf("initialize the reference server: %w", err)
	}
	if s.id = header.Get("Mcp-Session-Id"); s.id == "" {
		return errors.New("the reference server opened no session")
	}
	_, err = s.post(ctx, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return err
}

// step calls echo once.
// The answer is checked outside the duration, as in client.call.
func (s *session) step(ctx context.Context, _ int) (time.Duration, error) {
	began := time.Now()
	if _, err := s.post(ctx, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"Lisbon, by the river"}}}`); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if !bytes.Contains(s.response.Bytes(), []byte("Lisbon, by the river")) {
		return 0, fmt.Errorf("echo answered %s", s.response.String())
	}
	return took, nil
}

// post sends one message and returns the response's header; the body is in s.response until
// the next one.
func (s *session) post(ctx context.Context, body string) (http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Mcp-Protocol-Version": {"2025-11-25"}}
	if s.id != "" {
		request.Header.Set("Mcp-Session-Id", s.id)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	s.response.Reset()
	if _, err := s.response.ReadFrom(response.Body); err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("it answered %s: %s", response.Status, s.response.String())
	}
	return response.Header, nil
}

// serve starts a program and waits for the line in its output that says that it serves.
// It returns what follows ready on that line, and what stops the program.
// stop interrupts the program and waits for its end. Output after that line is read and
// dropped, since a full pipe would block the program.
func (b *bench) serve(ctx context.Context, ready string, command *exec.Cmd, env ...string) (stop func(), rest string, err error) {
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	command.Env = append(env, "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"), "POSTGRES_BIN="+os.Getenv("POSTGRES_BIN"))
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	if err := command.Start(); err != nil {
		return nil, "", err
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // it is stopped
		writer.Close()
		close(ended)
	}()
	stop = func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
	}
	var said strings.Builder
	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		if _, rest, found := strings.Cut(lines.Text(), ready); found {
			go func() { _, _ = io.Copy(io.Discard, reader) }()
			return stop, strings.TrimSpace(rest), nil
		}
		said.WriteString(lines.Text() + "\n")
	}
	stop()
	return nil, "", errors.Join(errors.New("it ended: "+said.String()), ctx.Err())
}
