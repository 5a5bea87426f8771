package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// concurrencies are the numbers of calls at once: one person, a busy instance, and
// more than an instance takes.
// Beyond the number of connections, calls wait for the pool, here as with bare statements.
var concurrencies = []int{1, 8, 32}

// HTTP, JSON and the protocol cost processor time that bare statements do not; these
// aims say how much of it is acceptable when all share the machine's cores.
const (
	aimRate = 0.6 // of the rate of bare statements
	aimP99  = 3   // times that of bare statements
)

// measureWarm compares answers through gateway, function and database with the same
// statements sent bare.
func measureWarm(ctx context.Context, b *bench) error {
	pool, err := bare(ctx, b.db.url, b.connections)
	if err != nil {
		return err
	}
	defer pool.Close()
	s := b.table.section(fmt.Sprintf("Warm %s through the gateway, beside its statements replayed by bare pgx (%d connections each)", followUpTool, b.connections),
		"follow_up", "bare")
	for _, workers := range concurrencies {
		function := newToolSide(b.gateway.URL(), b.stock, workers)
		statements := &bareSide{b.tape, b.stock, pool, make([]place, workers)}
		err := b.profiled(ctx, fmt.Sprint(workers), 2*time.Duration(b.pairs+1)*b.slice,
			func() error { return b.warm(ctx, s, workers, function, statements) }, b.gateway, b.followUp)
		if err != nil {
			return err
		}
	}
	return nil
}

// tally is the result of one side. Times are pooled over the slices, rates are not: a
// disturbed slice should not move the median.
// cpu is by process, in total of all counted slices.
type tally struct {
	times times
	rates []float64 // of each slice, per second
	cpu   map[string]time.Duration
}

// warm alternates between the two sides. The first pair is warm-up, and its rates
// show how many conversations the next slices need.
// The number of conversations has half as much again in reserve, because rates vary; running
// out would be an error.
func (b *bench) warm(ctx context.Context, s *section, workers int, function, bare side) error {
	if err := b.db.settle(ctx, b.db.url); err != nil {
		return err
	}
	sides := []side{function, bare}
	tallies := []tally{{cpu: map[string]time.Duration{}}, {cpu: map[string]time.Duration{}}}
	rates := []float64{1000, 3000} // guesses, to open enough conversations
	for pair := range b.pairs + 1 {
		for i, one := range sides {
			if err := b.stock.fill(ctx, int(1.5*rates[i]*b.slice.Seconds()/slots)+2*workers); err != nil {
				return err
			}
			if err := b.noise.sample(ctx); err != nil {
				return err
			}
			before := b.usage()
			took, elapsed, err := slice(ctx, one, workers, b.slice, 0)
			if err != nil {
				return err
			}
			rates[i] = float64(len(took)) / elapsed.Seconds()
			if pair == 0 {
				continue // warm-up
			}
			after := b.usage()
			tallies[i].times = append(tallies[i].times, took...)
			tallies[i].rates = append(tallies[i].rates, rates[i])
			for name := range after {
				tallies[i].cpu[name] += after[name] - before[name]
			}
		}
	}
	b.warmRows(s, workers, tallies[0], tallies[1])
	return nil
}

// ratios returns the median of the ratios of rates that were measured in turns, and the
// lowest and the highest.
// Both have a rate for each pair, in the same order.
func ratios(rates, beside []float64) (middle, low, high float64) {
	all := make([]float64, len(rates))
	for i := range all {
		all[i] = rates[i] / beside[i]
	}
	slices.Sort(all)
	return (all[len(all)/2] + all[(len(all)-1)/2]) / 2, all[0], all[len(all)-1]
}

// warmRows compares rates by the median of the pairs' ratios, which one disturbed
// pair does not move.
// p50 is printed without an aim: at one call at a time it is the rate's reciprocal.
func (b *bench) warmRows(s *section, workers int, function, bare tally) {
	middle, low, high := ratios(function.rates, bare.rates)
	s.add(row{
		label: fmt.Sprintf("calls per second, %d at once", workers),
		value: fmt.Sprintf("%.0f", mean(function.rates)), beside: fmt.Sprintf("%.0f", mean(bare.rates)),
		compared: fmt.Sprintf("× %.2f (%.2f to %.2f)", middle, low, high), aim: atLeast(middle, aimRate),
	})
	for _, quantile := range []struct {
		name string
		at   float64
	}{{"p50", .5}, {"p99", .99}} {
		mine, theirs := function.times.at(quantile.at), bare.times.at(quantile.at)
		r := row{
			label: fmt.Sprintf("%s, %d at once", quantile.name, workers), value: ms(mine), beside: ms(theirs),
			compared: fmt.Sprintf("× %.2f", ratio(mine, theirs)),
		}
		if quantile.name == "p99" {
			r.aim = atMost(ratio(mine, theirs), aimP99, "")
		}
		s.add(r)
	}
	per := func(t tally, name string) float64 { return t.cpu[name].Seconds() * 1000 / float64(len(t.times)) }
	s.note("CPU of one call, %d at once, in ms: gateway %.2f, function %.2f, PostgreSQL %.2f, the caller %.2f; bare: PostgreSQL %.2f, the caller %.2f.", workers,
		per(function, "gateway"), per(function, "follow-up"), per(function, "postgres"), per(function, "caller"), per(bare, "postgres"), per(bare, "caller"))
}

// mean of no values is not a number.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// usage is the processor time used so far, by process. PostgreSQL is counted with its
// children, one for each connection.
// It is exact to 10 ms, the kernel's tick, which is little against a slice.
func (b *bench) usage() map[string]time.Duration {
	return map[string]time.Duration{
		"gateway":   cpu(b.gateway.Pid(), false),
		"follow-up": cpu(b.followUp.Pid(), false),
		"postgres":  cpu(b.db.server.Pid(), true),
		"caller":    cpu(os.Getpid(), false),
	}
}

// profiled records profiles of processes during run, if they are requested, in files with
// this label. A CPU profile lasts as long as run is expected to take. It costs time itself, which
// is why the table then says that its figures are not to be quoted.
func (b *bench) profiled(ctx context.Context, label string, lasts time.Duration, run func() error, of ...*process) error {
	if b.profile == "" {
		return run()
	}
	if err := os.MkdirAll(b.profile, 0o755); err != nil {
		return err
	}
	var group errgroup.Group
	for _, p := range of {
		group.Go(func() error {
			return p.fetchProfile(ctx, fmt.Sprintf("profile?seconds=%d", max(1, int(lasts.Seconds()))), filepath.Join(b.profile, p.Name+"-"+label+".cpu"))
		})
	}
	if err := errors.Join(run(), group.Wait()); err != nil {
		return err
	}
	for _, p := range of {
		if err := p.fetchProfile(ctx, "allocs", filepath.Join(b.profile, p.Name+"-"+label+".allocs")); err != nil {
			return err
		}
	}
	return nil
}
