// Command migrate applies pending migrations to the database of DATABASE_URL.
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

	"github.com/sequential-questioning/sequential-questioning/migrations"
)

// usage is all that the command prints about itself: it is for a Job's log as much as
// for a person.
const usage = `Usage: migrate [--timeout duration] [--status]

Brings the database named by the environment variable DATABASE_URL to the newest
version of the schema. It waits for a database that is not reachable yet and for
another migrate at work, and does nothing when nothing is pending.

The role of DATABASE_URL has to own the database.

Flags:
  --timeout duration  how long all of it may take (default 2m0s)
  --status            list the migrations and change nothing
  --help              show this help

Exit codes: 0 done, 1 failed, 2 wrong usage.
`

// A Job retries a failure; wrong usage fails the same way each time, and a schedule
// should not retry it.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// An interrupt ends a migration, which is then undone: each runs in a transaction.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv("DATABASE_URL"), os.Stdout, os.Stderr))
}

// run is main with everything that a test replaces.
func run(ctx context.Context, args []string, url string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	timeout := flags.Duration("timeout", 2*time.Minute, "")
	status := flags.Bool("status", false, "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(out, usage)
			return exitDone
		}
		return misused(errOut, err)
	}
	switch {
	case flags.NArg() > 0:
		return misused(errOut, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	case *timeout <= 0:
		return misused(errOut, errors.New("--timeout must be positive"))
	case url == "":
		return misused(errOut, errors.New("DATABASE_URL is not set"))
	}

	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	act := migrate
	if *status {
		act = list
	}
	if err := act(ctx, url, out); err != nil {
		fmt.Fprintln(errOut, "migrate:", err)
		return exitFailed
	}
	return exitDone
}

// misused prints what is wrong first: in a log the usage may be cut off.
func misused(errOut io.Writer, err error) int {
	fmt.Fprintf(errOut, "migrate: %v\n\n%s", err, usage)
	return exitUsage
}

// migrate waits for a database that a platform may only now be starting. What was
// applied before a failure is reported too, since it stays.
func migrate(ctx context.Context, url string, out io.Writer) error {
	if err := migrations.Wait(ctx, url); err != nil {
		return err
	}
	applied, err := migrations.Apply(ctx, url)
	for _, migration := range applied {
		fmt.Fprintf(out, "applied %s in %s\n", migration.File, migration.Took.Round(time.Millisecond))
	}
	if err != nil {
		return err
	}
	return report(ctx, url, out)
}

// list shows pending migrations and when the others were applied, in UTC.
func list(ctx context.Context, url string, out io.Writer) error {
	if err := migrations.Wait(ctx, url); err != nil {
		return err
	}
	all, err := migrations.Status(ctx, url)
	if err != nil {
		return err
	}
	for _, migration := range all {
		if migration.Pending() {
			fmt.Fprintf(out, "%-20s  %s\n", "pending", migration.File)
		} else {
			fmt.Fprintf(out, "%-20s  %s\n", migration.AppliedAt.UTC().Format(time.RFC3339), migration.File)
		}
	}
	return report(ctx, url, out)
}

// report ends each run with the version. A database that is ahead belongs to a newer
// release, which is no failure: migrations only expand.
func report(ctx context.Context, url string, out io.Writer) error {
	version, err := migrations.Version(ctx, url)
	if err != nil {
		return err
	}
	latest, err := migrations.Latest()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "database is at version %d", version)
	if version != latest {
		fmt.Fprintf(out, ", this build knows %d", latest)
	}
	fmt.Fprintln(out)
	return nil
}
