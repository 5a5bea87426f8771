package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/promotion"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/status"
)

// promoteOptions are the flags.
type promoteOptions struct {
	from, to        string
	follow, propose bool
	timeout         time.Duration
	ask             asking
	connect         func(context.Context) (*argocd.Server, error)
}

// promoteCommand only reads flags; promote does the work.
func promoteCommand(root *string) *cobra.Command {
	var o promoteOptions
	command := &cobra.Command{
		Use:   "promote",
		Short: "Promote main to production",
		Long: `Shows what fast-forwarding one branch to another would change: commits, images,
manifests, migrations and policies. Refuses a promotion that breaks a rule: an image
without a digest, a migration that does more than expand or that changes a released one,
manifests that differ from func.yaml, a violated policy, more connections than PostgreSQL
allows, functions without a setting for who may call them, or a diverged branch. Then
pushes the fast-forward, or a branch for a pull request. It only promotes commits on the
remote origin and does not change local branches.` + connectionHelp,
		Example: `  release promote --dry-run          # only show
  release promote --follow           # promote, and wait until it serves
  release promote --pull-request     # for review by someone else`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return promote(command, *root, o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.from, "from", "main", "branch to promote")
	flags.StringVar(&o.to, "to", "prod", "branch to move forward, which deploys the overlay of its name")
	flags.BoolVar(&o.propose, "pull-request", false, "push a branch for a pull request instead")
	flags.BoolVar(&o.follow, "follow", false, "wait until Argo CD has deployed it and the new revisions serve")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "timeout of --follow")
	o.ask.flags(command)
	command.MarkFlagsMutuallyExclusive("follow", "pull-request")
	o.connect = argocdFlags(command)
	return command
}

// promote goes from what changes nothing to what cannot be taken back: compare, check the
// rules, ask, push, follow. Every error says whether something was pushed.
// An interrupt before the push changes nothing; one after it leaves the deployment to Argo CD.
func promote(command *cobra.Command, root string, o promoteOptions) error {
	ctx, out := command.Context(), command.OutOrStdout()
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout is %s: want a duration above zero", o.timeout)
	}
	repo, err := repository.Open(ctx, root)
	if err != nil {
		return err
	}
	prepared, err := promotion.Prepare(ctx, out, repo, o.from, o.to, promotion.Rules...)
	if err != nil {
		return err
	}
	if err := prepared.Err(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nNo rule is broken.")
	// With --follow a branch that is already there is followed again, as after a lost
	// connection.
	if prepared.Nothing() && !o.follow {
		return nil
	}
	var server *argocd.Server
	back := ""
	if o.follow && !o.ask.dry {
		if server, back, err = followed(ctx, o); err != nil {
			return fmt.Errorf("%w\nnothing was pushed", err)
		}
		defer server.Close()
	}
	if !prepared.Nothing() {
		target := o.to
		if o.propose {
			target = "a branch for a pull request"
		}
		if done, err := o.ask.stop(command, fmt.Sprintf("Push %s to %s?", argocd.Short(prepared.Commit), target)); done {
			return err
		}
		if o.propose {
			steps, err := prepared.Propose(ctx)
			if err == nil {
				fmt.Fprintln(out, strings.Join(steps, "\n"))
			}
			return err
		}
		if err := prepared.Push(ctx); err != nil {
			return fmt.Errorf("%w\nif %s moved meanwhile, run this again; if it is protected, use --pull-request", err, o.to)
		}
		fmt.Fprintf(out, "%s on %s is at %s.\n", o.to, repository.Remote, argocd.Short(prepared.Commit))
	}
	if server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	// The commit is waited for, not the branch: somebody may push on.
	goal := argocd.Goal{Application: status.Application(o.to), Revision: prepared.Commit}
	if err := server.Wait(ctx, goal, reporter(command.ErrOrStderr())); err != nil {
		return fmt.Errorf("%w\nto follow again: release promote --follow\nto go back: %s", err, back)
	}
	fmt.Fprintf(out, "%s serves %s.\n", goal.Application, argocd.Short(goal.Revision))
	return nil
}

// followed connects before the push, checks that a push would be deployed, and returns the
// command that undoes it: afterwards the deployment to return to may no longer be the last
// one.
func followed(ctx context.Context, o promoteOptions) (*argocd.Server, string, error) {
	server, err := o.connect(ctx)
	if err != nil {
		return nil, "", err
	}
	app, err := server.Get(ctx, status.Application(o.to), false)
	switch {
	case err != nil:
	case argocd.AutoSync(app) == nil:
		err = fmt.Errorf("auto-sync of %s is off, so a push deploys nothing: promote without --follow, then `release rollback --resume --app %s`", app.Name, app.Name)
	case len(app.Status.History) == 0:
		return server, "nothing was deployed before", nil
	default:
		last := app.Status.History[len(app.Status.History)-1]
		return server, fmt.Sprintf("release rollback %d --app %s    # %s", last.ID, app.Name, argocd.Short(last.Revision)), nil
	}
	_ = server.Close()
	return nil, "", err
}
