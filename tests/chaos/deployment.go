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

// functions lists the functions; each runs in its own processes.
var functions = []string{"gateway", "ask", "follow-up", "revise", "report", "recall", "automatic", "forget", "relay", "indexer"}

// sweepEvery is the interval of the relay's timer. It is shorter than a
// PingSource's minute, so that the end of a run does not wait for it.
const sweepEvery = 2 * time.Second

// keptKeys is the number of rotated keys that a ring still opens.
const keptKeys = 3

// deployment is a running system: the functions' replicas behind their front,
// PostgreSQL and Qdrant. mu guards the fields below it, which the killer changes
// while people call.
type deployment struct {
	folder   string // of logs, binaries and data
	programs deployed.Programs
	postgres *postgres.Server
	qdrant   *qdrant.Server
	front    *front
	replicas int
	sweeps   context.CancelFunc
	swept    sync.WaitGroup

	mu      sync.Mutex
	running map[string][]*deployed.Process // by function and replica
	keys    []string                       // the ring; the first key seals
	signing string                         // keys that relay and indexer share
	rotated int
}

// environment returns a function's settings besides those of its func.yaml. ""
// returns the common ones. They are read at each start, so a process that restarts
// after a rotation has the new keys.
func (d *deployment) environment(function string) []string {
	d.mu.Lock()
	ring := strings.Join(d.keys, ",")
	d.mu.Unlock()
	settings := map[string][]string{
		"": {
			"ALLOW_UNAUTHENTICATED=true",
			"DATABASE_URL=" + d.postgres.URL(),
			"QDRANT_URL=" + d.qdrant.URL(),
			"RELAY_URL=" + d.front.url("relay"),
			// Each process serves its metrics on its own port.
			"METRICS_ADDRESS=127.0.0.1:0",
			// Never assume others' answers, so that every value in a report comes from this
			// person.
			"ASSUME_CONFIDENCE=0",
			"GOTRACEBACK=all",
		},
		"gateway":   {"FUNCTION_URL=" + d.front.url("{function}") + "/mcp"},
		"automatic": {"REQUEST_STATE_KEYS=" + ring},
		"indexer":   {"EVENT_SIGNING_KEYS=" + d.signing},
		"relay": {
			"EVENT_SIGNING_KEYS=" + d.signing,
			"K_SINK=" + d.front.url("indexer"),
		},
	}
	return append(slices.Clone(settings[""]), settings[function]...)
}

// startDeployment builds the functions and starts everything. What it has started is
// stopped if it fails.
// PostgreSQL runs without fsync (Fast), because it is killed and the machine is not.
func startDeployment(ctx context.Context, folder string, replicas int) (d *deployment, err error) {
	d = &deployment{folder: folder, replicas: replicas, running: map[string][]*deployed.Process{}, keys: []string{keyring.Generate()}, signing: keyring.Generate()}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.stop())
		}
	}()
	if d.programs.Root, err = deployed.Root(ctx); err != nil {
		return d, err
	}
	d.programs.Folder = filepath.Join(folder, "bin")
	if err := d.programs.Build(ctx, functions); err != nil {
		return d, err
	}
	if d.postgres, err = postgres.Start(ctx, postgres.Options{Dir: filepath.Join(folder, "postgres"), Fast: true, Log: d.log("postgres")}); err != nil {
		return d, err
	}
	if err := migrations.Up(ctx, d.postgres.URL()); err != nil {
		return d, fmt.Errorf("migrate: %w", err)
	}
	if d.qdrant, err = qdrant.Start(qdrant.Options{}); err != nil {
		return d, err
	}
	if d.front, err = startFront(); err != nil {
		return d, err
	}
	for _, function := range functions {
		d.running[function] = make([]*deployed.Process, replicas)
		for replica := range replicas {
			if err := d.start(ctx, function, replica); err != nil {
				return d, err
			}
		}
	}
	sweeping, cancel := context.WithCancel(context.Background())
	d.sweeps = cancel
	d.swept.Go(func() { d.sweep(sweeping) })
	return d, nil
}

