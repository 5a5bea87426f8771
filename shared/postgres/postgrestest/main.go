// Package postgrestest gives tests a real PostgreSQL: row security, constraints and
// locks are part of what is tested, and no substitute has them. A test binary starts
// one server when its first test wants a database, and stops it at its end. Begin with
// Main and New.
package postgrestest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
)

// Migrate migrates the database at url to the schema that tests want. It runs once in a
// test binary, as the owner of the database.
type Migrate func(ctx context.Context, url string) error

// Main runs the tests and exits. Call it from TestMain; migrate may be nil.
//
//	func TestMain(m *testing.M) { postgrestest.Main(m, migrations.Up) }
func Main(m interface{ Run() int }, migrate func(ctx context.Context, url string) error) {
	current = &fixture{migrate: migrate}
	code := func() int {
		defer current.stop()
		return m.Run()
	}()
	os.Exit(code)
}

// current is set by Main, before any test runs.
var current *fixture

const (
	setupLimit = 5 * time.Minute // covers installing PostgreSQL
	// template is migrated once; each test's database is a copy, which is much faster.
	template = "template_migrated"
)

// fixture is the server that the tests of one binary share. once guards err, server
// and admin, which do not change after it.
type fixture struct {
	migrate Migrate
	names   atomic.Int64

	once   sync.Once
	err    error
	server *instance
	admin  *pgxpool.Pool
}

// start starts the server once. Later calls return the first one's error.
func (f *fixture) start() error {
	f.once.Do(func() { f.err = f.setUp() })
	return f.err
}

// setUp starts the server and makes the template.
func (f *fixture) setUp() error {
	ctx, cancel := context.WithTimeout(context.Background(), setupLimit)
	defer cancel()
	var err error
	if f.server, err = startFast(ctx); err != nil {
		return err
	}
	if f.admin, err = pgxpool.New(ctx, f.server.AdminURL()); err != nil {
		return fmt.Errorf("connect to test server: %w", err)
	}
	if _, err := f.admin.Exec(ctx, "CREATE DATABASE "+template+" OWNER "+embedded.Role); err != nil {
		return fmt.Errorf("create template database: %w", err)
	}
	if f.migrate != nil {
		url, err := withDatabase(f.server.URL(), template)
		if err != nil {
			return err
		}
		if err := f.migrate(ctx, url); err != nil {
			return fmt.Errorf("migrate template database: %w", err)
		}
	}
	// Nobody may be connected to a database that is being copied.
	if _, err := f.admin.Exec(ctx, "ALTER DATABASE "+template+" ALLOW_CONNECTIONS false"); err != nil {
		return fmt.Errorf("close template database: %w", err)
	}
	_, err = f.admin.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", template)
	if err != nil {
		return fmt.Errorf("close template database: %w", err)
	}
	return nil
}

// stop reports errors only: the tests have their result.
func (f *fixture) stop() {
	if f.admin != nil {
		f.admin.Close()
	}
	if f.server != nil {
		if err := f.server.discard(); err != nil {
			fmt.Fprintln(os.Stderr, "postgrestest:", err)
		}
	}
}

// New returns the URL of a fresh, migrated database that belongs to the ordinary
// role. It is dropped when the test ends. Tests may run in parallel. It belongs to
// one test alone: nothing another test does can be seen in it.
func New(t testing.TB) (url string) {
	t.Helper()
	if current == nil {
		t.Fatal("postgrestest: call postgrestest.Main from TestMain")
	}
	if err := current.start(); err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	name := fmt.Sprintf("test_%d", current.names.Add(1))
	if err := current.create(t.Context(), name); err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() {
		if err := current.drop(name); err != nil {
			t.Errorf("postgrestest: %v", err)
		}
	})
	url, err := withDatabase(current.server.URL(), name)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	return url
}

// create copies the template. PostgreSQL copies one at a time; the others wait.
func (f *fixture) create(ctx context.Context, name string) error {
	database := pgx.Identifier{name}.Sanitize()
	if _, err := f.admin.Exec(ctx, "CREATE DATABASE "+database+" TEMPLATE "+template+" OWNER "+embedded.Role); err != nil {
		return fmt.Errorf("create test database: %w", err)
	}
	return nil
}

// drop ends what is still connected: a test that leaks a connection must not keep
// others from ending.
func (f *fixture) drop(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	database := pgx.Identifier{name}.Sanitize()
	if _, err := f.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop test database: %w", err)
	}
	return nil
}

// AdminURL connects as the superuser to the database that New returned, to look
// behind row security. It is for looking: data is written as the ordinary role, or
// what the policies do is not tested.
func AdminURL(t testing.TB, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatalf("postgrestest: read URL of test database: %v", err)
	}
	if current == nil || current.server == nil {
		t.Fatal("postgrestest: AdminURL wants a database made by New")
	}
	admin, err := withDatabase(current.server.AdminURL(), config.Database)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	return admin
}

// Private returns a server of the test's own, with its database migrated, to be
// killed and restarted at will. It ends with the test; migrate may be nil. Starting
// it takes far longer than New.
func Private(t testing.TB, migrate func(ctx context.Context, url string) error) *embedded.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), setupLimit)
	defer cancel()
	server, err := startFast(ctx)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() {
		if err := server.discard(); err != nil {
			t.Errorf("postgrestest: %v", err)
		}
	})
	if migrate != nil {
		if err := migrate(ctx, server.URL()); err != nil {
			t.Fatalf("postgrestest: migrate private server: %v", err)
		}
	}
	return server.Server
}

// Folder returns an empty folder that goes when the test ends, for tests in which a
// program starts a server. As root, a server cannot enter what t.TempDir returns.
// No server may be left on it when the test ends.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := makeFolder()
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() {
		if err := embedded.Remove(dir); err != nil {
			t.Errorf("postgrestest: %v", err)
		}
	})
	return dir
}
