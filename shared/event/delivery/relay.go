package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// RelayConfig bounds the work of a relay. A field that is zero has its default.
type RelayConfig struct {
	// Batch is how many events are claimed at a time: 256. One statement claims
	// them, and one transaction settles them.
	Batch int
	// Concurrency is how many events, of as many conversations, are published at a
	// time: 32. Each waits for the sink's answer, and nobody waits for an event.
	Concurrency int
	// MaxAttempts is how often the sink may refuse an event before it becomes a dead
	// letter: 20, which with the backoff takes about 40 minutes.
	MaxAttempts int
	// Timeout bounds one drain: 20 s, below the 30 s that a call of a function may
	// take. Events that a killed relay had claimed are claimed again ten seconds
	// later.
	Timeout time.Duration
	// Backoff and MaxBackoff bound how long a failed event waits: half as long as it
	// has waited already, 1 s to 5 min.
	Backoff, MaxBackoff time.Duration
	// UnconfirmedFor is when an erasure that memory has not confirmed is queued
	// again: 10 min, longer than a healthy broker takes to deliver.
	UnconfirmedFor time.Duration
}

func (c RelayConfig) withDefaults() RelayConfig {
	c.Batch = cmp.Or(c.Batch, 256)
	c.Concurrency = cmp.Or(c.Concurrency, defaultConcurrency)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, 20)
	c.Timeout = cmp.Or(c.Timeout, 20*time.Second)
	c.Backoff = cmp.Or(c.Backoff, time.Second)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, 5*time.Minute)
	c.UnconfirmedFor = cmp.Or(c.UnconfirmedFor, 10*time.Minute)
	return c
}

const (
	// settleTimeout bounds the last transaction of a batch, which also runs when the
	// drain's time is up: what is published and not settled would be published twice.
	settleTimeout = 5 * time.Second
	// maxUndelivered is how many deliveries in a row may fail before a drain takes
	// the sink to be unavailable, and stops.
	maxUndelivered = 3
	// minInterval is the time between two rounds: whoever reaches the relay can ask
	// for one, and a round costs the database three transactions, for however many events.
	minInterval = 200 * time.Millisecond
	// tendInterval is the time between two looks for what has waited for minutes or more.
	tendInterval = time.Minute
)

// Relay publishes the events of an outbox. Any number of relays may work on one;
// each drains once at a time.
//
// round and measure are fields so that tests can count and block rounds.
type Relay struct {
	outbox    *Outbox
	publisher Publisher
	config    RelayConfig
	metrics   *metrics

	round   func(context.Context, *Drained) error // publishes what may be published now
	measure func(context.Context) time.Duration   // reports the backlog, and returns its NextDue

	mu             sync.Mutex
	running, again bool
	backlog        chan struct{} // closed when the drain ends that found more than a batch; nil for none
	lastRound      time.Time     // when the last round ended
	tended         time.Time     // see tend; one drain at a time
}

// NewRelay returns a relay.
func NewRelay(outbox *Outbox, publisher Publisher, config RelayConfig) *Relay {
	r := &Relay{outbox: outbox, publisher: publisher, config: config.withDefaults(), metrics: newMetrics()}
	r.round, r.measure = r.publishAll, r.measureBacklog
	return r
}

// Drained is what a drain did.
type Drained struct {
	Published    int  `json:"published"`
	Failed       int  `json:"failed"` // to be tried again
	DeadLettered int  `json:"dead_lettered"`
	More         bool `json:"more"` // events wait that there was no time for

	nextDue time.Duration // Backlog.NextDue after it
}

// ErrSinkUnavailable says that events could not be delivered, whichever they were.
var ErrSinkUnavailable = errors.New("the sink is unavailable")

