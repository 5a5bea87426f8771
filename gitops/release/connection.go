package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient"
	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
)

// connectionHelp ends the help of every command that talks to Argo CD.
const connectionHelp = `

Name Argo CD's server with --argocd-server or ARGOCD_SERVER, and set ARGOCD_AUTH_TOKEN.
The default is the login of the argocd command.`

// argocdFlags adds the flags of the connection to Argo CD and returns a function that
// connects, so that a dry run and a wrong flag need no server. The token is taken from
// the environment alone: a flag would show it to everybody who can list processes.
func argocdFlags(command *cobra.Command) func(context.Context) (*argocd.Server, error) {
	options := apiclient.ClientOptions{UserAgent: "sequential-questioning-release"}
	flags := command.Flags()
	flags.StringVar(&options.ServerAddr, "argocd-server", "", "Argo CD's address, host:port (default $ARGOCD_SERVER)")
	flags.BoolVar(&options.PlainText, "argocd-plaintext", false, "connect without TLS (default $ARGOCD_PLAINTEXT)")
	flags.BoolVar(&options.Insecure, "argocd-insecure", false, "do not verify the server's certificate")
	return func(ctx context.Context) (*argocd.Server, error) {
		options.AuthToken = os.Getenv("ARGOCD_AUTH_TOKEN")
		for variable, flag := range map[string]string{"ARGOCD_SERVER": "argocd-server", "ARGOCD_PLAINTEXT": "argocd-plaintext"} {
			// A flag wins over the variable, also when it says false.
			if value := os.Getenv(variable); value != "" && !flags.Changed(flag) {
				if err := flags.Set(flag, value); err != nil {
					return nil, fmt.Errorf("%s: %w", variable, err)
				}
			}
		}
		return argocd.Connect(ctx, options)
	}
}

// reporter returns a function that prints steps with the time since this call, for a
// person who waits.
func reporter(w io.Writer) func(string) {
	began := time.Now()
	return func(line string) {
		fmt.Fprintf(w, "%5s  %s\n", time.Since(began).Round(time.Second), line)
	}
}

// anywhere lets a command run outside a checkout: in an incident there may be none at
// hand. It replaces the root command's check for a repository.
func anywhere(*cobra.Command, []string) error { return nil }
