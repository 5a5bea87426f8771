package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// times are durations of single calls.
type times []time.Duration

// at returns a quantile. It is the nearest rank; 0 is the shortest, 1 the longest.
// It sorts a copy each time; call it after a measurement.
func (t times) at(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// ratio is how many times as long a took as b.
func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// side is one of the two compared sides, which take turns. Taking turns on one
// machine, both meet the same disturbances, so their ratio is stable where their
// times are not.
// Its workers run at the same time and each has its own number, so a side needs no lock for
// what it keeps per worker.
type side interface {
	// step makes one call as one of the workers.
	step(ctx context.Context, worker int) (time.Duration, error)
}

// slice runs workers that make calls until the time or the number of calls is used up, and
// returns the duration of each call and of the slice. It stops at the first error.
// calls is 0 for no limit. The time is checked between calls: the slice may last as long as
// one call more, and its duration says how long it was.
func slice(ctx context.Context, s side, workers int, d time.Duration, calls int64) (times, time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	var made atomic.Int64
	took, errs := make([]times, workers), make([]error, workers)
	began := time.Now()
	for w := range workers {
		group.Go(func() {
			for ctx.Err() == nil && time.Since(began) < d && (calls == 0 || made.Add(1) <= calls) {
				one, err := s.step(ctx, w)
				if err != nil {
					errs[w] = err
					cancel()
					return
				}
				took[w] = append(took[w], one)
			}
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	return slices.Concat(took...), elapsed, errors.Join(errors.Join(errs...), context.Cause(ctx))
}

// toolSide answers questions by calls of follow_up.
type toolSide struct {
	url     string
	stock   *stock
	clients []*client
	current []place
}

// newToolSide has a client and a conversation for each worker.
// A conversation is taken from the stock when its worker first needs one.
func newToolSide(url string, s *stock, workers int) *toolSide {
	t := &toolSide{url: url, stock: s, current: make([]place, workers)}
	for range workers {
		t.clients = append(t.clients, newClient())
	}
	return t
}

// step answers one question by a call, as worker.
func (t *toolSide) step(ctx context.Context, worker int) (time.Duration, error) {
	at := &t.current[worker]
	turn, err := at.next(t.stock)
	if err != nil {
		return 0, err
	}
	return t.clients[worker].call(ctx, t.url, followUpTool, t.stock.tape.argumentsFor(turn, at.id), recordedOne)
}

// recordedOne is the part of a result that shows one recorded answer.
const recordedOne = `"answers_recorded":1`

// argumentsFor are a recorded call's arguments for another conversation.
func (t *tape) argumentsFor(one turn, id string) []byte {
	return bytes.Replace(one.arguments, []byte(t.id), []byte(id), 1)
}