// Drain publishes until no event waits, the sink is unavailable or the time is up.
// While a drain is under way it returns false at once, and that drain does another
// round before it ends.
func (r *Relay) Drain(ctx context.Context) (Drained, bool, error) {
	if !r.begin() {
		return Drained{}, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	var done Drained
	for {
		err := r.nextRound(ctx, &done)
		if again := r.end(err != nil || done.More); !again {
			done.nextDue = r.measure(ctx)
			return done, true, err
		}
	}
}

// nextRound does one round, no sooner than minInterval after the last. It serves
// all requests that come before it begins.
func (r *Relay) nextRound(ctx context.Context, done *Drained) error {
	select {
	case <-time.After(time.Until(r.lastRound.Add(minInterval))):
	case <-ctx.Done():
		done.More = true
		return nil
	}
	r.mu.Lock()
	r.again = false
	r.mu.Unlock()
	defer func() { r.lastRound = time.Now() }() // one drain at a time
	return r.round(ctx, done)
}

// begin reports whether the caller is to drain. If a drain is under way it is asked
// for another round instead, since it may have looked for events before the
// caller's were committed.
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
	if !again && r.backlog != nil {
		close(r.backlog)
		r.backlog = nil
	}
	return again
}

// askAgain has the drain under way do another round.
func (r *Relay) askAgain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.again = true
}

// behind notes that the drain under way found a full batch.
func (r *Relay) behind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.backlog == nil {
		r.backlog = make(chan struct{})
	}
}

// AwaitBacklog returns when the drain under way ends, if that has a backlog, and else at
// once. Requests that wait are the load by which Knative starts another relay, which takes
// other conversations.
func (r *Relay) AwaitBacklog(ctx context.Context) {
	r.mu.Lock()
	backlog := r.backlog
	r.mu.Unlock()
	if backlog == nil {
		return
	}
	select {
	case <-backlog:
	case <-ctx.Done():
	}
}

// publishAll is one round. It ends with a claim that finds nothing: another relay may have been
// asked to publish the next event of a conversation of this one's, and could not. Where events
// keep coming it ends before, and asks for another round. The lease outlasts the
// drain, its last deliveries and its last settlement, so no other relay claims an event that this one
// may still publish.
func (r *Relay) publishAll(ctx context.Context, done *Drained) error {
	if err := r.tend(ctx); err != nil {
		return err
	}
	if consumed, err := r.consume(ctx, done); consumed || err != nil {
		return err
	}
	for first := true; ; first = false {
		claimed, err := r.outbox.Claim(ctx, r.config.Batch, r.config.Timeout+publishTimeout+2*settleTimeout)
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
		if len(claimed) == r.config.Batch {
			r.behind()
		}
		batch := r.publish(ctx, claimed)
		settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
		err = r.outbox.Settle(settling, batch.Settlement)
		cancel()
		if err != nil {
			return err // published again when the lease ends
		}
		r.count(ctx, batch.Settlement, done)
		switch {
		case batch.unavailable.Load():
			return fmt.Errorf("%w: %s", ErrSinkUnavailable, batch.Failed[len(batch.Failed)-1].Problem)
		case ctx.Err() != nil:
			done.More = true
			return nil
		case !first && len(claimed) < r.config.Batch:
			r.askAgain()
			return nil
		}
	}
}

// tend does what needs a timer and no event, at most once in tendInterval: it deletes
// expired elicitations and repeats unconfirmed erasures.
func (r *Relay) tend(ctx context.Context) error {
	if time.Since(r.tended) < tendInterval {
		return nil
	}
	if _, err := r.outbox.DeleteExpiredElicitations(ctx); err != nil {
		return err
	}
	if _, err := r.outbox.RequeueErasures(ctx, r.config.UnconfirmedFor); err != nil {
		return err
	}
	r.tended = time.Now()
	return nil
}

// consume has a publisher that is a Consumer process what waits. It returns false where
// events are to be published one by one: to another publisher, or because one of them
// could not be processed.
func (r *Relay) consume(ctx context.Context, done *Drained) (bool, error) {
	consumer, ok := r.publisher.(Consumer)
	for ok {
		if ctx.Err() != nil {
			done.More = true
			return true, nil
		}
		waiting, err := r.outbox.Waiting(ctx, r.config.Batch)
		if err != nil || len(waiting) == 0 {
			return true, err
		}
		consuming, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
		processed, err := consumer.Consume(consuming, waiting)
		cancel()
		if err != nil {
			return false, nil
		}
		r.count(ctx, Settlement{Published: processed}, done)
		if len(waiting) < r.config.Batch || len(processed) == 0 { // the rest is somebody else's
			return true, nil
		}
	}
	return false, nil
}

