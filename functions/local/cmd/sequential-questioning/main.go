// Command sequential-questioning runs Sequential Questioning on this machine. It reads
// arguments, and package local does the rest.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/sequential-questioning/sequential-questioning/functions/local"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

// defaultPort is what the ready configurations for clients name. So a client that is
// configured once finds the server after each start.
const defaultPort = 8420

// The first word is a command unless it is a flag, so that the ordinary start needs
// none. Exit codes: 0, 1 for a failure, 2 for wrong usage.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	name, args := "", os.Args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	var run func(context.Context, []string) error
	switch name {
	case "":
		run = func(ctx context.Context, args []string) error { return serve(ctx, stop, args) }
	case "doctor":
		run = diagnose
	// Not in the usage: only this program calls it.
	case "database":
		run = keepDatabase
	default:
		fmt.Fprintf(os.Stderr, "unknown command %q\n\n", name)
		usage(flag.CommandLine)
		os.Exit(2)
	}
	if err := run(ctx, args); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// parse reads a command's flags, which are its only arguments. A word that was meant as
// a flag would otherwise be passed over without a sign.
func parse(flags *flag.FlagSet, args []string) {
	flags.Usage = func() { usage(flags) }
	_ = flags.Parse(args) // exits with an error
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unknown argument %q\n\n", flags.Arg(0))
		usage(flags)
		os.Exit(2)
	}
}

// serve is the program without a command. stop gives the signals back, so that a second
// one ends the process whatever hangs.
func serve(ctx context.Context, stop func(), args []string) error {
	options := local.Options{DatabaseURL: os.Getenv("DATABASE_URL"), Out: os.Stderr}
	flags := flag.CommandLine
	flags.IntVar(&options.Port, "port", defaultPort, "`port` for MCP clients; 0 takes a free one")
	flags.StringVar(&options.Host, "host", "127.0.0.1", "`address` to listen on; whoever reaches it is the user, so choose another one in a container only")
	flags.StringVar(&options.Data, "data", defaultFolder(), "`folder` of the database, unless DATABASE_URL is set, and of keys")
	stdio := flags.Bool("stdio", false, "serve the one client at standard input and output, and no port")
	show := flags.Bool("version", false, "print the version")
	parse(flags, args)
	if *show {
		fmt.Println(version.Version)
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	// The database outlives this process where others use it; so it is run by a process
	// of its own, from the same file.
	options.Keeper = []string{self, "database", "--data", options.Data}
	if *stdio {
		signal.Ignore(syscall.SIGPIPE) // a client that has gone is an error of a write, and the database is left
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

// diagnose says what is wrong with this installation. Its exit code serves scripts;
// what is wrong is on standard output.
func diagnose(ctx context.Context, args []string) error {
	options := local.Options{DatabaseURL: os.Getenv("DATABASE_URL"), Out: os.Stdout}
	flags := flag.NewFlagSet("doctor", flag.ExitOnError)
	flags.IntVar(&options.Port, "port", defaultPort, "`port` on 127.0.0.1 for MCP clients")
	flags.StringVar(&options.Data, "data", defaultFolder(), "data `folder`")
	parse(flags, args)
	switch problems := local.Diagnose(ctx, options); problems {
	case 0:
		return nil
	case 1:
		return errors.New("there is one problem")
	default:
		return fmt.Errorf("there are %d problems", problems)
	}
}

// keepDatabase runs the database for all processes of a data folder; they start it. It
// ends by itself when nobody needs it, and is not for people.
func keepDatabase(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("database", flag.ExitOnError)
	data := flags.String("data", defaultFolder(), "`folder` of the database")
	port := flags.Int("port", 0, "`port` on 127.0.0.1; 0 takes a free one")
	parse(flags, args)
	return local.Keep(ctx, *data, *port, os.Stderr)
}

// defaultFolder is where programs of this system keep a user's data: hosts start a
// server in whatever folder they are in themselves. On Linux it is that of the XDG base
// directory specification.
func defaultFolder() string {
	const name = "sequential-questioning"
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, name)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ".data"
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", name)
	}
	return filepath.Join(home, ".local", "share", name)
}

// usage names the settings that a person at a terminal needs. The many others are in
// the documentation.
func usage(flags *flag.FlagSet) {
	fmt.Fprint(os.Stderr, `Runs Sequential Questioning on this machine: the gateway and every tool in one
process, on a PostgreSQL server of its own.

Usage: sequential-questioning [--host 127.0.0.1] [--port 8420] [--data folder]
       sequential-questioning --stdio [--data folder]
       sequential-questioning doctor [--port 8420] [--data folder]
       sequential-questioning --version

doctor says what is wrong with this installation, and how to mend it.

`)
	flags.PrintDefaults()
	fmt.Fprint(os.Stderr, `
Environment:
  DATABASE_URL   an existing PostgreSQL 15 or newer to use instead
  POSTGRES_BIN   the folder with PostgreSQL's programs, where they are not found
  LOG_LEVEL      debug, info, warn or error
All settings: docs/configuration.md
`)
}
