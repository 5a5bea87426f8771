// Command deploy deploys this checkout to a cluster as the end-to-end tests do, and serves
// what the cluster needs from this machine until it is interrupted: the repository,
// PostgreSQL and Qdrant. `make deploy` runs it, in the checkout's folder.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := deploy(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "deploy:", err)
		os.Exit(1)
	}
}

func deploy(ctx context.Context) (err error) {
	cluster, err := delivery.FromEnvironment()
	if err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	deployment, err := delivery.Deploy(ctx, cluster, root)
	if deployment != nil {
		defer func() {
			if closed := deployment.Close(); err == nil {
				err = closed
			}
		}()
	}
	if err != nil {
		return err
	}
	environment, err := deployment.WriteEnvironment()
	if err != nil {
		return err
	}
	fmt.Printf(`
  staging  %s
  prod     %s

In another terminal: . %s
docs/first_hour.md goes on from there. Ctrl-C ends the repository and the databases.
`, deployment.Route(delivery.Staging), deployment.Route(delivery.Prod), environment)
	<-ctx.Done()
	return nil
}
