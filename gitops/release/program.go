package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/program"
)

// programCommand builds what releases publish beside goreleaser's archives. It prints only the
// digest to standard output, for scripts.
func programCommand(root *string) *cobra.Command {
	var options program.Options
	command := &cobra.Command{
		Use:   "program",
		Short: "Build the image of the program for laptops, with PostgreSQL",
		Long: `Builds an OCI image of goreleaser's programs for Linux and of the PostgreSQL that they
run, from Debian's packages, without a container engine. Needs apt, dpkg and Debian's keys
(debian-archive-keyring). The same packages and programs give the same digest.
SOURCE_DATE_EPOCH sets the creation time.

Pushes the image to --push with the credentials of docker login, or writes it to an OCI
layout, and prints its digest.`,
		Example: "  release program --push ghcr.io/owner/sequential-questioning:1.4.0",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options.Progress = command.ErrOrStderr()
			version, err := os.ReadFile(filepath.Join(*root, "shared", "version", "VERSION"))
			if err != nil {
				return fmt.Errorf("read the version: %w", err)
			}
			options.Version = strings.TrimSpace(string(version))
			if options.Created, err = sourceDate(); err != nil {
				return err
			}
			for folder, otherwise := range map[*string]string{&options.Dist: "dist", &options.Layout: "program-image"} {
				if *folder == "" {
					*folder = filepath.Join(*root, ".bin", otherwise)
				}
			}
			digest, err := program.Build(command.Context(), options)
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
	flags.StringVar(&options.Reference, "push", "", "push to this `host/path:tag`")
	flags.BoolVar(&options.Insecure, "insecure", false, "allow plain HTTP to the registry, and any certificate")
	flags.StringVar(&options.Layout, "layout", "", "`folder` of an OCI layout, used without --push (default .bin/program-image)")
	command.MarkFlagsMutuallyExclusive("push", "layout")
	return command
}
