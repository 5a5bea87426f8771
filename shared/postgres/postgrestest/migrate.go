package postgrestest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Migrated brings a database to the schema of the repository's migrations, for
// tests of this module: the module of the migrations builds on this one, so that
// its Up cannot be called from here. The table in which goose records the applied
// migrations is left out.
func Migrated(ctx context.Context, url string) error {
	_, here, _, _ := runtime.Caller(0)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(here), "../../../migrations/*.sql")) // in their order
	if err != nil || len(files) == 0 {
		return fmt.Errorf("find migrations beside %s: %w", here, err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, file := range files {
		script, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		up, _, _ := strings.Cut(string(script), "-- +goose Down")
		if _, err := conn.Exec(ctx, up); err != nil { // without arguments: all of its statements
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	return nil
}
