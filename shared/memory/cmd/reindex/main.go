// Command reindex rebuilds memory in Qdrant from PostgreSQL.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

const usage = `Usage: reindex [--fresh]

Rebuilds memory in the Qdrant at QDRANT_URL from the database at DATABASE_URL:
writes what conversations hold, and deletes what the database does not have. It
may run while questions are asked, and any number of times. Other settings come
from the environment as well, see docs/configuration.md.

Flags:
  --fresh  drop the collection first, as for vectors of another model; nothing
           is remembered until it is full again
  --help   show this help

Exit codes: 0 done, 1 failed, 2 wrong usage.
`

const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// minTimeout is what one request to Qdrant may take at least: nobody waits for it.
const minTimeout = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("reindex", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	fresh := flags.Bool("fresh", false, "")
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, usage)
		return exitDone
	case err != nil:
		fmt.Fprintf(errOut, "reindex: %v\n\n%s", err, usage)
		return exitUsage
	}
	if err := reindex(ctx, *fresh, out); err != nil {
		fmt.Fprintln(errOut, "reindex:", err)
		return exitFailed
	}
	return exitDone
}

func reindex(ctx context.Context, fresh bool, out io.Writer) error {
	var config struct {
		Memory   memory.Settings
		Postgres postgres.Config
	}
	if err := env.Parse(&config); err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	config.Memory.Qdrant.Timeout = max(config.Memory.Qdrant.Timeout, minTimeout)
	m, err := config.Memory.Open()
	if err != nil {
		return err
	}
	defer m.Close()
	if !m.Configured() {
		return memory.ErrNotConfigured
	}
	pool, err := postgres.Open(ctx, config.Postgres)
	if err != nil {
		return err
	}
	defer pool.Close()
	if fresh {
		if err := m.Drop(ctx); err != nil {
			return err
		}
	}
	began := time.Now()
	shown := began
	done, err := m.Rebuild(ctx, store.New(pool), func(r memory.Rebuilt) {
		if time.Since(shown) > time.Second {
			shown = time.Now()
			fmt.Fprintf(out, "%d conversations, %d answers …\n", r.Conversations, r.Answers)
		}
	})
	if err != nil {
		return fmt.Errorf("after %d conversations: %w", done.Conversations, err)
	}
	fmt.Fprintf(out, "%d conversations, %d answers remembered, %d checked again, in %s\n",
		done.Conversations, done.Answers, done.Stale, time.Since(began).Round(10*time.Millisecond))
	return nil
}
