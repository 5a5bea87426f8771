package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// odds are how often each kind is killed, of all of them together. Keys are
// rotated at these odds too.
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
	// A killed process comes back within mostDown, PostgreSQL as well.
	mostDown = 500 * time.Millisecond
	// killTick is how often the killer looks whether a kill is due.
	killTick = 5 * time.Millisecond
)

// killer kills as the plan says: what comes from the seed, when from how many
// interviews were held, so that kills are spread evenly over them.
type killer struct {
	*campaign
	random *rand.Rand
	back   sync.WaitGroup // what is being started again
	failed chan error
	busy   map[string]*sync.Mutex // PostgreSQL and the keys are handled once at a time
}

func newKiller(c *campaign) *killer {
	return &killer{
		campaign: c, random: rand.New(rand.NewPCG(uint64(c.seed), 0)), failed: make(chan error, 1),
		busy: map[string]*sync.Mutex{postgresName: {}, keysName: {}},
	}
}

// run kills until the context ends, and returns once everything is up again.
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
			k.back.Wait() // so that nothing starts once everything is stopped
			return err
		case <-ticks.C:
			if k.due() {
				k.strike(context.WithoutCancel(ctx))
			}
		}
	}
}

// due says that fewer were killed than the interviews held ask for. The first
// is due at once.
func (k *killer) due() bool {
	killed := k.killsSoFar()
	return killed < k.options.kills && killed*k.options.interviews <= k.options.kills*k.tally.interviews()
}

// strike carries out one kill of the plan.
func (k *killer) strike(ctx context.Context) {
	what, replica := k.draw(), k.random.IntN(k.replicas)
	down := time.Duration(k.random.Int64N(int64(mostDown)))
	switch what {
	case postgresName:
		if k.busy[what].TryLock() {
			k.killed(what)
			k.restore(func() error { defer k.busy[what].Unlock(); return k.world.crash(ctx, down) })
		}
	case keysName:
		if k.busy[what].TryLock() {
			k.killed(what)
			k.restore(func() error { defer k.busy[what].Unlock(); return k.world.rotate(ctx) })
		}
	default:
		if k.world.kill(what, replica) {
			k.killed(what)
			k.restore(func() error {
				time.Sleep(down)
				return k.world.start(ctx, what, replica)
			})
		}
	}
}

func (k *killer) restore(start func() error) {
	k.back.Go(func() {
		if err := start(); err != nil {
			select {
			case k.failed <- err:
			default: // the first is enough
			}
		}
	})
}

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
