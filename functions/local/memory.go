package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// sweepEvery is how often the relay looks for events that it was not told of: on
// a cluster a timer event does it.
const sweepEvery = 5 * time.Second

// connectionBuffer is how many bytes of a connection to memory wait to be read.
const connectionBuffer = 64 << 10

// ownMemory is a memory in this process; the zero value is none. It is made by
// openMemory, filled by follow and tend, and ended by close, in this order.
type ownMemory struct {
	server   *embedded.Server
	unlisten func()
	follower *follower // since follow
}

// openMemory leaves a given Qdrant alone, or starts one in this process. It listens on
// no port: package inprocess connects to it within the process.
func openMemory() (*ownMemory, error) {
	if os.Getenv("QDRANT_URL") != "" {
		return &ownMemory{}, nil
	}
	const name = "qdrant"
	connections := bufconn.Listen(connectionBuffer)
	server, err := embedded.Start(embedded.Options{Listener: connections})
	if err != nil {
		return nil, fmt.Errorf("start memory: %w", err)
	}
	os.Setenv("QDRANT_URL", "http://"+name+inprocess.Domain)
	return &ownMemory{server: server, unlisten: inprocess.Listen(name, connections.DialContext)}, nil
}

// close ends the memory, after the functions that use it.
func (m *ownMemory) close() {
	if m.follower != nil {
		m.follower.close()
	}
	if m.server != nil {
		os.Unsetenv("QDRANT_URL")
		m.unlisten()
		m.server.Close()
	}
}

// follow prepares to bring memory up to date with the configured database. Nothing is
// read yet, so that a start does not wait for a large database; tend does.
func (m *ownMemory) follow(ctx context.Context) error {
	if m.server == nil {
		return nil
	}
	var config struct {
		Memory   memory.Settings
		Postgres postgres.Config
	}
	if err := settings.Parse(&config); err != nil {
		return err
	}
	remembered, err := config.Memory.Open()
	if err != nil {
		return err
	}
	config.Postgres.Parameters = map[string]string{"synchronous_commit": "off"} // notifications do not outlive a database that fails
	pool, err := postgres.Open(ctx, config.Postgres)
	if err != nil {
		return errors.Join(err, remembered.Close())
	}
	m.follower = newFollower(pool, store.New(pool), remembered)
	return nil
}

// indexed is called with what the indexer has processed, which others hear of; nil where
// nobody has to.
func (m *ownMemory) indexed() func(event.Event) {
	if m.follower == nil {
		return nil
	}
	return m.follower.announce
}

// tend keeps memory up to date, and wakes the relay from time to time, until ctx ends.
// Without a relay to wake, it only waits.
func (m *ownMemory) tend(ctx context.Context, relay string) {
	if m.follower != nil {
		followed := make(chan struct{})
		go func() { defer close(followed); m.follower.run(ctx) }()
		defer func() { <-followed }()
	}
	nudger, err := event.NewNudger(event.NudgeConfig{URL: relay})
	if err != nil {
		slog.Error("events stay in the outbox", "error", err)
		<-ctx.Done()
		return
	}
	defer nudger.Close()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		nudger.Nudge()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
