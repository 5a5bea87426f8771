// Command gateway serves the gateway function.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/sequential-questioning/sequential-questioning/functions/gateway"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func main() {
	// Settings are read when the function starts, so that a wrong one is reported by
	// its readiness as well as in the log.
	route := gateway.New()
	// The runtime stops a function only after the calls in flight have ended.
	stopping, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(stopping, route.Drain)
	function.Main(route)
}
