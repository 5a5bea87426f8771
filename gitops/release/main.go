// Command release delivers the functions: it checks the owner's values, renders
// manifests, builds images, promotes, rolls back and shows status.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

// An interrupt cancels the command, which can then say what was changed and what not.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	klog.SetLogger(klog.Logger{}) // Kubernetes' code would log each step; errors come as values
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// command returns the whole command line. Errors are printed once, by main, and without
// the usage, which would push them off the screen.
// Each subcommand has a file of its name.
func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "release",
		Short:         "Deliver the functions: render, build, promote, roll back",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	var folder string
	root.PersistentFlags().StringVar(&folder, "root", "", "the repository's root (default: the nearest parent folder with go.work)")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		found, err := findRoot(folder)
		folder = found
		return err
	}
	root.AddCommand(checkCommand(&folder), renderCommand(&folder), imagesCommand(&folder), programCommand(&folder))
	root.AddCommand(promoteCommand(&folder), rollbackCommand(), statusCommand())
	return root
}

// findRoot returns the nearest folder with go.work, from a folder upwards. A folder
// that was given has to be the root itself: the manifests of a checkout around it are
// not those that were meant.
func findRoot(from string) (string, error) {
	given := from != ""
	folder, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.work")); err == nil {
			return at, nil
		}
		if given || at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not in this repository (no go.work found): set --root", folder)
		}
	}
}
