// Command chaos runs conversations while it kills processes, PostgreSQL and clients, and
// compares every report with the statements: docs/chaos.md.
//
// Each simulated person keeps a story of what was said and what was acknowledged. At its
// end nothing acknowledged may be lost, nothing may be there twice and nothing that was
// not said may be there at all; answers of killed clients may count or not. Events,
// statistics and memory are compared when all conversations have ended. The functions
// are the real programs; only what is between them (front) and the timer are the test's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the command line's options.
type options struct {
	minutes       float64
	conversations int
	kills         int
	people        int
	replicas      int
	clientLife    int
	seed          int64
}

func main() {
	var o options
	flag.Float64Var(&o.minutes, "minutes", 5, "start no conversation after so many minutes; 0 means no limit")
	flag.IntVar(&o.conversations, "conversations", 10_000, "number of conversations")
	flag.IntVar(&o.kills, "kills", 1_000, "number of kills, spread evenly over the conversations")
	flag.IntVar(&o.people, "people", 12, "concurrent conversations")
	flag.IntVar(&o.replicas, "replicas", 2, "processes of each function")
	flag.IntVar(&o.clientLife, "client-life", 60, "average number of calls until a client is killed; 0 means never")
	flag.Int64Var(&o.seed, "seed", time.Now().Unix(), "seed of all random choices")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "Runs conversations while it kills processes, PostgreSQL and clients, and compares every report with the answers given.")
		fmt.Fprintln(flag.CommandLine.Output(), "Exits with 1 if anything is lost, doubled or wrong.")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := o.check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	clean, err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
	}
	if err != nil || !clean {
		os.Exit(1)
	}
}

// check refuses options with which nothing would be tested.
// No kills are allowed: such a run shows that the conversations themselves are right.
func (o options) check() error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case o.conversations < 1 || o.people < 1 || o.replicas < 1:
		return errors.New("--conversations, --people and --replicas must be 1 or more")
	case o.kills < 0 || o.minutes < 0 || o.clientLife < 0:
		return errors.New("--kills, --minutes and --client-life must not be negative")
	}
	return nil
}
