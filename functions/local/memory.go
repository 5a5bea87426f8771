package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/caarlos0/env/v11"
	"google.golang.org/grpc/test/bufconn"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// sweepEvery is how often the relay looks for events that it was not told of: on
// a cluster a timer event does it.
const sweepEvery = 5 * time.Second

// connectionBuffer is how many bytes of a connection to memory wait to be read.
const connectionBuffer = 64 << 10

// openMemory leaves a given Qdrant alone, or starts one in this process, which
// fill brings up to date.
func openMemory() (fill func(context.Context) error, stop func() error, err error) {
	if os.Getenv("QDRANT_URL") != "" {
		return func(context.Context) error { return nil }, func() error { return nil }, nil
	}
	const name = "qdrant"
	connections := bufconn.Listen(connectionBuffer)
	server, err := embedded.Start(embedded.Options{Listener: connections})
	if err != nil {
		return nil, nil, fmt.Errorf("start memory: %w", err)
	}
	unlisten := inprocess.Listen(name, connections.DialContext)
	os.Setenv("QDRANT_URL", "http://"+name+inprocess.Domain)
	return rebuild, func() error {
		os.Unsetenv("QDRANT_URL")
		unlisten()
		server.Close()
		return nil
	}, nil
}

// rebuild writes memory from the database. Nothing waits for it.
func rebuild(ctx context.Context) error {
	var config struct {
		Memory   memory.Settings
		Postgres postgres.Config
	}
	if err := env.Parse(&config); err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	remembered, err := config.Memory.Open()
	if err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, config.Postgres)
	if err != nil {
		return errors.Join(err, remembered.Close())
	}
	defer pool.Close()
	_, err = remembered.Rebuild(ctx, store.New(pool), nil)
	return errors.Join(err, remembered.Close())
}

// tend fills memory, then wakes the relay from time to time, until ctx ends.
func tend(ctx context.Context, fill func(context.Context) error, relay string) {
	if err := fill(ctx); err != nil && ctx.Err() == nil {
		slog.Warn("memory not rebuilt", "error", err)
	}
	nudger, err := event.NewNudger(event.NudgeConfig{URL: relay})
	if err != nil {
		slog.Error("events stay in the outbox", "error", err)
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
