// Command cluster starts and stops a one-node Kubernetes with Knative and Argo CD on this
// machine, for tests. It needs root. up prints how to use what it has started, and down
// removes every trace of it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sequential-questioning/sequential-questioning/tests/cluster"
	"github.com/spf13/cobra"
)

func main() {
	if err := newCommand().ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// newCommand returns the command tree. All commands share the settings that name
// the cluster.
// Flags that only matter while starting belong to up, so that down and status need only the
// name.
func newCommand() *cobra.Command {
	settings := &cluster.Settings{}
	root := &cobra.Command{
		Use:           "cluster",
		Short:         "A one-node Kubernetes with Knative and Argo CD, for tests",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return settings.Complete()
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&settings.Name, "name", "default", "name of the cluster")
	flags.StringVar(&settings.State, "state", "", "folder for the cluster's state (default /var/lib/sequential-questioning-cluster/<name>)")
	flags.StringVar(&settings.Binaries, "bin", "", "folder for binaries (default .bin/cluster of the checkout)")
	root.AddCommand(up(settings), build(settings), down(settings), status(settings), environment(settings), logs(settings), node())
	return root
}

// up is idempotent: on a running cluster it adds what is missing.
// Instructions go to standard output and progress to standard error, for scripts.
func up(settings *cluster.Settings) *cobra.Command {
	var withoutArgoCD bool
	command := &cobra.Command{
		Use:   "up",
		Short: "Start a cluster, or add parts to a running one",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings.ArgoCD = !withoutArgoCD
			ctx, cancel := interruptible(command.Context())
			defer cancel()
			began := time.Now()
			if err := cluster.Up(ctx, settings, &cluster.Progress{Writer: command.ErrOrStderr()}); err != nil {
				return err
			}
			fmt.Fprintf(command.ErrOrStderr(), "  %-34s%6.1f s\n", "cluster "+settings.Name+" is up", time.Since(began).Seconds())
			usage, err := cluster.Usage(settings)
			fmt.Fprint(command.OutOrStdout(), usage)
			return err
		},
	}
	flags := command.Flags()
	flags.BoolVar(&settings.Eventing, "eventing", false, "with Knative Eventing and its broker in memory")
	flags.BoolVar(&withoutArgoCD, "without-argocd", false, "without Argo CD")
	flags.BoolVar(&settings.GPG, "gpg", false, "make Argo CD verify commits' signatures with the keys in ARGOCD_GPG_KEYS")
	flags.StringVar(&settings.Subnet, "subnet", "", "network for nodes, pods and Services (default "+cluster.DefaultSubnet+")")
	flags.BoolVar(&settings.Keep, "keep", false, "keep a cluster that fails to start")
	flags.DurationVar(&settings.Timeout, "timeout", 10*time.Minute, "timeout of everything except building")
	return command
}

// build is for images and caches that should contain the binaries; up builds as
// well.
// It needs no root, unlike up.
func build(settings *cluster.Settings) *cobra.Command {
	var withoutArgoCD bool
	command := &cobra.Command{
		Use:   "build",
		Short: "Build a cluster's missing or outdated parts",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings.ArgoCD = !withoutArgoCD
			ctx, cancel := interruptible(command.Context())
			defer cancel()
			return cluster.Build(ctx, settings, &cluster.Progress{Writer: command.ErrOrStderr()})
		},
	}
	command.Flags().BoolVar(&settings.Eventing, "eventing", false, "Knative Eventing too")
	command.Flags().BoolVar(&withoutArgoCD, "without-argocd", false, "all except Argo CD")
	return command
}

// down also removes what a failed or killed up has left.
// It asks for no confirmation: a cluster has nothing that cannot be built again.
func down(settings *cluster.Settings) *cobra.Command {
	var binaries bool
	command := &cobra.Command{
		Use:   "down",
		Short: "Stop a cluster and remove its files",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return cluster.Down(settings, binaries)
		},
	}
	command.Flags().BoolVar(&binaries, "binaries", false, "remove built binaries too")
	return command
}

// status fails if a component is down.
func status(settings *cluster.Settings) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the state of a cluster's components and pods",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			status, err := cluster.Status(command.Context(), settings)
			fmt.Fprint(command.OutOrStdout(), status)
			return err
		},
	}
}

// environment is for: eval "$(cluster env)".
// It prints nothing else to standard output, not even a warning.
func environment(settings *cluster.Settings) *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Print a cluster's environment variables as shell commands",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			lines, err := cluster.Environment(settings)
			fmt.Fprint(command.OutOrStdout(), lines)
			return err
		},
	}
}

// logs works also if the API server is down.
func logs(settings *cluster.Settings) *cobra.Command {
	return &cobra.Command{
		Use:   "logs FOLDER",
		Short: "Copy a cluster's logs and API objects into a folder",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return cluster.Logs(command.Context(), settings, arguments[0])
		},
	}
}

// node is the hidden command that up starts in the node.
func node() *cobra.Command {
	return &cobra.Command{
		Use:    "node STATE BINARIES HOSTNAME",
		Hidden: true,
		// The arguments replace the settings.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		Args:              cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, arguments []string) error {
			return cluster.RunNode(arguments[0], arguments[1], arguments[2])
		},
	}
}

// interruptible returns a context that ends with Ctrl-C.
// up and build use it, so that an interrupted one can clean up.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}