// log opens the file for a program's output.
func (d *deployment) log(name string) *os.File {
	file, err := os.OpenFile(filepath.Join(d.folder, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil // programs run without a log too
	}
	return file
}

// start starts a replica and puts it behind the front.
// The front may send calls before the function is ready, as Knative does not: what they meet
// then must be retryable.
func (d *deployment) start(ctx context.Context, function string, replica int) error {
	out := d.log(fmt.Sprintf("%s-%d", function, replica))
	proc, conn, err := d.programs.Start(ctx, function, out, d.environment(function)...)
	if out != nil {
		out.Close() // the child has its own descriptor
	}
	if err != nil {
		return err
	}
	conn.Close()
	d.mu.Lock()
	d.running[function][replica] = proc
	d.mu.Unlock()
	d.front.set(function, replica, proc.Address)
	return nil
}

// replica returns a running process; nil if it is down.
func (d *deployment) replica(function string, replica int) *deployed.Process {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running[function][replica]
}

// kill kills a replica with SIGKILL. It returns false if the replica is already down.
func (d *deployment) kill(function string, replica int) bool {
	proc := d.take(function, replica)
	if proc == nil {
		return false
	}
	proc.Kill() // the front detects it
	d.front.set(function, replica, "")
	return true
}

// take hands the process to the caller, who alone may stop and restart it.
// That is how two kills of one replica, or a kill and a rollout, never meet the same process.
func (d *deployment) take(function string, replica int) *deployed.Process {
	d.mu.Lock()
	defer d.mu.Unlock()
	proc := d.running[function][replica]
	d.running[function][replica] = nil
	return proc
}

// restart stops a replica as a rollout does, after the front stops using it, and starts
// another.
// Stop lets the process drain, so its calls end with a result or a retryable error.
func (d *deployment) restart(ctx context.Context, function string, replica int) error {
	proc := d.take(function, replica)
	if proc == nil {
		return nil // the killer restarts it with the current settings
	}
	d.front.set(function, replica, "")
	stopped := proc.Stop()
	return errors.Join(stopped, d.start(ctx, function, replica))
}

// rotate adds a new key to the ring as operators must: first all replicas can open
// with it, then it seals. With one step, a replica that seals with the new key and
// one that does not know it yet would run at the same time.
func (d *deployment) rotate(ctx context.Context) error {
	d.mu.Lock()
	old := d.keys
	d.rotated++
	_, secret, _ := strings.Cut(keyring.Generate(), ":")
	fresh := fmt.Sprintf("r%d:%s", d.rotated, secret)
	d.keys = append(slices.Clone(old), fresh)
	d.mu.Unlock()
	if err := d.rollOut(ctx, "automatic"); err != nil {
		return err
	}
	d.mu.Lock()
	d.keys = append([]string{fresh}, old[:min(len(old), keptKeys)]...)
	d.mu.Unlock()
	return d.rollOut(ctx, "automatic")
}

// rollOut restarts a function's replicas one after the other.
// It waits for each replica before the next one, so one always serves.
func (d *deployment) rollOut(ctx context.Context, function string) error {
	for replica := range d.replicas {
		// A killed replica restarts with the current or the previous ring: wait, so that
		// none keeps an older one.
		for d.replica(function, replica) == nil && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		if err := d.restart(ctx, function, replica); err != nil {
			return err
		}
	}
	return nil
}

// crash kills PostgreSQL and restarts it after a while. Committed data must
// survive: fsync is off, but the operating system does not crash.
// A restart may fail while the killed server's children still hold its memory, hence the five
// tries.
func (d *deployment) crash(ctx context.Context, down time.Duration) error {
	if err := d.postgres.Kill(); err != nil {
		return err
	}
	time.Sleep(down)
	var err error
	for range 5 {
		if err = d.postgres.Restart(ctx); err == nil {
			return nil
		}
	}
	return err
}

// sweep calls the relay as its timer does.
// Its errors do not matter: the next sweep does what this one missed.
func (d *deployment) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		if request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.front.url("relay"), nil); err == nil {
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

// one reads a number from the database as a superuser, who bypasses row security.
func (d *deployment) one(ctx context.Context, query string) (n int, err error) {
	address := strings.Replace(d.postgres.AdminURL(), "/postgres?", "/"+postgres.Role+"?", 1)
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, query).Scan(&n)
	return n, err
}

// stop stops everything and removes the data. Functions are killed: the run is over,
// and waiting for each would only take time.
// It may be called on a deployment of which only a part was started.
func (d *deployment) stop() error {
	if d.sweeps != nil {
		d.sweeps()
		d.swept.Wait()
	}
	var ending sync.WaitGroup
	for function, replicas := range d.running {
		for replica := range replicas {
			ending.Go(func() { d.kill(function, replica) })
		}
	}
	ending.Wait()
	if d.front != nil {
		d.front.close()
	}
	if d.qdrant != nil {
		d.qdrant.Close()
	}
	if d.postgres == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(d.postgres.Stop(ctx), postgres.Remove(filepath.Join(d.folder, "postgres")))
}
