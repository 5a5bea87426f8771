// Command install-postgres installs the system's PostgreSQL package where there
// is no PostgreSQL and that needs no password, and says what to install else.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
)

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
