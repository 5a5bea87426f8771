// Command chaos holds interviews while what they are held with is killed, and
// holds every report against what was said: docs/chaos.md.
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

// options are what the command line asks for.
type options struct {
	minutes    float64
	interviews int
	kills      int
	people     int
	replicas   int
	clientLife int
	seed       int64
}

func main() {
	var o options
	flag.Float64Var(&o.minutes, "minutes", 5, "begin no interview after so many minutes; 0 sets no limit")
	flag.IntVar(&o.interviews, "interviews", 10_000, "hold so many interviews")
	flag.IntVar(&o.kills, "kills", 1_000, "kill so often meanwhile, evenly over the interviews")
	flag.IntVar(&o.people, "people", 12, "people who are interviewed at a time")
	flag.IntVar(&o.replicas, "replicas", 2, "processes of each function")
	flag.IntVar(&o.clientLife, "client-life", 60, "calls that a client lives on average; 0 is for ever")
	flag.Int64Var(&o.seed, "seed", time.Now().Unix(), "what all chance comes from")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "Holds interviews while processes, PostgreSQL and clients are killed, and holds every report against what was said.")
		fmt.Fprintln(flag.CommandLine.Output(), "It ends with 1 unless nothing is lost, doubled or wrong.")
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

func (o options) check() error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("it takes no argument %q", flag.Arg(0))
	case o.interviews < 1 || o.people < 1 || o.replicas < 1:
		return errors.New("--interviews, --people and --replicas must be 1 or more")
	case o.kills < 0 || o.minutes < 0 || o.clientLife < 0:
		return errors.New("--kills, --minutes and --client-life must not be negative")
	}
	return nil
}
