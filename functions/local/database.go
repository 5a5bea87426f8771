package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
)

// openDatabase returns the URL of the given database, or starts one that runs
// until stop is called.
func openDatabase(ctx context.Context, options Options) (url string, stop func() error, err error) {
	if options.DatabaseURL != "" {
		return options.DatabaseURL, func() error { return nil }, nil
	}
	if _, err := embedded.Find(); err != nil {
		fmt.Fprintln(options.Out, "PostgreSQL 15 or newer is not on this machine.")
		if err := embedded.Install(ctx, options.Out); err != nil {
			return "", nil, err
		}
	}
	dir, err := filepath.Abs(filepath.Join(options.Data, "postgres"))
	if err != nil {
		return "", nil, fmt.Errorf("find data folder: %w", err)
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintln(options.Out, "Making a database in", dir)
	}
	server, err := embedded.Start(ctx, embedded.Options{Dir: dir})
	if err != nil {
		return "", nil, err
	}
	keeping, release := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		keep(keeping, server, options.Out)
	}()
	return server.URL(), func() error {
		release()
		<-kept
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		return server.Stop(ctx)
	}, nil
}

// maxRestarts bounds how often in a row a server that ends by itself is
// started again; one that stayed up for a minute counts as well.
const maxRestarts = 5

// keep starts the server again when it ends by itself, until ctx ends.
func keep(ctx context.Context, server *embedded.Server, out io.Writer) {
	for attempt := 1; attempt <= maxRestarts; attempt++ {
		up := time.Now()
		select {
		case <-ctx.Done():
			return
		case <-server.Done():
		}
		if time.Since(up) > time.Minute {
			attempt = 1
		}
		fmt.Fprintln(out, "PostgreSQL ended by itself; starting it again.")
		if err := server.Restart(ctx); err != nil {
			fmt.Fprintln(out, "error:", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
	fmt.Fprintln(out, "PostgreSQL keeps ending; calls will fail until this program is started again.")
}
