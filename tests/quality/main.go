// Command quality measures how many questions a conversation needs, how well answers are
// parsed, and what memory finds. Equal seeds give equal tables.
//
// Its tables are docs/quality.md. Parsing and search are measured on data of real people,
// which are not part of the repository; the number of questions only on simulated people,
// since nobody can be asked the same questions in five different orders.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// usage is the beginning of --help; the flags follow it.
const usage = `Measures the quality of the questions and of the reading of answers, and prints
tables.

  retrieval   what memory's search finds for a request, on the public ClariQ
              data: question_bank.tsv, train.tsv, dev.tsv in --clariq
  conversations  how many questions settle what is wanted, with simulated people
  reading     what is read right, asked again and silently wrong of people's
              replies: sgd_*, r8k_* and values_*.jsonl in --reading

It takes under three minutes on two cores and needs no network.

Usage: make quality [ARGS="--clariq folder --reading folder"]   or   go run ./tests/quality [flags]

Exit codes: 0 measured, 1 failed, 2 wrong usage.

`

// options are the command line's options. Which of them are set decides what is
// measured; seed, people and schemas only concern the simulation.
type options struct {
	clariq, write, only string
	reading             readings
	seed                uint64
	people, schemas     int
}

// The parts that can be measured.
const (
	retrievalPart     = "retrieval"
	conversationsPart = "conversations"
	readingPart       = "reading"
)

// parts are those that --only takes, in the order of the command's help.
var parts = []string{retrievalPart, conversationsPart, readingPart}

const (
	// maxPeople bounds the run; earlier is how many conversations the engine has
	// learned from.
	maxPeople = 10_000
	earlier   = 200 // conversations
)

func main() {
	o, err := parseFlags(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// parseFlags refuses combinations that would measure something else than they say.
// Whoever asks for one part without its data is told so at once, not after minutes of
// others.
func parseFlags(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("quality", flag.ContinueOnError)
	flags.StringVar(&o.clariq, "clariq", "", "`folder` with the ClariQ data; without it retrieval is left out")
	flags.StringVar(&o.write, "write", "", "also write the tables to this Markdown `file`")
	flags.StringVar(&o.only, "only", "", "measure one `part`: retrieval, conversations or reading")
	flags.StringVar(&o.reading.folder, "reading", "", "`folder` with people's replies; without it reading is left out")
	flags.StringVar(&o.reading.half, "half", "", "measure one `half` of the replies, a or b: a to look at, b to confirm")
	flags.StringVar(&o.reading.wrong, "wrong", "", "write wrong readings to this `file`, one JSON object per line")
	flags.Uint64Var(&o.seed, "seed", 1, "of the simulated people and generated schemas")
	flags.IntVar(&o.people, "people", 200, "asked for each schema")
	flags.IntVar(&o.schemas, "schemas", 8, "generated of each kind")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q, see --help", flags.Arg(0))
	case o.only != "" && !slices.Contains(parts, o.only):
		return o, fmt.Errorf("--only: there is no part %q; there are %s", o.only, strings.Join(parts, ", "))
	case o.only == retrievalPart && o.clariq == "":
		return o, fmt.Errorf("--only retrieval needs --clariq")
	case o.reading.folder == "" && (o.only == readingPart || o.reading != readings{}):
		return o, fmt.Errorf("--only reading, --half and --wrong need --reading")
	case o.reading.half != "" && o.reading.half != "a" && o.reading.half != "b":
		return o, fmt.Errorf("--half is %q, want a or b", o.reading.half)
	case o.people < 1 || o.people > maxPeople:
		return o, fmt.Errorf("--people is %d, want 1 to %d", o.people, maxPeople)
	case o.schemas < 1 || o.schemas > 100:
		return o, fmt.Errorf("--schemas is %d, want 1 to 100", o.schemas)
	}
	return o, nil
}

// run measures in the order of the page, and prints tables when all are measured: a run
// that fails prints none. Progress is told on the way, as a measurement takes minutes.
// Without data it measures the conversations alone.
func run(ctx context.Context, o options) error {
	began := time.Now()
	var tables []table
	if o.measures(readingPart) && o.reading.folder != "" {
		progress("reading: people's replies")
		t, err := measureReadings(o.reading)
		if err != nil {
			return fmt.Errorf("measure reading: %w", err)
		}
		tables = append(tables, t...)
	}
	if o.measures(retrievalPart) {
		t, err := o.retrieval(ctx)
		if err != nil {
			return fmt.Errorf("measure retrieval: %w", err)
		}
		tables = append(tables, t...)
	}
	if o.measures(conversationsPart) {
		t, err := measureConversations(ctx, simulation{seed: o.seed, earlier: earlier, people: o.people, perFamily: o.schemas}, progress)
		if err != nil {
			return fmt.Errorf("measure conversations: %w", err)
		}
		tables = append(tables, t...)
	}
	progress(fmt.Sprintf("done in %.0f s", time.Since(began).Seconds()))
	for _, t := range tables {
		t.writeText(os.Stdout)
	}
	if o.write == "" {
		return nil
	}
	return os.WriteFile(o.write, o.page(tables), 0o644)
}

// measures reports whether a part was asked for: all are, unless --only names one.
func (o options) measures(part string) bool { return o.only == "" || o.only == part }

// retrieval measures with the ClariQ data, or prints why it is skipped.
func (o options) retrieval(ctx context.Context) ([]table, error) {
	if o.clariq == "" {
		progress("retrieval is skipped: --clariq names no folder")
		return nil, nil
	}
	if _, err := os.Stat(filepath.Join(o.clariq, bankFile)); err != nil {
		if o.only == retrievalPart {
			return nil, err
		}
		progress(fmt.Sprintf("retrieval is skipped: %v", err))
		return nil, nil
	}
	progress("retrieval: searching the question bank")
	t, err := measureRetrieval(ctx, o.clariq)
	return []table{t}, err
}

// page is the Markdown of docs/quality.md. What varies from run to run is left to its
// notes, so that two pages can be compared line by line.
func (o options) page(tables []table) []byte {
	var page bytes.Buffer
	fmt.Fprintf(&page, "# Quality of the questions\n\nWritten by `%s`. The same seed gives the same figures, times apart.\n\n", o.command())
	for _, t := range tables {
		t.writeMarkdown(&page)
	}
	return append(bytes.TrimRight(page.Bytes(), "\n"), '\n')
}

// command returns the command that writes the page again, with placeholders for
// folders. A folder's name is left out: it says something about whose machine it was.
func (o options) command() string {
	parts := []string{fmt.Sprintf("go run ./tests/quality --seed %d --people %d --schemas %d", o.seed, o.people, o.schemas)}
	if o.clariq != "" {
		parts = append(parts, "--clariq <folder>")
	}
	if o.reading.folder != "" {
		parts = append(parts, "--reading <folder>")
	}
	if o.reading.half != "" {
		parts = append(parts, "--half "+o.reading.half)
	}
	if o.only != "" {
		parts = append(parts, "--only "+o.only)
	}
	return strings.Join(append(parts, "--write docs/quality.md"), " ")
}

// progress goes to stderr, so that the tables can be piped.
func progress(text string) { fmt.Fprintln(os.Stderr, text) }
