// Package migrations embeds the database's migrations and applies them.
package migrations

import (
	"context"
	"embed"
)

//go:embed *.sql
var files embed.FS

var schema = set{files: files}

// Up applies what is pending, as the role of the URL, which has to own the
// database. Runs at the same time wait for each other, up to the context's
// deadline or two minutes. Each migration takes effect whole or not at all;
// the error names the file of the one that failed.
func Up(ctx context.Context, url string) error {
	_, err := schema.apply(ctx, url)
	return err
}

// Apply is like Up and returns the applied migrations, even with an error.
func Apply(ctx context.Context, url string) ([]Applied, error) {
	return schema.apply(ctx, url)
}

// Version returns the newest version applied to the database; zero means none.
// It changes nothing.
func Version(ctx context.Context, url string) (int64, error) {
	return schema.version(ctx, url)
}

// Latest returns the newest version known to this build.
func Latest() (int64, error) {
	return schema.latest()
}

// Status returns the migrations known to this build in order. It changes
// nothing.
func Status(ctx context.Context, url string) ([]Migration, error) {
	return schema.status(ctx, url)
}
