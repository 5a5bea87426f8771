package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/rollback"
)

// rollbackOptions are the flags, with the connection once it is open.
type rollbackOptions struct {
	application   string
	resume, force bool
	timeout       time.Duration
	ask           asking
	server        *argocd.Server
}

// rollbackCommand works without a checkout. Each of its steps can be repeated, because
// the state between them is on the Application (package rollback).
func rollbackCommand() *cobra.Command {
	var o rollbackOptions
	command := &cobra.Command{
		Use:   "rollback [ID|REVISION]",
		Short: "Roll an environment back to an earlier deployment",
		Long: `Without an argument, lists deployments. With one, suspends auto-sync, makes Argo CD
deploy it again, waits until it serves, and prints the commit to push to the branch. Once
the branch deploys the same, --resume restores auto-sync. It is safe to run again.

A rollback runs no hooks and does not migrate the database back: migrations only expand
the schema, so older functions work on the newer one.` + connectionHelp,
		Example: `  release rollback             # list deployments
  release rollback 12          # by id
  release rollback 9f3e21c2    # by commit
  release rollback --resume    # once the revert is on the branch`,
		Args:              cobra.MaximumNArgs(1),
		PersistentPreRunE: anywhere,
	}
	flags := command.Flags()
	flags.StringVar(&o.application, "app", "sequential-questioning-prod", "Application to roll back")
	flags.BoolVar(&o.resume, "resume", false, "restore auto-sync")
	flags.BoolVar(&o.force, "force", false, "with --resume, do not check what the branch deploys")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "how long to wait for the functions to serve")
	o.ask.flags(command)
	connect := argocdFlags(command)
	command.RunE = func(command *cobra.Command, args []string) (err error) {
		switch {
		case o.timeout <= 0:
			return fmt.Errorf("--timeout is %s: want a duration above zero", o.timeout)
		case o.resume && len(args) > 0:
			return fmt.Errorf("--resume takes no deployment: leave out %s", args[0])
		// A forgotten --resume must not turn a forced resume into a rollback.
		case o.force && !o.resume:
			return errors.New("--force requires --resume")
		}
		if o.server, err = connect(command.Context()); err != nil {
			return err
		}
		defer o.server.Close()
		app, err := o.server.Get(command.Context(), o.application, o.resume)
		switch {
		case err != nil:
			return err
		case o.resume:
			return resume(command, app, o)
		case len(args) == 0:
			return history(command, app, o)
		}
		return rollBack(command, app, args[0], o)
	}
	return command
}

// history lists deployments, the oldest first, and what a list of them does not show.
func history(command *cobra.Command, app *v1alpha1.Application, o rollbackOptions) error {
	ctx, out := command.Context(), command.OutOrStdout()
	if len(app.Status.History) == 0 {
		fmt.Fprintf(out, "%s was never deployed.\n", app.Name)
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tREVISION\tDEPLOYED\tSUBJECT")
	for _, entry := range app.Status.History {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", entry.ID, argocd.Short(entry.Revision),
			entry.DeployedAt.Local().Format(time.DateTime), o.server.Subject(ctx, app.Name, entry.Revision))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nThe last one is live.")
	if state := app.Status.OperationState; argocd.Running(app) {
		fmt.Fprintf(out, "A sync to %s is running.\n", argocd.Short(argocd.OperationRevision(app)))
	} else if state != nil && !state.Phase.Successful() {
		fmt.Fprintf(out, "A later sync to %s failed, so parts of it may be deployed: %s\n", argocd.Short(argocd.OperationRevision(app)), state.Message)
	}
	if record, err := rollback.Recorded(app); err == nil && record != nil {
		fmt.Fprintf(out, "It is a rollback; auto-sync is suspended until: release rollback --resume --app %s\n", app.Name)
	}
	fmt.Fprintf(out, "To go back: release rollback ID --app %s\n", app.Name)
	return nil
}

// rollBack says all that it is going to do before it asks. It leaves auto-sync suspended,
// and prints what makes the rollback last rather than run it: what the branch gets is a
// person's decision.
func rollBack(command *cobra.Command, app *v1alpha1.Application, argument string, o rollbackOptions) error {
	ctx, out := command.Context(), command.OutOrStdout()
	target, err := rollback.Choose(app, argument)
	if err != nil {
		return err
	}
	branch, head, to := app.Spec.GetSource().TargetRevision, app.Status.Sync.Revision, argocd.Short(target.Revision)
	fmt.Fprintf(out, "Roll %s back to deployment %d: %s %s\n", app.Name, target.ID, to, o.server.Subject(ctx, app.Name, target.Revision))
	fmt.Fprintf(out, "  branch %s is at %s %s\n", branch, argocd.Short(head), o.server.Subject(ctx, app.Name, head))
	fmt.Fprintln(out, "  auto-sync will be suspended, and a running sync ended")
	fmt.Fprintln(out, "  no hooks run, and the database is not migrated back")
	if done, err := o.ask.stop(command, "Go ahead?"); done {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if err := rollback.Run(wait, o.server, app, target, reporter(command.ErrOrStderr())); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s serves %s. Auto-sync is suspended.\n", app.Name, to)
	fmt.Fprintf(out, "No hooks ran. The database keeps the newest schema, with which %s works.\n", to)
	fmt.Fprintf(out, "\nTo make the rollback permanent, bring branch %s to the same state, then restore auto-sync:\n", branch)
	if head != target.Revision {
		fmt.Fprintf(out, "  %s\n", strings.Join(rollback.Lasting(branch, target.Revision), "\n  "))
	}
	fmt.Fprintf(out, "  release rollback --resume --app %s\n", app.Name)
	if branch != "main" && head != target.Revision {
		fmt.Fprintf(out, "\nThen merge it into main, so that main can be promoted again; with the fix, revert it:\n")
		fmt.Fprintf(out, "  %s\n", strings.Join(repository.Returning(branch, "main"), "\n  "))
	}
	return nil
}

// resume restores auto-sync as it was recorded before the rollback, unless the next sync
// would undo the rollback, and waits until the branch serves.
func resume(command *cobra.Command, app *v1alpha1.Application, o rollbackOptions) error {
	ctx, out := command.Context(), command.OutOrStdout()
	record, err := rollback.Resumable(app, o.force)
	if err != nil {
		return err
	}
	if record == nil {
		fmt.Fprintf(out, "Auto-sync of %s is already on.\n", app.Name)
		return nil
	}
	fmt.Fprintf(out, "Restore auto-sync of %s; the branch is at %s.\n", app.Name, argocd.Short(app.Status.Sync.Revision))
	if done, err := o.ask.stop(command, "Go ahead?"); done {
		return err
	}
	if err := rollback.Resume(ctx, o.server, app, record); err != nil {
		return err
	}
	// The limit begins after the confirmation, however long that took.
	wait, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	goal := argocd.Goal{Application: app.Name, Revision: app.Status.Sync.Revision}
	if err := o.server.Wait(wait, goal, reporter(command.ErrOrStderr())); err != nil {
		return fmt.Errorf("auto-sync is on, but %w\nto roll back again: release rollback %d --app %s", err, record.ID, app.Name)
	}
	fmt.Fprintf(out, "Auto-sync is on, and %s serves %s.\n", app.Name, argocd.Short(goal.Revision))
	return nil
}
