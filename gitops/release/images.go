package main

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"os/exec"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/images"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
)

// imagesCommand builds and pins in one step. Pins are written last and all at once: a
// build that fails half way leaves gitops/images as it was, and images that nothing
// refers to do no harm.
// --only leaves the pins of other images as they are.
func imagesCommand(root *string) *cobra.Command {
	var options images.Options
	var dryRun, noPin bool
	command := &cobra.Command{
		Use:   "images",
		Short: "Build every function's image reproducibly and pin its digest",
		Long: `Builds OCI images of the functions and of the migrate command with ko, without a
container engine, and writes their bills of materials (SPDX) to .bin/sbom. The base image
only has root certificates. Builds are reproducible: the same sources and Go version give
the same digests. SOURCE_DATE_EPOCH sets the creation time of the images.

Pushes the images to --repository with the credentials of docker login, or writes them
to an OCI layout, and pins their digests in gitops/images. Images that are not pushed are
pinned in the registry of gitops/owner. On an error it pins nothing.`,
		Example: `  release images --repository ghcr.io/owner/project
  release images --only ask,migrate --platform linux/amd64 --layout folder --no-pin`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			// Progress goes to stderr and digests to stdout, for a script that wants them. ko logs
			// more than anybody reads.
			log.SetOutput(io.Discard)
			options.Root, options.Progress = *root, command.ErrOrStderr()
			options.Layout = cmp.Or(options.Layout, filepath.Join(*root, ".bin", "images"))
			// Images in a layout are pinned where the owner says that they will be, to which
			// the layout is then copied.
			registry := options.Push
			if registry == "" && !noPin {
				mine, err := owner.Read(*root)
				if err != nil {
					return err
				}
				registry = mine.Registry()
			}
			if dryRun {
				names, err := images.Names(*root, options.Only...)
				for _, name := range names {
					fmt.Fprintln(command.OutOrStdout(), "would build", name)
				}
				return err
			}
			// It only warns: building uncommitted sources is how a developer tries something,
			// but nobody else can build their digests again. Promotion refuses them.
			status := exec.CommandContext(command.Context(), "git", "-C", *root, "status", "--porcelain", "--", "functions", "migrations", "shared", "go.work", "go.work.sum")
			if changed, err := status.Output(); err == nil && len(changed) > 0 {
				fmt.Fprintln(command.ErrOrStderr(), "The sources have uncommitted changes.")
			}
			built, err := images.Build(command.Context(), options)
			if err != nil {
				return fmt.Errorf("nothing was pinned: %w", err)
			}
			table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, image := range built {
				fmt.Fprintf(table, "%s\t%s\n", image.Name, image.Digest)
			}
			// A digest that could not be printed is not pinned either, since nobody has
			// seen it.
			if err := table.Flush(); err != nil || noPin {
				return err
			}
			return images.WritePins(*root, registry, built)
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&options.Only, "only", nil, "`names` of the images to build (default all)")
	flags.StringVar(&options.Push, "repository", "", "push to this `host/path`, such as ghcr.io/owner/project")
	flags.BoolVar(&options.Insecure, "insecure", false, "allow plain HTTP to the registry")
	flags.StringVar(&options.Layout, "layout", "", "`folder` of an OCI layout, used without --repository, and replaced (default .bin/images)")
	flags.StringSliceVar(&options.Platforms, "platform", images.Platforms, "`platforms` to build for")
	flags.BoolVar(&noPin, "no-pin", false, "do not change pinned digests")
	flags.BoolVar(&dryRun, "dry-run", false, "only print what would be built")
	command.MarkFlagsMutuallyExclusive("repository", "layout")
	return command
}
