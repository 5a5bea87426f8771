package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// RelayConfig bounds what a relay does, from the environment.
type RelayConfig struct {
	// Batch is how many events are claimed at a time.
	Batch int `env:"RELAY_BATCH" envDefault:"100"`
	// Concurrency is how many events, of as many conversations, are published at
	// a time.
	Concurrency int `env:"RELAY_CONCURRENCY" envDefault:"8"`
	// MaxAttempts is how often the sink may refuse an event before it is parked.
	MaxAttempts int `env:"RELAY_MAX_ATTEMPTS" envDefault:"20"`
	// Timeout bounds one drain; what a relay that died had claimed is taken over
	// ten seconds later.
	Timeout time.Duration `env:"RELAY_TIMEOUT" envDefault:"20s"`
	// Backoff and MaxBackoff bound how long an event that could not be published
	// waits: half as long as it has waited already.
	Backoff    time.Duration `env:"RELAY_BACKOFF" envDefault:"1s"`
	MaxBackoff time.Duration `env:"RELAY_MAX_BACKOFF" envDefault:"5m"`
	// ErasureAfter is when an erasure that nobody confirmed is announced again.
	ErasureAfter time.Duration `env:"RELAY_ERASURE_AFTER" envDefault:"10m"`
}

const (
	maxConcurrency = 64
	settleTimeout  = 5 * time.Second
	// givenUp is how many deliveries in a row may fail before a drain takes the
	// sink for away.
	givenUp = 3
	// rest is how long the outbox is left alone between two looks: whoever reaches
	// the relay can ask for one, and a look costs the database three transactions.
	rest = 50 * time.Millisecond
)

func (c RelayConfig) check() error {
	switch {
	case c.Batch < 1 || c.Batch > 10_000:
		return fmt.Errorf("RELAY_BATCH is %d, want 1 to 10000", c.Batch)
	case c.Concurrency < 1 || c.Concurrency > maxConcurrency:
		return fmt.Errorf("RELAY_CONCURRENCY is %d, want 1 to %d", c.Concurrency, maxConcurrency)
	case c.MaxAttempts < 1:
		return fmt.Errorf("RELAY_MAX_ATTEMPTS is %d, want 1 or more", c.MaxAttempts)
	case c.Timeout <= 0:
		return fmt.Errorf("RELAY_TIMEOUT is %s, want more than 0", c.Timeout)
	case c.Backoff <= 0 || c.MaxBackoff < c.Backoff:
		return fmt.Errorf("RELAY_MAX_BACKOFF is %s, want RELAY_BACKOFF, %s, or more than that, and both more than 0", c.MaxBackoff, c.Backoff)
	case c.ErasureAfter <= 0:
		return fmt.Errorf("RELAY_ERASURE_AFTER is %s, want more than 0", c.ErasureAfter)
	}
	return nil
}

// Relay publishes what waits in an outbox. Any number of relays may work on
// one; each drains once at a time.
type Relay struct {
	outbox    *Outbox
	publisher Publisher
	config    RelayConfig
	metrics   *metrics

	round   func(context.Context, *Drained) error // one look at the outbox
	measure func(context.Context)                 // what is left

	mu             sync.Mutex
	running, again bool
	looked         time.Time // when the outbox was last looked at
}

// NewRelay returns a relay. A wrong setting is an error.
func NewRelay(outbox *Outbox, publisher Publisher, config RelayConfig) (*Relay, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	r := &Relay{outbox: outbox, publisher: publisher, config: config, metrics: newMetrics()}
	r.round, r.measure = r.drain, r.report
	return r, nil
}

// Drained is what a drain did.
type Drained struct {
	Published int  `json:"published"`
	Failed    int  `json:"failed"` // to be tried again
	Parked    int  `json:"parked"`
	More      bool `json:"more"` // waits, and there was no time for it
}

// ErrSinkAway says that events could not be delivered, whichever they were.
var ErrSinkAway = errors.New("the sink cannot be reached")

// Drain publishes until nothing waits, the sink is away or the time is up.
// While a drain is under way it returns false at once, and that drain looks
// once more before it ends.
func (r *Relay) Drain(ctx context.Context) (Drained, bool, error) {
	if !r.begin() {
		return Drained{}, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	var done Drained
	for {
		err := r.look(ctx, &done)
		if again := r.end(err != nil || done.More); !again {
			r.measure(ctx)
			return done, true, err
		}
	}
}

// look drains once, no sooner than rest after the last time. Requests that come
// meanwhile are met by it.
func (r *Relay) look(ctx context.Context, done *Drained) error {
	select {
	case <-time.After(time.Until(r.looked.Add(rest))):
	case <-ctx.Done():
		done.More = true
		return nil
	}
	r.mu.Lock()
	r.again = false
	r.mu.Unlock()
	defer func() { r.looked = time.Now() }() // one look at a time
	return r.round(ctx, done)
}

func (r *Relay) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running {
		r.again = true
		return false
	}
	r.running, r.again = true, false
	return true
}

