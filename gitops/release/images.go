package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

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
	var pin string
	var dryRun, noPin bool
	command := &cobra.Command{
		Use:   "images",
		Short: "Build every function's image reproducibly and pin its digest",
		Long: `Builds OCI images of the functions and of the migrate command with ko, without a
container engine. The base image only has root certificates. Builds are reproducible:
the same sources and Go version give the same digests. SOURCE_DATE_EPOCH sets the
creation time of the images.

Pushes the images to --repository with the credentials of docker login, or writes them
to an OCI layout, and pins their digests in gitops/images. Images that are not pushed are
pinned in the registry of gitops/owner. On an error it pins nothing.`,
		Example: `  release images --repository ghcr.io/owner/project
  release images --only ask,migrate --platform linux/amd64 --layout folder --no-pin`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			// Progress goes to stderr and digests to stdout, for a script that wants
			// them.
			options.Root, options.Progress = *root, command.ErrOrStderr()
			if pin == "" {
				pin = filepath.Join(*root, "gitops", "images")
			}
			var err error
			if options.Created, err = sourceDate(); err != nil {
				return err
			}
			// Images in a layout have no registry of their own. They are pinned where
			// the owner says that they will be, to which the layout is then copied.
			registry := ""
			if options.Repository == "" && !noPin {
				mine, err := owner.Read(*root)
				if err != nil {
					return err
				}
				registry = mine.Registry()
			}
			// All names, not only those that are built: WritePins keeps the pins of the
			// others.
			names, err := images.Names(*root)
			if err != nil {
				return err
			}
			if dryRun {
				planned, err := images.Plan(options)
				if err != nil {
					return err
				}
				for _, line := range planned {
					fmt.Fprintln(command.OutOrStdout(), "would build", line)
				}
				return nil
			}
			// Building uncommitted sources is how a developer tries something; only
			// promotion refuses them.
			if changed(command.Context(), *root) {
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
			return images.WritePins(pin, registry, names, built)
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&options.Only, "only", nil, "`names` of the images to build (default all)")
	flags.StringVar(&options.Repository, "repository", "", "push to this `host/path`, such as ghcr.io/owner/project")
	flags.BoolVar(&options.Insecure, "insecure", false, "allow plain HTTP to the registry, and any certificate")
	flags.StringVar(&options.Layout, "layout", "", "`folder` of an OCI layout, used without --repository (default .bin/images)")
	flags.StringVar(&options.SBOM, "sbom", "", "`folder` for the SPDX bills of materials (default .bin/sbom)")
	flags.StringSliceVar(&options.Platforms, "platform", images.Platforms, "`platforms` to build for")
	flags.StringVar(&pin, "pin", "", "kustomize component's `folder` to pin the digests in (default gitops/images)")
	flags.BoolVar(&noPin, "no-pin", false, "do not change pinned digests")
	flags.BoolVar(&dryRun, "dry-run", false, "only print what would be built")
	command.MarkFlagsMutuallyExclusive("repository", "layout")
	command.MarkFlagsMutuallyExclusive("pin", "no-pin")
	return command
}

// sourceDate reads SOURCE_DATE_EPOCH, the standard variable for the time of
// reproducible builds. Unset means the zero time, which the builder turns into a fixed
// one. See https://reproducible-builds.org/docs/source-date-epoch/.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q: want seconds since 1970", text)
	}
	return time.Unix(seconds, 0), nil
}

// changed reports whether the images' sources have uncommitted changes. It only warns:
// digests of uncommitted sources cannot be built again by anybody else. Without git it
// reports no change.
func changed(ctx context.Context, root string) bool {
	status := exec.CommandContext(ctx, "git", "-C", root, "status", "--porcelain", "--", "functions", "migrations", "shared", "go.work", "go.work.sum")
	output, err := status.Output()
	return err == nil && len(output) > 0
}
