package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// odds are the relative frequencies of kills by kind, and of key rotations. What is
// called most is killed most, so that kills hit calls in progress.
var odds = []struct {
	what string
	of   int
}{
	{"gateway", 18}, {"ask", 12}, {"follow-up", 20}, {"revise", 6}, {"report", 10}, {"automatic", 16},
	{"recall", 1}, {"forget", 1}, {"relay", 6}, {"indexer", 6}, {postgresName, 3}, {keysName, 2},
}

const (
	postgresName = "PostgreSQL"
	keysName     = "keys rotated"
	clientName   = "client"
	// A killed process, or PostgreSQL, restarts within mostDown.
	mostDown = 500 * time.Millisecond
	// killTick is the interval at which the killer checks whether a kill is due.
	killTick = 5 * time.Millisecond
)

// killer kills by plan: the seed decides what, and the number of finished conversations
// decides when, so that kills are spread evenly over them.
// PostgreSQL and the keys are single: a second crash while one is under way is skipped and
// does not count.
type killer struct {
	*campaign
	random *rand.Rand
	back   sync.WaitGroup // restarts in progress
	failed chan error
	busy   map[string]*sync.Mutex // one crash or rotation at a time
}

// newKiller returns a killer whose choices depend on the seed alone. When they
// happen depends on timing as well, so a run can be repeated only approximately.
func newKiller(c *campaign) *killer {
	return &killer{
		campaign: c, random: rand.New(rand.NewPCG(uint64(c.seed), 0)), failed: make(chan error, 1),
		busy: map[string]*sync.Mutex{postgresName: {}, keysName: {}},
	}
}

// run kills until the context ends, and returns once everything is up.
// A failed restart ends the run: a system without its processes tests nothing.
func (k *killer) run(ctx context.Context) error {
	ticks := time.NewTicker(killTick)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			k.back.Wait()
			select {
			case err := <-k.failed:
				return err
			default:
				return nil
			}
		case err := <-k.failed:
			k.back.Wait() // so that nothing starts after the stop
			return err
		case <-ticks.C:
			if k.due() {
				k.strike(context.WithoutCancel(ctx))
			}
		}
	}
}

// due reports whether there were fewer kills than planned for the finished conversations.
// The first kill is due at once.
// Kills of clients do not count; they have their own option.
func (k *killer) due() bool {
	killed := k.killsSoFar()
	return killed < k.options.kills && killed*k.options.conversations <= k.options.kills*k.tally.conversations()
}

// strike carries out the next kill.
// A replica that is already down is not killed again, and another is drawn at the next tick.
// Its context does not end with the run's, so that whatever was killed comes back.
func (k *killer) strike(ctx context.Context) {
	what, replica := k.draw(), k.random.IntN(k.replicas)
	down := time.Duration(k.random.Int64N(int64(mostDown)))
	switch what {
	case postgresName:
		if k.busy[what].TryLock() {
			k.killed(what)
			k.restore(func() error { defer k.busy[what].Unlock(); return k.deployment.crash(ctx, down) })
		}
	case keysName:
		if k.busy[what].TryLock() {
			k.killed(what)
			k.restore(func() error { defer k.busy[what].Unlock(); return k.deployment.rotate(ctx) })
		}
	default:
		if k.deployment.kill(what, replica) {
			k.killed(what)
			k.restore(func() error {
				time.Sleep(down)
				return k.deployment.start(ctx, what, replica)
			})
		}
	}
}

// restore brings back in the background what was killed, and keeps the first error
// for run.
func (k *killer) restore(start func() error) {
	k.back.Go(func() {
		if err := start(); err != nil {
			select {
			case k.failed <- err:
			default: // keep the first error
			}
		}
	})
}

// draw chooses what to kill by the odds.
func (k *killer) draw() string {
	total := 0
	for _, o := range odds {
		total += o.of
	}
	n := k.random.IntN(total)
	for _, o := range odds {
		if n -= o.of; n < 0 {
			return o.what
		}
	}
	return odds[0].what
}