// publishing is a batch that is being published. mu guards the settlement, to which
// the workers append.
type publishing struct {
	mu sync.Mutex
	Settlement
	undelivered atomic.Int32 // deliveries that failed in a row
	unavailable atomic.Bool  // the sink
}

// publish tries every event of a batch: conversations side by side, the events of one
// after each other up to the first that fails.
func (r *Relay) publish(ctx context.Context, claimed []Entry) *publishing {
	p := &publishing{Settlement: Settlement{Backoff: r.config.Backoff, MaxBackoff: r.config.MaxBackoff}}
	var order []uuid.UUID
	byConversation := map[uuid.UUID][]Entry{}
	for _, e := range claimed {
		if _, known := byConversation[e.ConversationID]; !known {
			order = append(order, e.ConversationID)
		}
		byConversation[e.ConversationID] = append(byConversation[e.ConversationID], e)
	}
	queue := make(chan []Entry, len(order))
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

// publishInOrder publishes the events of one conversation until one fails that will
// be tried again; the later ones are released, so that they stay behind it. A dead
// letter does not hold them up.
func (r *Relay) publishInOrder(ctx context.Context, p *publishing, events []Entry) {
	for i, e := range events {
		if ctx.Err() != nil || p.unavailable.Load() {
			p.release(events[i:])
			return
		}
		err := r.deliver(ctx, e)
		if err == nil {
			p.undelivered.Store(0)
			p.published(e)
			continue
		}
		deadLetter := r.fail(ctx, p, e, err)
		if !deadLetter {
			p.release(events[i+1:])
			return
		}
	}
}

// deliver publishes an event, and waits for its answer also when the drain's time is up:
// an event that is given up under way may have arrived, and would arrive twice.
func (r *Relay) deliver(ctx context.Context, e Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	return r.publisher.Publish(ctx, e.CloudEvent())
}

// fail records an event that could not be published, and returns whether it becomes
// a dead letter. Only an answer about the event itself counts as an attempt: an
// outage of the sink must not turn every waiting event into a dead letter.
func (r *Relay) fail(ctx context.Context, p *publishing, e Entry, err error) (deadLetter bool) {
	f := Failure{Entry: e, Problem: plain.Excerpt(err.Error(), maxProblem)}
	var refused *Refused
	if errors.As(err, &refused) && !refused.Unavailable() {
		f.Counts = true
		f.DeadLettered = refused.Final() || e.Attempts+1 >= r.config.MaxAttempts
		p.undelivered.Store(0)
	} else if p.undelivered.Add(1) >= maxUndelivered {
		p.unavailable.Store(true)
	}
	if f.DeadLettered {
		slog.ErrorContext(ctx, "event dead-lettered", "event", e.ID, "type", e.Type, "attempts", e.Attempts+1, "error", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Failed = append(p.Failed, f)
	return f.DeadLettered
}

func (p *publishing) published(e Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Published = append(p.Published, e)
}

// release gives events back untried, due at once.
func (p *publishing) release(rest []Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Released = append(p.Released, rest...)
}

// count adds a settled batch to the drain's result and to the metrics. It runs
// after Settle, so events that will be published again are counted once.
func (r *Relay) count(ctx context.Context, s Settlement, done *Drained) {
	done.Published += len(s.Published)
	for _, e := range s.Published {
		r.metrics.published(ctx, e.Type)
	}
	for _, f := range s.Failed {
		if f.DeadLettered {
			done.DeadLettered++
		} else {
			done.Failed++
		}
		r.metrics.failed(ctx, f)
	}
}

// measureBacklog reports what is left after a drain, also when its time is up, and
// returns its NextDue.
func (r *Relay) measureBacklog(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	backlog, err := r.outbox.Backlog(ctx)
	if err != nil {
		slog.WarnContext(ctx, "outbox not measured", "error", err)
		return 0
	}
	r.metrics.backlog(ctx, backlog)
	return backlog.NextDue
}
