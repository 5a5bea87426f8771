package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sequential-questioning/sequential-questioning/tests/deployed"
)

// options are the command line's options. connections is for the functions and for bare
// pgx alike; only restricts the sections; profile is a folder, empty for none.
// env has further variables for the functions and the gateway, such as another limit.
type options struct {
	short, markdown, strict bool
	connections             int
	only                    []string
	profile, write          string
	env                     []string
}

// plan has the sizes of the measurements: as many as the figures need to be stable on a
// machine with other load, and no more.
//
// More of them make a figure steadier by the root of their number, and the run longer by all
// of it.
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

// brief answers whether a change made things worse; full is what docs/performance.md
// has.
var (
	full  = plan{slice: 1500 * time.Millisecond, pairs: 6, starts: 20, hops: 12, perTool: 1500, growth: 24, answers: 1_000_000, localStart: 5}
	brief = plan{slice: 750 * time.Millisecond, pairs: 3, starts: 20, hops: 4, perTool: 400, growth: 6, answers: 100_000, localStart: 2}
)

// bench is shared by the measurements. A measure may use all of it, and leaves it as it
// found it.
// Measures run one after the other, so its fields need no lock.
type bench struct {
	options
	plan
	load  string // of the machine, before
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

// stocked is how many conversations the store has when the functions start, and answered how
// many more that are answered: enough that no table is planned to be scanned.
const (
	stocked  = 1500
	answered = 150
)

// setUp starts everything that the measures share, before the first of them.
// Whatever it has started, tearDown stops, also after an error.
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
	// Before the functions start: a baseline that is wrong ends the run in seconds.
	if err := b.stock.verify(ctx); err != nil {
		return fmt.Errorf("replay the recorded conversation: %w", err)
	}
	// Also before: a connection keeps its plans until the next ANALYZE. Those for tables of
	// a few rows are scans, and would scan the tables as they grow.
	if err := b.stock.age(ctx); err != nil {
		return err
	}
	if err := b.db.settle(ctx, b.db.url); err != nil {
		return err
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

// functionEnv is what each function runs with.
// Variables of the command line come last and override these.
func (b *bench) functionEnv(url string) []string {
	return append([]string{"DATABASE_URL=" + url, fmt.Sprintf("DATABASE_MAX_CONNS=%d", b.connections)}, b.env...)
}

// tearDown ends what setUp started, also half of it.
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

// progress goes to standard error: standard output is the table.
// That is also how a redirected table stays free of it.
func progress(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}
