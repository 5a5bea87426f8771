package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Figures collects the measurements of a run. It is safe for concurrent use. Only a run
// of all tests writes them to the page.
// Durations count from began, the moment at which the Deployment was begun.
type Figures struct {
	mu      sync.Mutex
	began   time.Time
	rows    []row
	samples []sample
	marks   []mark
	bars    map[string]Bars
	cancel  context.CancelFunc
	ended   chan struct{}
}

// row is one line of a table; sample is the number of instances at one moment; mark is
// a numbered line of the plot.
type row struct{ section, what, value string }

type sample struct {
	at    time.Duration
	count map[Environment]int
}

type mark struct {
	at   time.Duration
	what string
}

// newFigures begins to measure time.
func newFigures() *Figures { return &Figures{began: time.Now()} }

// Step runs do, and prints and records how long it took.
func (f *Figures) Step(what string, do func() error) error {
	took, err := Took(do)
	if err != nil {
		return err
	}
	f.Add("Setting up", what, Seconds(took))
	return nil
}

// Add records and prints one figure.
func (f *Figures) Add(section, what, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, row{section, what, value})
	fmt.Printf("  %-72s %s\n", what, value)
}

// Mark marks the current time on the plot.
func (f *Figures) Mark(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.marks = append(f.marks, mark{time.Since(f.began), what})
}

// Draw records a bar chart, which Write saves beside the page under the name.
func (f *Figures) Draw(name string, bars Bars) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bars == nil {
		f.bars = map[string]Bars{}
	}
	f.bars[name] = bars
}

// Seconds formats a duration for the figures.
func Seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// watch samples the number of instances until stop.
// A sample that fails is left out; it would otherwise show as a fall to zero.
func (f *Figures) watch(d *Deployment) {
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel, f.ended = cancel, make(chan struct{})
	go func() {
		defer close(f.ended)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			s := sample{at: time.Since(f.began), count: map[Environment]int{}}
			var failed error
			for _, environment := range []Environment{Staging, Prod} {
				instances, err := d.Instances(ctx, string(environment))
				failed = errors.Join(failed, err)
				for _, n := range instances {
					s.count[environment] += n
				}
			}
			if failed == nil {
				f.mu.Lock()
				f.samples = append(f.samples, s)
				f.mu.Unlock()
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
}

// stop ends the sampling, once; nothing is sampled after it returns.
func (f *Figures) stop() {
	if f.cancel != nil {
		f.cancel()
		<-f.ended
	}
}

// What stands between the marks is replaced by each run.
const (
	beginFigures = "<!-- figures: written by make e2e -->"
	endFigures   = "<!-- end of figures -->"
)

// Write writes the figures between the marks of a Markdown file, and the plots beside it.
// It ends the sampling. A file without the marks stays as it is.
func (f *Figures) Write(markdown, plot string) error {
	f.stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	content, err := os.ReadFile(markdown)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(content), beginFigures)
	_, after, closed := strings.Cut(rest, endFigures)
	if !found || !closed {
		return fmt.Errorf("%s has no place for figures: %s … %s", markdown, beginFigures, endFigures)
	}
	var table strings.Builder
	table.WriteString("\nThe numbers in the picture:")
	for i, m := range f.marks {
		fmt.Fprintf(&table, " %d `%s`", i+1, m.what)
	}
	table.WriteString("\n")
	section := ""
	for _, r := range f.rows {
		if r.section != section {
			section = r.section
			fmt.Fprintf(&table, "\n### %s\n\n| | |\n| --- | --- |\n", section)
		}
		fmt.Fprintf(&table, "| %s | %s |\n", r.what, r.value)
	}
	if err := f.draw(plot); err != nil {
		return err
	}
	for name, bars := range f.bars {
		if err := bars.draw(filepath.Join(filepath.Dir(markdown), name)); err != nil {
			return err
		}
	}
	return os.WriteFile(markdown, []byte(before+beginFigures+"\n"+table.String()+"\n"+endFigures+after), 0o644)
}
