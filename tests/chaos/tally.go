package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// tally counts the events of a run. It is safe for concurrent use.
type tally struct {
	began time.Time

	mu                   sync.Mutex
	kinds                map[string]int // finished conversations
	calls, again, copies int
	kills                map[string]int
	errors               map[string]int
	findings             map[verdict]int
	statements           int // acknowledged answers
	uncertain            int // answers of killed clients
}

// newTally begins to measure the duration.
func newTally() *tally {
	return &tally{began: time.Now(), kinds: map[string]int{}, kills: map[string]int{}, errors: map[string]int{}, findings: map[verdict]int{}}
}

// count adds one to one of the counters of t.
func (t *tally) count(counter *int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*counter++
}

// called counts an attempt, repeated one after an error, and copied a call that was sent again
// although it had succeeded.
func (t *tally) called()   { t.count(&t.calls) }
func (t *tally) repeated() { t.count(&t.again) }
func (t *tally) copied()   { t.count(&t.copies) }

// killed counts a kill of a function, of PostgreSQL or of a client.
func (t *tally) killed(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kills[what]++
}

// failed counts an error that a client saw, whether or not it could be retried.
func (t *tally) failed(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errors[kind]++
}

// held counts a conversation and its findings.
func (t *tally) held(s *story) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kinds[s.Kind]++
	for _, f := range s.Findings {
		t.findings[f.Kind]++
	}
	for _, said := range s.Statements {
		if said.Acknowledged {
			t.statements++
		} else {
			t.uncertain++
		}
	}
}

// found counts a finding that is in no story.
func (t *tally) found(kind verdict) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.findings[kind]++
}

// conversations is the number of conversations that have ended.
func (t *tally) conversations() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return sum(t.kinds)
}

// killsSoFar excludes clients, which are killed by a plan of their own.
func (t *tally) killsSoFar() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return sum(t.kills) - t.kills[clientName]
}

// clean reports whether there are no findings and at least one conversation.
// A run without an acknowledged answer is not clean: it has tested nothing.
func (t *tally) clean() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return sum(t.findings) == 0 && t.statements > 0
}

// line is the progress in one line.
// Kills include those of clients.
func (t *tally) line() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("%4.0f s: %d conversations, %d calls, %d repeated, %d kills; lost %d, doubled %d, wrong %d",
		time.Since(t.began).Seconds(), sum(t.kinds), t.calls, t.again, sum(t.kills), t.findings[lost], t.findings[doubled], t.findings[wrong])
}

// write prints the table.
func (t *tally) write(out io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	row := func(label string, value any) { fmt.Fprintf(out, "%-44s %v\n", label, value) }
	section := func(label string, counts map[string]int) {
		row(label, sum(counts))
		for _, name := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[b] - counts[a] }) {
			row("  "+name, counts[name])
		}
	}
	section("conversations", t.kinds)
	row("answers acknowledged", t.statements)
	row("answers of killed clients, counted or not", t.uncertain)
	row("calls", t.calls)
	row("calls repeated after an error", t.again)
	row("calls repeated although they had succeeded", t.copies)
	section("kills", t.kills)
	section("errors that clients saw", t.errors)
	for _, kind := range []verdict{lost, doubled, wrong} {
		row(string(kind), t.findings[kind])
	}
	row("duration", time.Since(t.began).Round(time.Second))
}

// sum adds up counts.
func sum[K comparable](counts map[K]int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}
