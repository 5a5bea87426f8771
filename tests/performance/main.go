// Command performance measures the performance of the functions and prints a table. It
// starts its own PostgreSQL server and the functions' binaries as processes on loopback.
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

	"github.com/sequential-questioning/sequential-questioning/tests/deployed"
)

// options are the command line's options.
type options struct {
	short, markdown, strict bool
	connections             int
	only                    []string
	profile                 string
	env                     []string
}

// plan has the sizes of the measurements.
type plan struct {
	slice      time.Duration // of one side, until the other side's turn
	pairs      int           // slices of each side that count
	starts     int           // cold starts
	hops       int           // pairs of slices of hopSlice calls
	perTool    int           // calls of each tool
	growth     int           // conversations of each kind
	answers    int           // in the large store
	localStart int           // second starts of the local server
}

var (
	full  = plan{slice: 1500 * time.Millisecond, pairs: 6, starts: 20, hops: 12, perTool: 1500, growth: 24, answers: 1_000_000, localStart: 5}
	brief = plan{slice: 750 * time.Millisecond, pairs: 3, starts: 20, hops: 4, perTool: 400, growth: 6, answers: 100_000, localStart: 2}
)

// measure is one section of the table.
type measure struct {
	name string
	run  func(context.Context, *bench) error
}

var measures = []measure{
	{"warm", measureWarm},
	{"hop", measureHop},
	{"tools", measureTools},
	{"start", measureStart},
	{"memory", measureMemory},
	{"growth", measureGrowth},
	{"local", measureLocal},
}

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

func parse(arguments []string) (options, error) {
	var o options
	var only string
	flags := flag.NewFlagSet("performance", flag.ContinueOnError)
	flags.BoolVar(&o.short, "short", false, "measure less; takes about a minute")
	flags.BoolVar(&o.markdown, "markdown", false, "print the table as Markdown")
	flags.BoolVar(&o.strict, "strict", false, "exit with 1 if an aim is missed")
	flags.IntVar(&o.connections, "connections", 4, "database connections of each function, and of what it is compared with: DATABASE_MAX_CONNS")
	flags.StringVar(&only, "only", "", "comma-separated `sections` to measure: "+strings.Join(names(), ", "))
	flags.StringVar(&o.profile, "profile", "", "write CPU and heap profiles of the warm measure to this `folder`; the figures are then not to be quoted")
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

const usage = `Measures speed on this machine and prints each figure beside its aim.

Every figure is a ratio or a difference of one run: what is compared takes turns
on the same machine. It starts its own PostgreSQL (with fsync) and the functions'
binaries, on loopback, in a temporary folder, and takes under four minutes once
the binaries are built.

Usage: make bench [ARGS="--short"]   or   go run ./tests/performance [flags]

Exit codes: 0 measured, 1 failed (or an aim missed, with --strict), 2 wrong usage.

`

func names() []string {
	all := make([]string, len(measures))
	for i, m := range measures {
		all[i] = m.name
	}
	return all
}

// bench is shared by the measurements.
type bench struct {
	options
	plan
	dir   string // temporary
	root  string // of the project
	table table
	noise *noise
	db    *database
	procs *processes
	tape  *tape
	stock *stock // conversations in the ordinary store

	gateway, followUp, report, ask *process
}

func run(ctx context.Context, o options) (missed int, err error) {
	began := time.Now()
	b := &bench{options: o, plan: full}
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
	return b.table.missed(), nil
}

func (b *bench) setUp(ctx context.Context) (err error) {
	progress("building")
	b.procs = &processes{dir: b.dir}
	if b.root, err = deployed.Root(ctx); err != nil {
		return err
	}
	if err := b.procs.build(ctx, b.root, b.profile != ""); err != nil {
		return err
	}
	progress("starting PostgreSQL")
	if b.db, err = startDatabase(ctx, filepath.Join(b.dir, "postgres")); err != nil {
		return err
	}
	if b.noise, err = newNoise(ctx, b.db.url); err != nil {
		return err
	}
	if b.tape, err = record(ctx, b.db.url); err != nil {
		return fmt.Errorf("record a conversation: %w", err)
	}
	if b.stock, err = newStock(ctx, b.db.url, b.tape); err != nil {
		return err
	}
	if err := b.stock.verify(ctx); err != nil {
		return fmt.Errorf("replay the recorded conversation: %w", err)
	}
	for name, process := range map[string]**process{"ask": &b.ask, "follow-up": &b.followUp, "report": &b.report} {
		if *process, err = b.procs.start(ctx, name, b.functionEnv(b.db.url)...); err != nil {
			return err
		}
	}
	b.gateway, err = b.procs.start(ctx, "gateway", append([]string{"GOMEMLIMIT=218MiB", // 0.85 of the limit in func.yaml
		fmt.Sprintf("FUNCTION_URLS=ask=%s,follow-up=%s,report=%s", b.ask.URL(), b.followUp.URL(), b.report.URL())}, b.env...)...)
	return err
}

func (b *bench) functionEnv(url string) []string {
	return append([]string{"DATABASE_URL=" + url, fmt.Sprintf("DATABASE_MAX_CONNS=%d", b.connections)}, b.env...)
}

func (b *bench) tearDown() error {
	var err error
	if b.procs != nil {
		err = b.procs.stop()
	}
	if b.stock != nil {
		b.stock.close()
	}
	if b.noise != nil {
		b.noise.close()
	}
	if b.db != nil {
		err = errors.Join(err, b.db.stop())
	}
	return err
}

func progress(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}
