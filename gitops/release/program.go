package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/images"
)

// programCommand builds what releases publish beside goreleaser's archives. It prints only the
// digest to standard output, for scripts.
func programCommand(root *string) *cobra.Command {
	var options images.ProgramOptions
	command := &cobra.Command{
		Use:   "program",
		Short: "Build the image of the program for laptops, with PostgreSQL",
		Long: `Builds an OCI image of goreleaser's programs for Linux and of the PostgreSQL that they
run, from Debian's packages, without a container engine and without root. Needs apt, dpkg,
GNU tar and Debian's keys (debian-archive-keyring). The same packages and programs give the
same digest. SOURCE_DATE_EPOCH sets the creation time.

Pushes the image to --push with the credentials of docker login, or writes it to an OCI
layout, and prints its digest.`,
		Example: "  release program --push ghcr.io/owner/sequential-questioning:1.4.0",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options.Root = *root
			options.Dist = cmp.Or(options.Dist, filepath.Join(*root, ".bin", "dist"))
			options.Layout = cmp.Or(options.Layout, filepath.Join(*root, ".bin", "program-image"))
			digest, err := images.BuildProgram(command.Context(), options)
			if err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), digest)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Dist, "dist", "", "`folder` that goreleaser wrote (default .bin/dist)")
	flags.StringVar(&options.Mirror, "mirror", "", "`URL` of a Debian archive, as http://HOST/debian (default that of this machine's apt)")
	flags.StringVar(&options.Push, "push", "", "push to this `host/path:tag`")
	flags.BoolVar(&options.Insecure, "insecure", false, "allow plain HTTP to the registry")
	flags.StringVar(&options.Layout, "layout", "", "`folder` of an OCI layout, used without --push, and replaced (default .bin/program-image)")
	command.MarkFlagsMutuallyExclusive("push", "layout")
	return command
}
