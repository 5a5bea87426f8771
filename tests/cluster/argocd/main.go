// Command argocd is Argo CD in one binary. The name of the link by which it is called
// selects the component; any other name runs the command line client.
package main

import (
	"os"
	"path/filepath"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	askpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	server "github.com/argoproj/argo-cd/v3/cmd/argocd-server/commands"
	client "github.com/argoproj/argo-cd/v3/cmd/argocd/commands"
	"github.com/spf13/cobra"
)

// parts are the components that the cluster starts. Each reads os.Args as its own program
// would, since cobra does.
var parts = map[string]func() *cobra.Command{
	"argocd-application-controller": controller.NewCommand,
	"argocd-git-ask-pass":           askpass.NewCommand,
	"argocd-repo-server":            reposerver.NewCommand,
	"argocd-server":                 server.NewCommand,
}

func main() {
	part, ok := parts[filepath.Base(os.Args[0])]
	if !ok {
		part = client.NewCommand
	}
	if part().Execute() != nil {
		os.Exit(1)
	}
}
