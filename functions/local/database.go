package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
)

// openDatabase returns the URL of the given database, or joins the processes that use
// the database of the data folder, until stop is called. It installs PostgreSQL where
// that needs no question; embedded.Install prints what it does. stop is to be called
// once, and after everything that uses the database.
func openDatabase(ctx context.Context, options Options) (url string, stop func() error, err error) {
	if options.DatabaseURL != "" {
		return options.DatabaseURL, func() error { return nil }, nil
	}
	if len(options.Keeper) == 0 {
		return "", nil, errors.New("there is no database: set DATABASE_URL")
	}
	var missing *embedded.MissingError
	if _, err := embedded.Find(); errors.As(err, &missing) {
		fmt.Fprintln(options.Out, "PostgreSQL 15 or newer is not on this machine.")
		if err := embedded.Install(ctx, options.Out); err != nil {
			return "", nil, err
		}
	} else if err != nil {
		return "", nil, fmt.Errorf("POSTGRES_BIN: %w", err)
	}
	dir := databaseFolder(options.Data)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintln(options.Out, "Making a database in", dir)
	}
	joined, err := embedded.Join(ctx, dir, options.Keeper, options.Out)
	if err != nil {
		return "", nil, err
	}
	return joined.URL(), func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		return joined.Leave(ctx)
	}, nil
}

// Keep runs the database of a data folder until nobody uses it or ctx ends. It is what
// the keeper's process runs: see embedded.Join.
func Keep(ctx context.Context, data string, port int, out io.Writer) error {
	return embedded.Keep(ctx, databaseFolder(data), port, out)
}

// databaseFolder is where package embedded keeps the database of a data folder.
func databaseFolder(data string) string { return filepath.Join(data, "postgres") }
