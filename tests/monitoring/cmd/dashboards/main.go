// Command dashboards draws Grafana's dashboards with data of running functions: it runs
// simulated people against those in a cluster, or against the local program, scrapes them
// with a Prometheus that evaluates the rules, and draws the result of each panel's query. So
// the pictures of the docs show what the queries really return. A human looks at them;
// that the queries are right is for the tests of package monitoring.
package main

import (
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

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/dashboard"
	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/testbed"
	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	write := flag.String("write", "docs/dashboards", "`folder` of the pictures")
	length := flag.Duration("for", 2*time.Minute, "duration of the run")
	people := flag.Int("people", 6, "concurrent people")
	only := flag.String("only", "", "comma-separated `names` of dashboards, without which all are drawn")
	cluster := flag.String("cluster", "", "`kubeconfig` of a cluster whose functions are scraped, in place of the local program's; --url is their route")
	namespace := flag.String("namespace", "sequential-questioning-prod", "where the cluster's functions are")
	url := flag.String("url", "", "`URL` for MCP clients of the cluster's functions")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, "Draws the dashboards with data of a running program.\n\nUsage: go run ./tests/monitoring/cmd/dashboards [flags]\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	// Half a minute is the window of a rate, so a shorter run would show none.
	if flag.NArg() > 0 || *length < 30*time.Second || *people < 1 || (*cluster == "") != (*url == "") {
		fmt.Fprintln(os.Stderr, "error: want no arguments, --for of at least 30s, --people of at least 1, and --cluster and --url both or neither")
		os.Exit(2)
	}
	if err := run(ctx, *write, *only, *length, *people, pods{*cluster, *namespace}, *url); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// calm makes faults so rare that the pictures show a healthy service, with some of each.
const calm = 15

// run draws dashboards of gitops/platform into files of their names. Program and
// Prometheus are both stopped whatever happens, and their failures are returned with
// the first one: a server that is left behind would disturb the next run.
func run(ctx context.Context, write, only string, length time.Duration, people int, functions pods, url string) (err error) {
	root, err := tools.Root()
	if err != nil {
		return err
	}
	monitoring := filepath.Join(root, "gitops", "platform", "monitoring")
	dashboards, err := dashboard.Read(filepath.Join(monitoring, "grafana", "dashboards"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(write, 0o755); err != nil {
		return fmt.Errorf("create the folder of pictures: %w", err)
	}
	folder, err := os.MkdirTemp("", "sequential-questioning-targets-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "targets.json")
	s, targets := testbed.At(url, calm), functions.discovery(file)
	if url != "" {
		following, cancel := context.WithCancel(ctx)
		followed := make(chan error, 1)
		go func() { followed <- functions.follow(following, file) }()
		defer func() {
			cancel()
			err = errors.Join(err, <-followed)
		}()
	} else {
		if s, err = testbed.Start(ctx, calm); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Stop()) }()
		if targets, err = program(s.Metrics); err != nil {
			return err
		}
	}
	p, err := startPrometheus(ctx, targets, filepath.Join(monitoring, "rules"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()

	began := time.Now()
	fmt.Fprintf(os.Stderr, "Running conversations for %s.\n", length)
	talking, cancel := context.WithTimeout(ctx, length)
	err = s.Talk(talking, people, 0, 3*time.Second)
	cancel()
	if err = errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	for _, d := range dashboards {
		if only != "" && !slices.Contains(strings.Split(only, ","), d.Name) {
			continue
		}
		file := filepath.Join(write, d.Name+".png")
		if err := paint(ctx, d, p, began, time.Now(), file); err != nil {
			return fmt.Errorf("draw %s: %w", d.Name, err)
		}
		fmt.Println(file)
	}
	return nil
}
