package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/rollback"
)

// rollbackOptions are the flags. remote and the repository only shape the commands that
// are printed.
type rollbackOptions struct {
	application   string
	remote        string
	resume, force bool
	timeout       time.Duration
	dry, yes      bool
	connect       func(context.Context) (*argocd.Server, error)
}

// rollbackCommand works without a checkout: in an incident there may be none at hand.
// Each of its steps can be repeated, because the state between them is on the
// Application (package rollback).
func rollbackCommand(root *string) *cobra.Command {
	var o rollbackOptions
	command := &cobra.Command{
		Use:   "rollback [ID|REVISION]",
		Short: "Roll an environment back to an earlier deployment",
		Long: `Without an argument, lists deployments. With one, suspends auto-sync, makes Argo CD
deploy it again, waits until it serves, and prints the revert to push to the branch. Once
the branch deploys the same, --resume restores auto-sync. It is safe to run again.

A rollback runs no hooks and does not migrate the database back: migrations only expand
the schema, so older functions work on the newer one.` + connectionHelp,
		Example: `  release rollback             # list deployments
  release rollback 12          # by id
  release rollback 9f3e21c2    # by commit
  release rollback --resume    # once the revert is on the branch`,
		Args:              cobra.MaximumNArgs(1),
		PersistentPreRunE: anywhere,
		RunE: func(command *cobra.Command, args []string) error {
			if o.timeout <= 0 {
				return fmt.Errorf("--timeout is %s: want a duration above zero", o.timeout)
			}
			if o.resume && len(args) > 0 {
				return fmt.Errorf("--resume takes no deployment: leave out %s", args[0])
			}
			// A forgotten --resume must not turn a forced resume into a rollback.
			if o.force && !o.resume {
				return fmt.Errorf("--force requires --resume")
			}
			server, err := o.connect(command.Context())
			if err != nil {
				return err
			}
			defer server.Close()
			repo := nearby(command.Context(), *root)
			switch {
			case o.resume:
				return resume(command, server, o)
			case len(args) == 0:
				return history(command, server, repo, o)
			default:
				return rollBack(command, server, repo, args[0], o)
			}
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.application, "app", "sequential-questioning-prod", "Application to roll back")
	flags.StringVar(&o.remote, "remote", "origin", "remote of the branch, for the printed commands")
	flags.BoolVar(&o.resume, "resume", false, "restore auto-sync")
	flags.BoolVar(&o.force, "force", false, "with --resume, do not check what the branch deploys")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "how long to wait for the functions to serve")
	flags.BoolVar(&o.dry, "dry-run", false, "only print what would be done")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask for confirmation")
	o.connect = argocdFlags(command)
	return command
}

