// Command sequential-questioning runs Sequential Questioning on this machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/sequential-questioning/sequential-questioning/functions/local"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

func main() {
	options := local.Options{DatabaseURL: os.Getenv("DATABASE_URL"), Out: os.Stderr}
	flag.IntVar(&options.Port, "port", 8420, "`port` on 127.0.0.1 for MCP clients; 0 takes a free one")
	flag.StringVar(&options.Data, "data", defaultFolder(), "`folder` of the database, unless DATABASE_URL is set, and of keys")
	stdio := flag.Bool("stdio", false, "serve the one client at standard input and output, and no port")
	show := flag.Bool("version", false, "print the version")
	flag.Usage = usage
	flag.Parse()
	if *show {
		fmt.Println(version.Version)
		return
	}
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unknown argument %q\n\n", flag.Arg(0))
		usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, stop, options, *stdio); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stop func(), options local.Options, stdio bool) error {
	if stdio {
		signal.Ignore(syscall.SIGPIPE) // a client that has gone is an error of a write, and the database is closed
		out := os.Stdout
		os.Stdout = os.Stderr // what is no message would end the conversation
		return local.RunStdio(ctx, options, os.Stdin, out)
	}
	began := time.Now()
	return local.Run(ctx, options, func(url string) {
		context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
		fmt.Printf("Sequential Questioning is ready at %s (%.1f s)\n\n%s\nCtrl-C stops it.\n",
			url, time.Since(began).Seconds(), local.Clients(url))
	})
}

// defaultFolder is where programs of this system keep a user's data: hosts start a
// server in whatever folder they are in themselves.
func defaultFolder() string {
	const name = "sequential-questioning"
	home, err := os.UserHomeDir()
	if err != nil {
		return ".data"
	}
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, name)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", name)
	}
	return filepath.Join(home, ".local", "share", name)
}

func usage() {
	fmt.Fprint(os.Stderr, `Runs Sequential Questioning on this machine: the gateway and every tool in one
process, on a PostgreSQL server of its own.

Usage: sequential-questioning [--port 8420 | --stdio] [--data folder]
       sequential-questioning --version

`)
	flag.PrintDefaults()
	fmt.Fprint(os.Stderr, `
Environment:
  DATABASE_URL   an existing PostgreSQL 15 or newer to use instead
  POSTGRES_BIN   the folder with PostgreSQL's programs, where they are not found
  LOG_LEVEL      debug, info, warn or error
All settings: docs/configuration.md
`)
}
