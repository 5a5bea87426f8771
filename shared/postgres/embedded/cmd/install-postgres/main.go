// Command install-postgres installs the system's PostgreSQL package where there
// is no PostgreSQL and that needs no password, and otherwise prints what to install.
// make test runs it first, so that tests fail early and with a remedy.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
)

// What it does and what it needs is embedded.Install's to say.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if _, err := embedded.Find(); err == nil {
		return
	}
	if err := embedded.Install(ctx, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
