// Command dashboards draws Grafana's dashboards as they look over a running
// program: it has people talk to the local program, scrapes it with a real
// Prometheus that evaluates the real rules, and draws the answer to each panel's
// query.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/dashboard"
	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/stage"
	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	write := flag.String("write", "docs/dashboards", "`folder` of the pictures")
	length := flag.Duration("for", 2*time.Minute, "how long people talk")
	people := flag.Int("people", 6, "how many at a time")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, "Draws the dashboards over a running program.\n\nUsage: go run ./tests/monitoring/cmd/dashboards [flags]\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 || *length < 30*time.Second || *people < 1 {
		fmt.Fprintln(os.Stderr, "error: there are no arguments, --for is 30s or more, --people 1 or more")
		os.Exit(2)
	}
	if err := run(ctx, *write, *length, *people); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, write string, length time.Duration, people int) (err error) {
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
		return fmt.Errorf("make folder of the pictures: %w", err)
	}
	s, err := stage.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	p, err := startPrometheus(ctx, s.Metrics, filepath.Join(monitoring, "rules"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()

	began := time.Now()
	fmt.Fprintf(os.Stderr, "People talk for %s.\n", length)
	talking, cancel := context.WithTimeout(ctx, length)
	err = s.Talk(talking, people, 0, 3*time.Second)
	cancel()
	if err = errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	for _, d := range dashboards {
		file := filepath.Join(write, d.Name+".png")
		if err := paint(ctx, d, p, began, time.Now(), file); err != nil {
			return fmt.Errorf("draw %s: %w", d.Name, err)
		}
		fmt.Println(file)
	}
	return nil
}
