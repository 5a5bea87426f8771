package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	postgres "github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
	qdrant "github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/tests/deployed"
)

// functions are what runs, each in processes of its own.
var functions = []string{"gateway", "ask", "follow-up", "revise", "report", "recall", "automatic", "forget", "relay", "indexer"}

// sweepEvery is how often the relay is called by its timer.
const sweepEvery = 2 * time.Second

// keptKeys is how many rotated keys a ring still opens.
const keptKeys = 3

// world is everything that runs: the functions' replicas behind their front,
// PostgreSQL and Qdrant.
type world struct {
	folder   string // of logs, binaries and data
	programs deployed.Programs
	postgres *postgres.Server
	qdrant   *qdrant.Server
	front    *front
	replicas int
	sweeps   context.CancelFunc
	swept    sync.WaitGroup

	mu      sync.Mutex
	running map[string][]*deployed.Process // by function, by replica
	keys    []string                       // of the ring, the first seals
	signing string                         // keys that relay and indexer share
	rotated int
}

// environment is a function's settings besides those of its func.yaml. What all
// have stands under "".
func (w *world) environment(function string) []string {
	w.mu.Lock()
	ring := strings.Join(w.keys, ",")
	w.mu.Unlock()
	settings := map[string][]string{
		"": {
			"ALLOW_UNAUTHENTICATED=true",
			"DATABASE_URL=" + w.postgres.URL(),
			"QDRANT_URL=" + w.qdrant.URL(),
			"RELAY_URL=" + w.front.url("relay"),
			// Each process serves its metrics on a port of its own.
			"METRICS_ADDRESS=127.0.0.1:0",
			// What others answered is never assumed, so that every value in a
			// report is one that this person gave.
			"ASSUME_CONFIDENCE=0",
			"GOTRACEBACK=all",
		},
		"gateway":   {"FUNCTION_URL=" + w.front.url("{function}") + "/mcp"},
		"automatic": {"REQUEST_STATE_KEYS=" + ring},
		"indexer":   {"EVENT_SIGNING_KEYS=" + w.signing},
		"relay": {
			"EVENT_SIGNING_KEYS=" + w.signing,
			"K_SINK=" + w.front.url("indexer"),
		},
	}
	return append(slices.Clone(settings[""]), settings[function]...)
}

// startWorld builds the functions and starts everything.
func startWorld(ctx context.Context, folder string, replicas int) (w *world, err error) {
	w = &world{folder: folder, replicas: replicas, running: map[string][]*deployed.Process{}, keys: []string{keyring.Generate()}, signing: keyring.Generate()}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.stop())
		}
	}()
	if w.programs.Root, err = deployed.Root(ctx); err != nil {
		return w, err
	}
	w.programs.Folder = filepath.Join(folder, "bin")
	if err := w.programs.Build(ctx, functions); err != nil {
		return w, err
	}
	if w.postgres, err = postgres.Start(ctx, postgres.Options{Dir: filepath.Join(folder, "postgres"), Fast: true, Log: w.log("postgres")}); err != nil {
		return w, err
	}
	if err := migrations.Up(ctx, w.postgres.URL()); err != nil {
		return w, fmt.Errorf("migrate: %w", err)
	}
	if w.qdrant, err = qdrant.Start(qdrant.Options{}); err != nil {
		return w, err
	}
	if w.front, err = startFront(); err != nil {
		return w, err
	}
	for _, function := range functions {
		w.running[function] = make([]*deployed.Process, replicas)
		for replica := range replicas {
			if err := w.start(ctx, function, replica); err != nil {
				return w, err
			}
		}
	}
	sweeping, cancel := context.WithCancel(context.Background())
	w.sweeps = cancel
	w.swept.Go(func() { w.sweep(sweeping) })
	return w, nil
}