// end returns true when somebody asked for a drain meanwhile, unless this one
// has to stop.
func (r *Relay) end(stop bool) (again bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	again = r.again && !stop
	r.running, r.again = again, false
	return again
}

func (r *Relay) drain(ctx context.Context, done *Drained) error {
	if _, err := r.outbox.Sweep(ctx); err != nil {
		return err
	}
	if _, err := r.outbox.Reannounce(ctx, r.config.ErasureAfter); err != nil {
		return err
	}
	for {
		claimed, err := r.outbox.Claim(ctx, r.config.Batch, r.config.Timeout+2*settleTimeout)
		if err != nil {
			if ctx.Err() != nil {
				done.More = true
				return nil
			}
			return err
		}
		if len(claimed) == 0 {
			return nil
		}
		batch := r.publish(ctx, claimed)
		settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
		err = r.outbox.Settle(settling, batch.Settlement)
		cancel()
		if err != nil {
			return err // published once more when the lease is over
		}
		r.count(ctx, batch.Settlement, done)
		switch {
		case batch.away.Load():
			return fmt.Errorf("%w: %s", ErrSinkAway, batch.Failed[len(batch.Failed)-1].Problem)
		case ctx.Err() != nil:
			done.More = true
			return nil
		}
	}
}

// publishing is a batch on its way out.
type publishing struct {
	mu sync.Mutex
	Settlement
	misses atomic.Int32 // deliveries failed in a row
	away   atomic.Bool
}

// publish tries every event of a batch: conversations side by side, the events
// of one after each other up to the first that fails.
func (r *Relay) publish(ctx context.Context, claimed []Waiting) *publishing {
	p := &publishing{Settlement: Settlement{Backoff: r.config.Backoff, MaxBackoff: r.config.MaxBackoff}}
	var order []uuid.UUID
	byConversation := map[uuid.UUID][]Waiting{}
	for _, w := range claimed {
		if _, known := byConversation[w.ConversationID]; !known {
			order = append(order, w.ConversationID)
		}
		byConversation[w.ConversationID] = append(byConversation[w.ConversationID], w)
	}
	queue := make(chan []Waiting, len(order))
	for _, id := range order {
		queue <- byConversation[id]
	}
	close(queue)
	var workers sync.WaitGroup
	for range min(r.config.Concurrency, len(order)) {
		workers.Go(func() {
			for events := range queue {
				r.publishInOrder(ctx, p, events)
			}
		})
	}
	workers.Wait()
	return p
}

func (r *Relay) publishInOrder(ctx context.Context, p *publishing, events []Waiting) {
	for i, w := range events {
		if ctx.Err() != nil || p.away.Load() {
			p.release(events[i:])
			return
		}
		err := r.publisher.Publish(ctx, w.CloudEvent())
		switch {
		case err == nil:
			p.misses.Store(0)
			p.published(w)
			continue
		case ctx.Err() != nil: // the time is up: that is not the event's fault
			p.release(events[i:])
			return
		}
		parked := r.fail(ctx, p, w, err)
		if !parked {
			p.release(events[i+1:])
			return
		}
	}
}

// fail notes an event that could not be published, and says whether it was
// given up.
func (r *Relay) fail(ctx context.Context, p *publishing, w Waiting, err error) (parked bool) {
	f := Failure{Waiting: w, Problem: cut(err.Error(), 1000)}
	var refused *Refused
	if errors.As(err, &refused) && !refused.Away() {
		f.Counts = true
		f.Park = refused.Final() || w.Attempts+1 >= r.config.MaxAttempts
		p.misses.Store(0)
	} else if p.misses.Add(1) >= givenUp {
		p.away.Store(true)
	}
	if f.Park {
		slog.ErrorContext(ctx, "event parked", "event", w.ID, "type", w.Type, "attempts", w.Attempts+1, "error", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Failed = append(p.Failed, f)
	return f.Park
}

func (p *publishing) published(w Waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Published = append(p.Published, w)
}

func (p *publishing) release(rest []Waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Released = append(p.Released, rest...)
}

func (r *Relay) count(ctx context.Context, s Settlement, done *Drained) {
	done.Published += len(s.Published)
	for _, w := range s.Published {
		r.metrics.published(ctx, w.Type)
	}
	for _, f := range s.Failed {
		if f.Park {
			done.Parked++
		} else {
			done.Failed++
		}
		r.metrics.failed(ctx, f)
	}
}

// report measures what is left.
func (r *Relay) report(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	backlog, err := r.outbox.Backlog(ctx)
	if err != nil {
		slog.WarnContext(ctx, "the outbox could not be measured", "error", err)
		return
	}
	r.metrics.backlog(ctx, backlog)
}
