package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

const (
	progressEvery = 10 * time.Second
	// drainLimit is how long the outbox may make no progress after the last conversation:
	// longer than the lease of a killed relay, 30 s, and the longest backoff, 5 min.
	drainLimit = 6 * time.Minute
	// mostShown is the number of stories that are printed; all are in the folder.
	mostShown = 3
)

// campaign is one run. mu guards what follows it, which people in parallel write.
// It holds what the checks after the last conversation need; stories go to their file at once.
type campaign struct {
	options
	*tally
	deployment *deployment
	next       atomic.Int64 // number of the last started conversation

	mu      sync.Mutex
	reports map[string]expectation // by conversation
	stories *os.File
	shown   int
}

// expectation is the expected content of memory for a conversation.
type expectation struct {
	simulation int
	known      map[string]remembered
}

// run reports whether nothing was lost, doubled or wrong. Logs and stories are kept
// unless everything was clean.
func run(ctx context.Context, o options) (clean bool, err error) {
	folder, err := os.MkdirTemp("", "sequential-questioning-chaos-")
	if err != nil {
		return false, err
	}
	// PostgreSQL may run as another user, who needs access.
	if err := os.Chmod(folder, 0o711); err != nil {
		return false, err
	}
	fmt.Printf("seed %d; logs in %s\nBuilding; the first time takes a minute or two.\n", o.seed, folder)
	d, err := startDeployment(ctx, folder, o.replicas)
	if err != nil {
		return false, err
	}
	defer func() {
		err = errors.Join(err, d.stop(), os.RemoveAll(filepath.Join(folder, "bin")))
		if clean && err == nil {
			err = os.RemoveAll(folder)
		} else {
			fmt.Printf("seed %d; logs and stories in %s\n", o.seed, folder)
		}
	}()
	c := &campaign{options: o, tally: newTally(), deployment: d, reports: map[string]expectation{}}
	if c.stories, err = os.Create(filepath.Join(folder, "stories.jsonl")); err != nil {
		return false, err
	}
	defer c.stories.Close()
	if err = c.converse(ctx); err == nil {
		err = c.settle(ctx)
	}
	c.tally.write(os.Stdout)
	return err == nil && c.clean(), err
}

// converse runs the conversations and kills meanwhile. When time is up the killer stops,
// and people finish the conversations that they have begun. Without a limit of time it
// kills until the last conversation has ended.
func (c *campaign) converse(ctx context.Context) error {
	holding, end := context.WithCancelCause(ctx)
	defer end(nil)
	beginning := context.WithoutCancel(holding)
	if c.minutes > 0 {
		var cancel context.CancelFunc
		beginning, cancel = context.WithTimeout(beginning, time.Duration(c.minutes*float64(time.Minute)))
		defer cancel()
	}
	killing, spare := context.WithCancel(beginning)
	var killers, people sync.WaitGroup
	killers.Go(func() {
		if err := newKiller(c).run(killing); err != nil {
			end(err)
		}
	})
	killers.Go(func() { c.report(killing) })
	for range c.people {
		people.Go(func() {
			for beginning.Err() == nil && holding.Err() == nil {
				number := int(c.next.Add(1))
				if number > c.options.conversations {
					return
				}
				c.simulation(holding, number)
			}
		})
	}
	people.Wait()
	spare()
	killers.Wait()
	return context.Cause(holding)
}

// report prints the progress.
func (c *campaign) report(ctx context.Context) {
	for ticks := time.NewTicker(progressEvery); ; {
		select {
		case <-ctx.Done():
			ticks.Stop()
			return
		case <-ticks.C:
			fmt.Println(c.line())
		}
	}
}

// simulation runs one conversation and records its result.
// A conversation without a report has a finding, so it needs no expectation of memory.
func (c *campaign) simulation(ctx context.Context, number int) {
	sim := newSimulation(c.options, number, c.deployment.front.url("gateway")+"/mcp", c.tally)
	report := sim.converse(ctx)
	if ctx.Err() != nil {
		return // interrupted: the result is meaningless
	}
	c.held(sim.story)
	c.mu.Lock()
	defer c.mu.Unlock()
	if report != nil {
		c.reports[report.ConversationID] = expectation{number, expected(*report)}
	}
	_, _ = c.stories.Write(append(encode(sim.story), '\n'))
	if len(sim.Findings) > 0 {
		c.show(sim.story)
	}
}