// log is the file that a program's output is appended to.
func (w *world) log(name string) *os.File {
	file, err := os.OpenFile(filepath.Join(w.folder, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil // a program without its log still runs
	}
	return file
}

// start starts a replica and puts it behind the front.
func (w *world) start(ctx context.Context, function string, replica int) error {
	out := w.log(fmt.Sprintf("%s-%d", function, replica))
	proc, conn, err := w.programs.Start(ctx, function, out, w.environment(function)...)
	if out != nil {
		out.Close() // the child has its own
	}
	if err != nil {
		return err
	}
	conn.Close()
	w.mu.Lock()
	w.running[function][replica] = proc
	w.mu.Unlock()
	w.front.set(function, replica, proc.Address)
	return nil
}

// replica returns a running process, nil while it is down.
func (w *world) replica(function string, replica int) *deployed.Process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.running[function][replica]
}

// kill ends a replica as a power cut would. It returns false where the replica
// is down already.
func (w *world) kill(function string, replica int) bool {
	proc := w.take(function, replica)
	if proc == nil {
		return false
	}
	proc.Kill() // the front finds out by itself
	w.front.set(function, replica, "")
	return true
}

// take makes the caller the only one who ends the process and starts another.
func (w *world) take(function string, replica int) *deployed.Process {
	w.mu.Lock()
	defer w.mu.Unlock()
	proc := w.running[function][replica]
	w.running[function][replica] = nil
	return proc
}

// restart ends a replica as a rollout does, after the front has left it, and
// starts another.
func (w *world) restart(ctx context.Context, function string, replica int) error {
	proc := w.take(function, replica)
	if proc == nil {
		return nil // whoever killed it starts it with the settings of now
	}
	w.front.set(function, replica, "")
	stopped := proc.Stop()
	return errors.Join(stopped, w.start(ctx, function, replica))
}

// rotate puts a new key in the ring as operators have to: first every replica
// learns to open it, then it seals.
func (w *world) rotate(ctx context.Context) error {
	w.mu.Lock()
	old := w.keys
	w.rotated++
	_, secret, _ := strings.Cut(keyring.Generate(), ":")
	fresh := fmt.Sprintf("r%d:%s", w.rotated, secret)
	w.keys = append(slices.Clone(old), fresh)
	w.mu.Unlock()
	if err := w.rollOut(ctx, "automatic"); err != nil {
		return err
	}
	w.mu.Lock()
	w.keys = append([]string{fresh}, old[:min(len(old), keptKeys)]...)
	w.mu.Unlock()
	return w.rollOut(ctx, "automatic")
}

func (w *world) rollOut(ctx context.Context, function string) error {
	for replica := range w.replicas {
		// One that a kill has taken starts by itself, with the ring of now or of
		// a moment ago: wait, so that no replica is left with an older one.
		for w.replica(function, replica) == nil && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		if err := w.restart(ctx, function, replica); err != nil {
			return err
		}
	}
	return nil
}

// crash kills PostgreSQL and starts it again after a while.
func (w *world) crash(ctx context.Context, down time.Duration) error {
	if err := w.postgres.Kill(); err != nil {
		return err
	}
	time.Sleep(down)
	var err error
	for range 5 {
		if err = w.postgres.Restart(ctx); err == nil {
			return nil
		}
	}
	return err
}

// sweep calls the relay as its timer does.
func (w *world) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		if request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.front.url("relay"), nil); err == nil {
			if response, err := http.DefaultClient.Do(request); err == nil {
				response.Body.Close()
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(sweepEvery):
		}
	}
}

// one reads a number from the database as its superuser, whom row security does
// not bind.
func (w *world) one(ctx context.Context, query string) (n int, err error) {
	address := strings.Replace(w.postgres.AdminURL(), "/postgres?", "/"+postgres.Role+"?", 1)
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, query).Scan(&n)
	return n, err
}

// stop ends everything.
func (w *world) stop() error {
	if w.sweeps != nil {
		w.sweeps()
		w.swept.Wait()
	}
	var ending sync.WaitGroup
	for function, replicas := range w.running {
		for replica := range replicas {
			ending.Go(func() { w.kill(function, replica) })
		}
	}
	ending.Wait()
	if w.front != nil {
		w.front.close()
	}
	if w.qdrant != nil {
		w.qdrant.Close()
	}
	if w.postgres == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(w.postgres.Stop(ctx), postgres.Remove(filepath.Join(w.folder, "postgres")))
}