// history lists deployments, the latest first. What one of them changed is told by its
// images, compared with the deployment before it.
// Reading them needs Argo CD's repository server, which renders each revision's manifests.
func history(command *cobra.Command, server *argocd.Server, repo *repository.Repository, o rollbackOptions) error {
	ctx, out := command.Context(), command.OutOrStdout()
	app, err := server.Get(ctx, o.application)
	if err != nil {
		return err
	}
	if len(app.Status.History) == 0 {
		fmt.Fprintf(out, "%s was never deployed.\n", o.application)
		return nil
	}
	fmt.Fprintf(command.ErrOrStderr(), "Reading %d deployments of %s\n", len(app.Status.History), o.application)
	subject := subjects(repo, server)
	// The list is read before anything is printed: a table that stops half way looks
	// complete.
	deployments := rollback.History(ctx, server, app)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tID\tREVISION\tDEPLOYED\tIMAGES\tSUBJECT")
	for i, deployment := range deployments {
		var before *rollback.Deployment
		if i+1 < len(deployments) {
			before = &deployments[i+1]
		}
		mark := ""
		if deployment.Live {
			mark = "live"
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\n", mark, deployment.ID, repository.Short(deployment.Revision),
			deployment.DeployedAt.Local().Format(time.DateTime), deployment.Changed(before), subject(ctx, o.application, deployment.Revision))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, warning := range rollback.Warnings(app) {
		fmt.Fprintln(out, "\n"+warning)
	}
	fmt.Fprintf(out, "\nTo go back: release rollback ID --app %s\n", o.application)
	return nil
}

// rollBack says all that it is going to do before it asks. It leaves auto-sync
// suspended: with auto-sync on, Argo CD would deploy the branch again at once.
// On an error it says how far it came; running it again continues from there.
func rollBack(command *cobra.Command, server *argocd.Server, repo *repository.Repository, argument string, o rollbackOptions) error {
	ctx, out := command.Context(), command.OutOrStdout()
	r, err := rollback.Prepare(ctx, server, o.application, argument)
	if err != nil {
		return err
	}
	subject := subjects(repo, server)
	fmt.Fprintf(out, "Roll %s back to deployment %d: %s %s\n", o.application, r.Target.ID, repository.Short(r.Target.Revision), subject(ctx, o.application, r.Target.Revision))
	fmt.Fprintf(out, "  branch %s is at %s %s\n", r.Branch, repository.Short(r.Head), subject(ctx, o.application, r.Head))
	// What a person has to know before answering, in the order in which it happens.
	fmt.Fprintf(out, "  auto-sync is %s and will be suspended\n", r.Suspends())
	if r.Ends != "" {
		fmt.Fprintf(out, "  a sync to %s is running and will be ended\n", repository.Short(r.Ends))
	}
	fmt.Fprintln(out, "  no hooks run, and the database is not migrated back")
	if o.dry {
		fmt.Fprintln(out, "Dry run: nothing was changed.")
		return nil
	}
	if !o.yes {
		if err := confirm(ctx, command, "Go ahead?"); err != nil {
			return err
		}
	}
	wait, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if err := r.Run(wait, reporter(command.ErrOrStderr())); err != nil {
		return err
	}
	printLasting(ctx, out, repo, r, o)
	return nil
}

// printLasting prints what makes the rollback last. A rollback only changes what the
// cluster runs; the branch still says otherwise until the revert is pushed.
// It prints commands rather than run them: what the branch gets is a person's decision.
func printLasting(ctx context.Context, out io.Writer, repo *repository.Repository, r *rollback.Rollback, o rollbackOptions) {
	fmt.Fprintf(out, "\n%s serves %s. Auto-sync is suspended.\n", o.application, repository.Short(r.Target.Revision))
	fmt.Fprintf(out, "No hooks ran. The database keeps the newest schema, with which %s works.\n", repository.Short(r.Target.Revision))
	fmt.Fprintf(out, "\nTo make the rollback permanent, revert branch %s to the same state, then restore auto-sync:\n", r.Branch)
	if r.Head == r.Target.Revision {
		fmt.Fprintf(out, "  # %s is already at %s\n", r.Branch, repository.Short(r.Head))
	} else {
		for _, line := range rollback.Lasting(ctx, repo, o.remote, r.Branch, r.Target.Revision, r.Head) {
			fmt.Fprintln(out, "  "+line)
		}
	}
	fmt.Fprintf(out, "  release rollback --resume --app %s\n", o.application)
	// There is nothing to merge back.
	if r.Branch == "main" || r.Head == r.Target.Revision {
		return
	}
	fmt.Fprintf(out, "\nThen merge the revert into main, so that main can be promoted again; with the fix, revert the revert:\n")
	for _, line := range repository.Returning(o.remote, r.Branch, "main") {
		fmt.Fprintln(out, "  "+line)
	}
}

// resume restores auto-sync as it was recorded before the rollback. It first checks
// that the branch deploys what runs, since the next sync would otherwise undo the
// rollback; --force leaves that out.
func resume(command *cobra.Command, server *argocd.Server, o rollbackOptions) error {
	ctx, out := command.Context(), command.OutOrStdout()
	r, err := rollback.PrepareResume(ctx, server, o.application, o.force)
	if err != nil {
		return err
	}
	// Run still removes what an interrupted resume left behind.
	if r.On {
		fmt.Fprintf(out, "Auto-sync of %s is already on.\n", o.application)
		if o.dry {
			return nil
		}
		return r.Run(ctx)
	}
	fmt.Fprintf(out, "Restore auto-sync of %s (%s); the branch is at %s.\n", o.application, rollback.Described(r.Record.Automated), repository.Short(r.Head))
	if o.dry {
		fmt.Fprintln(out, "Dry run: nothing was changed.")
		return nil
	}
	if !o.yes {
		if err := confirm(ctx, command, "Go ahead?"); err != nil {
			return err
		}
	}
	if err := r.Run(ctx); err != nil {
		return err
	}
	// The limit begins after the confirmation, however long that took.
	wait, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	// Auto-sync is on by now. Whatever fails from here is a deployment's failure, not
	// the command's.
	if err := r.Follow(wait, reporter(command.ErrOrStderr())); err != nil {
		return fmt.Errorf("auto-sync is on, but %w\nto inspect: release status; to roll back again: release rollback %d --app %s", err, r.Record.ID, o.application)
	}
	fmt.Fprintf(out, "Auto-sync is on, and %s serves %s.\n", o.application, repository.Short(r.Head))
	return nil
}