// show prints a story with findings.
func (c *campaign) show(s *story) {
	if c.shown++; c.shown <= mostShown {
		s.write(os.Stdout)
	}
}

// settle waits until every event has been processed, and compares memory and
// statistics with the reports. The order matters: memory and statistics are
// complete once the outbox is empty.
// An outbox that makes no progress is a finding and not an error: the rest is compared too.
func (c *campaign) settle(ctx context.Context) error {
	fmt.Println(c.line())
	least, since := -1, time.Now()
	for ; ; time.Sleep(500 * time.Millisecond) {
		waiting, err := c.deployment.one(ctx, `SELECT count(*) FROM outbox`)
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		if waiting == 0 {
			break
		}
		if least < 0 || waiting < least {
			least, since = waiting, time.Now()
		}
		if time.Since(since) > drainLimit {
			c.complain(finding{lost, fmt.Sprintf("%d events wait in the outbox, and none was published for %s", waiting, drainLimit)})
			break
		}
	}
	uncounted, err := c.deployment.one(ctx, `SELECT count(*) FROM conversations
		WHERE stop_reason IS NOT NULL AND id NOT IN (SELECT conversation_id FROM counted_conversations)`)
	if err != nil {
		return fmt.Errorf("read statistics: %w", err)
	}
	if uncounted > 0 {
		c.complain(finding{lost, fmt.Sprintf("%d complete conversations are in no statistics", uncounted)})
	}
	return c.recollect(ctx)
}

// complain reports a finding that belongs to no single story.
func (c *campaign) complain(f finding) {
	c.found(f.Kind)
	fmt.Printf("%s: %s\n", f.Kind, f.Text)
}

// recollect compares all of memory with all reports. Memory may have conversations
// without a report, which were interrupted; those are not compared.
// It reads memory with one scroll, since a search could miss an entry.
func (c *campaign) recollect(ctx context.Context) error {
	client, err := qdrant.Open(qdrant.Config{URL: c.deployment.qdrant.URL(), Timeout: time.Minute})
	if err != nil {
		return err
	}
	defer client.Close()
	const most = 10_000_000
	hits, err := client.Scroll(ctx, "answers", qdrant.Filter{Must: map[string]string{"principal": "local"}}, most)
	if err != nil {
		return fmt.Errorf("read memory: %w", err)
	}
	there := map[string]map[string][]remembered{}
	for _, hit := range hits {
		conversation, _ := hit.Payload["conversation_id"].(string)
		slot, _ := hit.Payload["slot"].(string)
		value, _ := hit.Payload["value"].(string)
		words, _ := hit.Payload["words"].(string)
		if there[conversation] == nil {
			there[conversation] = map[string][]remembered{}
		}
		there[conversation][slot] = append(there[conversation][slot], remembered{value, words})
	}
	for id, want := range c.reports {
		if findings := compare(want.known, there[id]); len(findings) > 0 {
			c.again(ctx, id, want, there[id])
		}
	}
	return nil
}

// again compares memory with a new report: a killed client's call may have finished after
// the earlier report.
func (c *campaign) again(ctx context.Context, id string, t expectation, there map[string][]remembered) {
	sim := newSimulation(c.options, t.simulation, c.deployment.front.url("gateway")+"/mcp", c.tally)
	sim.Conversation, sim.client.killEvery = id, 0
	report, err := sim.report(ctx)
	if err != nil {
		c.complain(finding{wrong, fmt.Sprintf("conversation %d cannot be reported again: %v", t.simulation, err)})
		return
	}
	findings := compare(expected(*report), there)
	for _, f := range findings {
		c.complain(finding{f.Kind, fmt.Sprintf("conversation %d: %s", t.simulation, f.Text)})
	}
	if s := c.storyOf(t.simulation); s != nil && len(findings) > 0 {
		s.log("the report at the end", report)
		c.show(s)
	}
}

// storyOf reads a story back; nil if there is none.
// It reads the whole file, which only happens after a finding.
func (c *campaign) storyOf(number int) *story {
	file, err := os.Open(c.stories.Name())
	if err != nil {
		return nil
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil
		}
		var s story
		if json.Unmarshal(line, &s) == nil && s.Number == number {
			return &s
		}
	}
}
