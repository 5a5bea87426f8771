// Command performance measures the performance of the functions and prints a table. It
// starts its own PostgreSQL server and the functions' binaries as processes on loopback.
//
// What is compared takes turns in one run, and aims are on ratios: they hold on a laptop
// and on a busy machine alike. The baseline of a call is the call's own statements,
// recorded from the service and replayed by pgx alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// measure is one section of the table.
// run prints nothing: it adds its section to the table, or returns an error that ends the run.
type measure struct {
	name string
	run  func(context.Context, *bench) error
}

// measures are in the order of the table.
var measures = []measure{
	{"warm", measureWarm},
	{"peer", measurePeer},
	{"hop", measureHop},
	{"tools", measureTools},
	{"start", measureStart},
	{"memory", measureMemory},
	{"growth", measureGrowth},
	{"local", measureLocal},
}

// An interrupt ends the processes that were started, as an error does.
func main() {
	o, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	missed, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	if missed > 0 && o.strict {
		os.Exit(1)
	}
}

// parse reads the command line.
func parse(arguments []string) (options, error) {
	var o options
	var only string
	flags := flag.NewFlagSet("performance", flag.ContinueOnError)
	flags.BoolVar(&o.short, "short", false, "measure less; takes about a minute")
	flags.BoolVar(&o.markdown, "markdown", false, "print the table as Markdown")
	flags.StringVar(&o.write, "write", "", "also write the table into this Markdown `file`, in place of the one it has")
	flags.BoolVar(&o.strict, "strict", false, "exit with 1 if an aim is missed")
	flags.IntVar(&o.connections, "connections", 4, "database connections of each function, and of what it is compared with: DATABASE_MAX_CONNS")
	flags.StringVar(&only, "only", "", "comma-separated `sections` to measure: "+strings.Join(names(), ", "))
	flags.StringVar(&o.profile, "profile", "", "write CPU and heap profiles of the sections warm and peer to this `folder`; the figures are then not to be quoted")
	flags.Func("env", "a `NAME=value` for the functions and the gateway; may be repeated", func(setting string) error {
		o.env = append(o.env, setting)
		return nil
	})
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q, see --help", flags.Arg(0))
	}
	if o.connections < 1 {
		return o, fmt.Errorf("--connections is %d, want at least 1", o.connections)
	}
	for name := range strings.SplitSeq(only, ",") {
		switch {
		case name == "":
		case !slices.Contains(names(), name):
			return o, fmt.Errorf("--only: there is no section %q; there are %s", name, strings.Join(names(), ", "))
		default:
			o.only = append(o.only, name)
		}
	}
	return o, nil
}

// usage names the exit codes, which scripts go by.
const usage = `Measures speed on this machine and prints each figure beside its aim.

Every figure is a ratio or a difference of one run: what is compared takes turns
on the same machine. It starts its own PostgreSQL (with fsync) and the functions'
binaries, on loopback, in a temporary folder, and takes under four minutes once
the binaries are built.

Usage: make bench [ARGS="--short"]   or   go run ./tests/performance [flags]

Exit codes: 0 measured, 1 failed (or an aim missed, with --strict), 2 wrong usage.

`

// names are those that --only takes.
func names() []string {
	all := make([]string, len(measures))
	for i, m := range measures {
		all[i] = m.name
	}
	return all
}

// run returns how many aims were missed. The table is printed at the end, when all
// figures are known.
// An error leaves no table: half of one would be read as all.
func run(ctx context.Context, o options) (missed int, err error) {
	began := time.Now()
	b := &bench{options: o, plan: full, load: loadAverage()}
	if o.short {
		b.plan = brief
	}
	if b.dir, err = os.MkdirTemp("", "sequential-questioning-bench-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(b.dir)
	// PostgreSQL may run as another user, who needs access.
	if err := os.Chmod(b.dir, 0o711); err != nil {
		return 0, err
	}
	if b.profile != "" {
		if b.profile, err = filepath.Abs(b.profile); err != nil {
			return 0, err
		}
	}
	if err := b.setUp(ctx); err != nil {
		return 0, errors.Join(err, b.tearDown())
	}
	defer func() { err = errors.Join(err, b.tearDown()) }()
	for _, m := range measures {
		if len(o.only) > 0 && !slices.Contains(o.only, m.name) {
			continue
		}
		section := time.Now()
		if err := m.run(ctx, b); err != nil {
			return 0, fmt.Errorf("measure %s: %w", m.name, err)
		}
		progress("measured %s in %.0f s", m.name, time.Since(section).Seconds())
	}
	if err := b.machine(ctx); err != nil {
		return 0, err
	}
	progress("done in %.0f s", time.Since(began).Seconds())
	b.table.write(os.Stdout, o.markdown)
	if o.write != "" {
		if err := b.table.writeInto(o.write); err != nil {
			return 0, err
		}
	}
	return b.table.missed(), nil
}
