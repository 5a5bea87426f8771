// Command release takes the functions from their sources to where they run:
// it renders manifests, builds images, promotes, rolls back and shows status.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "release",
		Short:         "Take the functions from their sources to where they run",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	var folder string
	root.PersistentFlags().StringVar(&folder, "root", "", "the repository's root (default: found upwards from here)")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		found, err := findRoot(folder)
		folder = found
		return err
	}
	root.AddCommand(renderCommand(&folder), imagesCommand(&folder))
	root.AddCommand(promoteCommand(&folder), rollbackCommand(&folder), statusCommand(&folder))
	return root
}

// findRoot returns the folder of go.work, at or above a folder.
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
			return "", fmt.Errorf("%s is not the root of this repository, which holds go.work; name it with --root", folder)
		}
	}
}
