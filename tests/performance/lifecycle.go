package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The aims are for a start from zero, the memory of an instance, and a start of
// make run.
// They are absolute, unlike other aims, so a machine that is slower than the one of
// docs/performance.md may miss them.
const (
	aimStart  = 60 // ms
	aimMemory = 26 // MB
	aimLocal  = 2  // s
)

// measureStart measures a function from exec to its first response, as in a start
// from zero, with a warm database. Beside it stand two lower bounds: a start of the
// program without work, and the call's database work without the program.
//
// A round makes every measurement once, so a disturbance does not meet one kind of figure
// alone. The first round fills the kernel's cache of files and does not count.
func measureStart(ctx context.Context, b *bench) error {
	if err := b.stock.fill(ctx, 2*b.starts+2); err != nil {
		return err
	}
	var whole, listening, first, second, help, statements times
	for n := range b.starts + 1 {
		if err := b.noise.sample(ctx); err != nil {
			return err
		}
		proc, conn, err := b.procs.launch(ctx, "follow-up", b.functionEnv(b.db.url)...)
		if err != nil {
			return err
		}
		at := place{}
		c := newClientOn(conn)
		one, err := b.answer(ctx, c, &at, proc.URL())
		if err != nil {
			return err
		}
		exec := time.Since(proc.Started)
		two, err := b.answer(ctx, newClient(), &at, proc.URL())
		if err != nil {
			return err
		}
		if err := b.procs.end(proc); err != nil {
			return err
		}
		usage, err := b.timeHelp(ctx)
		if err != nil {
			return err
		}
		fresh, err := b.freshStatements(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			continue // warm-up
		}
		whole, listening, first = append(whole, exec), append(listening, proc.Listening), append(first, one)
		second, help, statements = append(second, two), append(help, usage), append(statements, fresh)
	}
	s := b.table.section(fmt.Sprintf("From exec of follow-up to its first answer, median of %d", b.starts), "median", "p95")
	add := func(label string, t times, a aim) {
		s.add(row{label: label, value: ms(t.at(.5)), beside: ms(t.at(.95)), aim: a})
	}
	add("exec to the answer of a call that stores", whole, atMost(whole.at(.5).Seconds()*1000, aimStart, "ms"))
	add("  exec to listening", listening, aim{})
	add("  the first call", first, aim{})
	add("  the second call", second, aim{})
	add("beside: exec of follow-up --help", help, aim{})
	add("beside: connect and send the call's statements by bare pgx", statements, aim{})
	return nil
}

// answer makes the next call of a conversation. It is what a first call does, the
// opening of connections included.
func (b *bench) answer(ctx context.Context, c *client, at *place, url string) (time.Duration, error) {
	turn, err := at.next(b.stock)
	if err != nil {
		return 0, err
	}
	return c.call(ctx, url, followUpTool, b.tape.argumentsFor(turn, at.id), recordedOne)
}

// timeHelp measures the program's own startup.
// It is what the operating system and Go's runtime need, with the packages' init functions.
func (b *bench) timeHelp(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	out, err := exec.CommandContext(ctx, b.procs.Path("follow-up"), "--help").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("follow-up --help: %w: %s", err, out)
	}
	return time.Since(began), nil
}

// freshStatements measures only the database work of a first call.
// Opening a connection is part of it: a process that starts has none.
func (b *bench) freshStatements(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	pool, err := bare(ctx, b.db.url, 1)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	if _, err := (&bareSide{b.tape, b.stock, pool, make([]place, 1)}).step(ctx, 0); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}

// measureMemory measures the memory of one function's process. The bound is on
// memory after many calls: a leak shows there, and Go returns memory only slowly.
// Memory is the kernel's count, not Go's: it is what a container's limit is compared with.
func measureMemory(ctx context.Context, b *bench) error {
	const workers, calls = 8, 2000
	proc, err := b.procs.start(ctx, "follow-up", b.functionEnv(b.db.url)...)
	if err != nil {
		return err
	}
	// Its error would be that of a process which is not needed any more.
	defer b.procs.end(proc)
	s := b.table.section("Memory of one follow-up process", "resident", "highest")
	s.columns[2] = "own"
	s.note("Own is resident memory without the binary's pages, which the kernel can drop.")
	add := func(label string, bounded bool, proc *process) error {
		resident, highest, own, err := proc.memory()
		if err != nil {
			return err
		}
		r := row{label: label, value: mb(resident), beside: mb(highest), compared: mb(own)}
		if bounded {
			r.aim = atMost(float64(resident)/1e6, aimMemory, "MB")
		}
		s.add(r)
		return nil
	}
	if err := add("idle after start", false, proc); err != nil {
		return err
	}
	if err := b.stock.fill(ctx, calls/slots+2*workers); err != nil {
		return err
	}
	load := newToolSide(proc.URL(), b.stock, workers)
	if _, err := load.step(ctx, 0); err != nil {
		return err
	}
	if err := add("after 1 call", false, proc); err != nil {
		return err
	}
	if _, _, err := slice(ctx, load, workers, time.Minute, calls); err != nil {
		return err
	}
	if err := add(fmt.Sprintf("after %d calls, %d at once", calls, workers), true, proc); err != nil {
		return err
	}
	if err := add("beside: the gateway by now", false, b.gateway); err != nil {
		return err
	}

	binaries := b.table.section("Binaries, stripped, without cgo", "size", "")
	for _, name := range programs {
		info, err := os.Stat(b.procs.Path(name))
		if err != nil {
			return err
		}
		binaries.add(row{label: name, value: mb(info.Size())})
	}
	return nil
}

// measureLocal measures starts of the local server on an existing folder.
// The first start, which makes the database, is printed but has no aim: it happens once.
func measureLocal(ctx context.Context, b *bench) error {
	dir := filepath.Join(b.dir, "local")
	first, err := b.startLocal(ctx, dir)
	if err != nil {
		return err
	}
	var again times
	for range b.localStart {
		if err := b.noise.sample(ctx); err != nil {
			return err
		}
		took, err := b.startLocal(ctx, dir)
		if err != nil {
			return err
		}
		again = append(again, took)
	}
	s := b.table.section("The local server: exec to ready", "median", "slowest")
	s.add(row{label: "first start, which makes the database", value: ms(first)})
	s.add(row{label: fmt.Sprintf("later starts, %d", b.localStart), value: ms(again.at(.5)), beside: ms(again.at(1)),
		aim: atMost(again.at(.5).Seconds(), aimLocal, "s")})
	return nil
}

// startLocal starts the local server, waits until it says that it is ready, and
// stops it. The first start makes the database.
// The environment has only what finding PostgreSQL takes, so the caller's settings do not
// change the figure.
func (b *bench) startLocal(ctx context.Context, dir string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, b.procs.Path("local"), "--port", "0", "--data", dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "POSTGRES_BIN=" + os.Getenv("POSTGRES_BIN")}
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var took time.Duration
	lines := bufio.NewScanner(out)
	for took == 0 && lines.Scan() {
		if strings.Contains(lines.Text(), "is ready at") {
			took = time.Since(began)
		}
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil || took == 0 {
		return 0, errors.Join(errors.New("the local server did not start or stop"), err, errors.New(log.String()))
	}
	return took, nil
}
