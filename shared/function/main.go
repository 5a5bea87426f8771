package function

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"
	fn "knative.dev/func-go/http"
)

// Main runs a function as a program until SIGTERM or SIGINT. It listens on
// LISTEN_ADDRESS, by default on port 8080 of every interface, and serves metrics on
// METRICS_ADDRESS, to which no route leads.
func Main(f fn.Handler) {
	if len(os.Args) > 1 {
		usage(os.Args[1])
	}
	limitMemory()
	fn.SetLogLevel(fn.LogWarn)
	if os.Getenv("LISTEN_ADDRESS") == "" {
		// The runtime would take Knative's PORT for loopback only.
		port := "8080"
		if p := os.Getenv("PORT"); p != "" {
			port = p
		}
		os.Setenv("LISTEN_ADDRESS", "[::]:"+port)
	}
	if err := serveMetrics(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := fn.New(f).Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// memoryShare of the container's limit is Go's: what is left is for the stacks
// of threads and the kernel's part, which Go does not count.
const memoryShare = 0.85

// limitMemory has Go collect garbage before the container's memory limit is
// reached rather than be killed for it. The limit is read from the control
// group, so that every function follows the limit it was deployed with, an
// overlay's too. GOMEMLIMIT goes before it.
func limitMemory() {
	if _, err := memlimit.SetGoMemLimitWithOpts(memlimit.WithRatio(memoryShare)); err != nil && !errors.Is(err, memlimit.ErrCgroupsNotSupported) {
		slog.Warn("the memory limit is not known; set GOMEMLIMIT", "error", err)
	}
}

func usage(argument string) {
	text := `A Knative function of Sequential Questioning. It takes no arguments:
settings come from the environment, see docs/configuration.md.
It listens on LISTEN_ADDRESS (default [::]:8080), and serves metrics on
METRICS_ADDRESS (default none).`
	if strings.TrimLeft(argument, "-") == "help" || argument == "-h" {
		fmt.Println(text)
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, text)
	os.Exit(2)
}
