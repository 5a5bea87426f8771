package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/promotion"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/promotion/rule"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/status"
)

// ownBranch stands for a name that is made of the target and the commit, which are
// known only later. It is also what the help shows.
const ownBranch = "promote-TO-COMMIT"

// promoteOptions are the flags. connect is a field so that only --follow needs Argo CD.
type promoteOptions struct {
	request     promotion.Request
	application string
	branch      string
	follow      bool
	timeout     time.Duration
	dry, yes    bool
	connect     func(context.Context) (*argocd.Server, error)
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
remote and does not change local branches.` + connectionHelp,
		Example: `  release promote --dry-run          # only show
  release promote --follow           # promote, and wait until it serves
  release promote --pull-request     # for review by someone else`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return promote(command, *root, o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.request.From, "from", "main", "branch to promote")
	flags.StringVar(&o.request.To, "to", "prod", "branch to move forward")
	flags.StringVar(&o.request.Remote, "remote", "origin", "remote of the branches")
	flags.StringVar(&o.request.Overlay, "overlay", "", "folder that the target deploys (default gitops/overlays/<to>)")
	flags.StringVar(&o.branch, "pull-request", "", "push a branch of this `name` for a pull request instead")
	flags.Lookup("pull-request").NoOptDefVal = ownBranch
	flags.BoolVar(&o.follow, "follow", false, "wait until Argo CD has deployed it and the new revisions serve")
	flags.StringVar(&o.application, "app", "", "Application to follow (default sequential-questioning-<to>)")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "timeout of --follow")
	flags.BoolVar(&o.dry, "dry-run", false, "only show what would change and which rules are broken")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask for confirmation")
	command.MarkFlagsMutuallyExclusive("follow", "pull-request")
	o.connect = argocdFlags(command)
	return command
}

// promote goes from what changes nothing to what cannot be taken back: compare, print,
// check the rules, ask, push, follow. Every error says whether something was pushed.
// An interrupt before the push changes nothing; one after it leaves the deployment to Argo CD.
func promote(command *cobra.Command, root string, o promoteOptions) error {
	ctx, out := command.Context(), command.OutOrStdout()
	o.request.Overlay = cmp.Or(o.request.Overlay, "gitops/overlays/"+o.request.To)
	o.application = cmp.Or(o.application, status.Application(o.request.To))
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout is %s: want a duration above zero", o.timeout)
	}
	repo, err := repository.Open(ctx, root)
	if err != nil {
		return err
	}
	fmt.Fprintf(command.ErrOrStderr(), "Comparing %s with %s of %s\n", o.request.From, o.request.To, o.request.Remote)
	prepared, err := promotion.Prepare(ctx, repo, o.request, rule.All(o.request.Overlay)...)
	if err != nil {
		return err
	}
	// Without both commits there is nothing to compare; the error says which branch is
	// missing.
	if prepared.Seen != "" && prepared.Commit != "" {
		prepared.Print(out)
		fmt.Fprintln(out)
	}
	if err := prepared.Err(); err != nil {
		return err
	}
	if o.dry {
		fmt.Fprintln(out, "No rule is broken. Dry run: nothing was pushed.")
		return nil
	}
	// With --follow a branch that is already there is followed again, as after a lost
	// connection.
	if prepared.Nothing() && !o.follow {
		return nil
	}
	if o.branch != "" {
		return proposePromotion(command, prepared, o)
	}
	if !o.follow {
		return push(command, prepared, o)
	}
	// A connection that fails after the push would leave the push unwatched.
	server, err := o.connect(ctx)
	if err != nil {
		return fmt.Errorf("%w\nnothing was pushed", err)
	}
	defer server.Close()
	// Before the push: afterwards the deployment to return to may no longer be the last
	// one.
	back, err := wayBack(ctx, server, o)
	if err != nil {
		return fmt.Errorf("%w\nnothing was pushed", err)
	}
	if !prepared.Nothing() {
		if err := push(command, prepared, o); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	// The commit is waited for, not the branch: somebody may push on.
	goal := argocd.Goal{Application: o.application, Revision: prepared.Commit}
	if err := server.Wait(ctx, goal, reporter(command.ErrOrStderr())); err != nil {
		return fmt.Errorf("%w\nto follow again: release promote --follow\nto go back: %s", err, back)
	}
	fmt.Fprintf(out, "%s serves %s.\n", o.application, repository.Short(prepared.Commit))
	return nil
}

// wayBack checks that a push would be deployed and returns the command that undoes it.
// A push while auto-sync is off would deploy nothing, and waiting for it would end in a
// timeout.
func wayBack(ctx context.Context, server *argocd.Server, o promoteOptions) (string, error) {
	app, err := server.Get(ctx, o.application)
	if err != nil {
		return "", err
	}
	if app.Spec.SyncPolicy == nil || app.Spec.SyncPolicy.Automated == nil {
		return "", fmt.Errorf("auto-sync of %s is off, so a push deploys nothing: promote without --follow, then `release rollback --resume --app %s`", o.application, o.application)
	}
	if len(app.Status.History) == 0 {
		return "release rollback (nothing was deployed before)", nil
	}
	// The last deployment is the one that serves now, and so the one to return to.
	last := app.Status.History[len(app.Status.History)-1]
	return fmt.Sprintf("release rollback %d --app %s    # %s, deployed %s", last.ID, o.application,
		repository.Short(last.Revision), last.DeployedAt.Local().Format(time.DateTime)), nil
}

// push moves the target branch by compare-and-set: git refuses it if the branch is no
// longer where the comparison saw it.
func push(command *cobra.Command, prepared *promotion.Promotion, o promoteOptions) error {
	if !o.yes {
		question := fmt.Sprintf("Move %s on %s from %s to %s?", o.request.To, o.request.Remote, repository.Short(prepared.Seen), repository.Short(prepared.Commit))
		if err := confirm(command.Context(), command, question); err != nil {
			return err
		}
	}
	if err := prepared.Push(command.Context()); err != nil {
		// Nothing is known of a push that was interrupted; git's own message says so.
		if errors.Is(err, context.Canceled) {
			return err
		}
		return fmt.Errorf("%w\nif %s moved meanwhile, run this again; if it is protected, use --pull-request", err, o.request.To)
	}
	fmt.Fprintf(command.OutOrStdout(), "%s on %s is at %s.\n", o.request.To, o.request.Remote, repository.Short(prepared.Commit))
	return nil
}

// proposePromotion pushes a branch that others review. It never merges: whoever
// approves does, by fast-forward, since production runs exactly the commits that
// staging ran.
// Without --yes it asks, since others see the branch.
func proposePromotion(command *cobra.Command, prepared *promotion.Promotion, o promoteOptions) error {
	branch := o.branch
	if branch == ownBranch {
		branch = prepared.Branch()
	}
	if branch == o.request.To || branch == o.request.From {
		return fmt.Errorf("--pull-request=%s is a branch of the promotion: choose a new name", branch)
	}
	if !o.yes {
		if err := confirm(command.Context(), command, fmt.Sprintf("Push branch %s to %s?", branch, o.request.Remote)); err != nil {
			return err
		}
	}
	steps, err := prepared.PushBranch(command.Context(), branch)
	if err != nil {
		return err
	}
	for _, step := range steps {
		fmt.Fprintln(command.OutOrStdout(), step)
	}
	return nil
}
