package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
)

// connectionHelp ends the help of every command that talks to Argo CD.
const connectionHelp = `

Name Argo CD's server with --argocd-server or ARGOCD_SERVER, and set ARGOCD_AUTH_TOKEN.
The default is the login of the argocd command.`

// argocdFlags adds the flags of the connection to Argo CD and returns a function that
// connects. The connection is made when a command first needs it, so that a dry run and
// a wrong flag need no server. The token is taken from the environment alone: a flag
// would show it to everybody who can list processes.
// Without any of them the argocd command's own login is used, as package argocd does.
func argocdFlags(command *cobra.Command) func(context.Context) (*argocd.Server, error) {
	var server string
	var plaintext, insecure bool
	flags := command.Flags()
	flags.StringVar(&server, "argocd-server", "", "Argo CD's address, host:port (default $ARGOCD_SERVER)")
	flags.BoolVar(&plaintext, "argocd-plaintext", false, "connect without TLS (default $ARGOCD_PLAINTEXT)")
	flags.BoolVar(&insecure, "argocd-insecure", false, "do not verify the server's certificate")
	return func(ctx context.Context) (*argocd.Server, error) {
		options := argocd.Options{
			Server: server, Plaintext: plaintext, Insecure: insecure,
			Token: os.Getenv("ARGOCD_AUTH_TOKEN"),
		}
		if server == "" {
			options.Server = os.Getenv("ARGOCD_SERVER")
		}
		// A flag wins over the variable, also when it says false.
		if set := os.Getenv("ARGOCD_PLAINTEXT"); set != "" && !flags.Changed("argocd-plaintext") {
			var err error
			if options.Plaintext, err = strconv.ParseBool(set); err != nil {
				return nil, fmt.Errorf("ARGOCD_PLAINTEXT is %q: set it to true or false", set)
			}
		}
		return argocd.Connect(ctx, options)
	}
}

// reporter returns a function that prints steps with the elapsed time. The time counts
// from this call. It is for a person who waits; nothing parses it.
func reporter(w io.Writer) func(string) {
	began := time.Now()
	return func(line string) {
		fmt.Fprintf(w, "%5s  %s\n", time.Since(began).Round(time.Second), line)
	}
}

// subjects returns a function that looks up a commit's subject in the repository, which
// may be nil, and otherwise through Argo CD. A subject is decoration: where neither
// knows it, it is empty and the command continues.
func subjects(repo *repository.Repository, server *argocd.Server) func(ctx context.Context, application, revision string) string {
	return func(ctx context.Context, application, revision string) string {
		if repo != nil {
			if commit, err := repo.Commit(ctx, revision); err == nil {
				return commit.Subject
			}
		}
		subject, err := server.Subject(ctx, application, revision)
		if err != nil {
			return ""
		}
		return subject
	}
}

// anywhere lets a command run outside a checkout, with less detail. It replaces the
// root command's check for a repository.
func anywhere(*cobra.Command, []string) error { return nil }

// nearby returns the repository that contains a folder, or nil. Without it subjects
// come from Argo CD, and printed commands are less specific.
func nearby(ctx context.Context, folder string) *repository.Repository {
	if folder == "" {
		folder = "."
	}
	repo, err := repository.Open(ctx, folder)
	if err != nil {
		return nil
	}
	return repo
}
