// Package rollback rolls an Application back to an earlier deployment and later resumes
// auto-sync.
//
// It changes no branch: what lasts is printed as commands (Lasting) for a person to run. Begin
// with Choose and Run; the way back is Resumable and Resume.
package rollback

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/sync/common"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
)

// Annotation is the Application's annotation that stores the Record. The state of a
// rollback is there and nowhere else, so that anybody can repeat or resume it from any
// machine.
const Annotation = "sequential-questioning/rollback"

// Record is what a rollback stores on the Application.
type Record struct {
	// Automated is the auto-sync policy before the first rollback, which resuming restores.
	Automated *v1alpha1.SyncPolicyAutomated `json:"automated"`
	To        string                        `json:"to"`
	ID        int64                         `json:"id"`
}

// Recorded returns the record of the rollback in force, or nil if there is none. One that
// is left when somebody turns auto-sync on counts for nothing. A malformed record is an
// error: without it the earlier policy is unknown.
func Recorded(app *v1alpha1.Application) (*Record, error) {
	text, ok := app.Annotations[Annotation]
	if !ok || argocd.AutoSync(app) != nil {
		return nil, nil
	}
	var record Record
	if err := json.Unmarshal([]byte(text), &record); err != nil || record.Automated == nil || record.To == "" {
		return nil, fmt.Errorf("the annotation %s of %s is malformed: remove it with `kubectl annotate`, and turn auto-sync on with `argocd app set %s --sync-policy automated`", Annotation, app.Name, app.Name)
	}
	return &record, nil
}

// Choose finds a deployment by id or by seven or more digits of its revision. Of several
// deployments of one revision it takes the latest. It refuses one that runs already,
// unless an earlier rollback is in force or a sync is under way: then running again is
// how an interrupted rollback is finished.
func Choose(app *v1alpha1.Application, argument string) (*v1alpha1.RevisionHistory, error) {
	var known []string
	var found *v1alpha1.RevisionHistory
	for _, entry := range slices.Backward(app.Status.History) {
		known = append(known, fmt.Sprintf("%d (%s)", entry.ID, argocd.Short(entry.Revision)))
		named := len(argument) >= 7 && strings.HasPrefix(entry.Revision, strings.ToLower(argument))
		if found == nil && (named || argument == strconv.FormatInt(entry.ID, 10)) {
			found = &entry
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s has no deployment %q: want an id or seven digits of a revision of: %s", app.Name, argument, strings.Join(known, ", "))
	}
	at := app.Status.Sync
	if at.Revision == found.Revision && at.Status == v1alpha1.SyncStatusCodeSynced && argocd.AutoSync(app) != nil && !argocd.Running(app) {
		return nil, fmt.Errorf("%s already runs %s: choose an earlier deployment of: %s", app.Name, argocd.Short(found.Revision), strings.Join(known, ", "))
	}
	return found, nil
}

// Run rolls back and returns when the old revision serves. It is safe to run again after
// any error, which says what state the Application is in and what to do next. Auto-sync
// goes off first: with it on, Argo CD refuses a rollback and would undo it. When ctx
// ends, the rollback itself continues in Argo CD.
func Run(ctx context.Context, server *argocd.Server, before *v1alpha1.Application, target *v1alpha1.RevisionHistory, report func(string)) error {
	app, err := suspend(ctx, server, before, target)
	if err != nil {
		return err
	}
	requested := false
	err = server.Poll(ctx, report, func(ctx context.Context) (string, error) { return start(ctx, server, app.Name, target, &requested) })
	switch {
	case err == nil:
		goal := argocd.Goal{Application: app.Name, Revision: target.Revision, RolledBack: true}
		err = server.Wait(ctx, goal, report)
	case ctx.Err() == nil && app != before:
		// Argo CD refused the rollback.
		if _, restoring := server.Update(ctx, before); restoring == nil {
			return fmt.Errorf("%w\nauto-sync is as it was", err)
		}
	}
	if err != nil {
		return fmt.Errorf("%w\nauto-sync of %s is off. Run `release rollback %d --app %s` again, or choose another deployment.\nTo return to branch %s instead: release rollback --resume --force --app %s",
			err, app.Name, target.ID, app.Name, app.Spec.GetSource().TargetRevision, app.Name)
	}
	return nil
}

// suspend turns auto-sync off and stores its policy, in one write: whoever finds auto-sync
// off then also finds why, and what it was. It returns the same Application if an
// interrupted run has written this already.
func suspend(ctx context.Context, server *argocd.Server, app *v1alpha1.Application, target *v1alpha1.RevisionHistory) (*v1alpha1.Application, error) {
	record, err := Recorded(app)
	if err != nil {
		return nil, err
	}
	next := Record{Automated: argocd.AutoSync(app), To: target.Revision, ID: target.ID}
	if next.Automated == nil {
		if record == nil || record.ID == target.ID {
			return app, nil
		}
		next.Automated = record.Automated
	}
	text, err := json.Marshal(next)
	if err != nil {
		return nil, fmt.Errorf("write the record of a rollback: %w", err)
	}
	return update(ctx, server, app, nil, string(text))
}

// update writes the auto-sync policy and the record; an empty record removes it.
func update(ctx context.Context, server *argocd.Server, app *v1alpha1.Application, policy *v1alpha1.SyncPolicyAutomated, record string) (*v1alpha1.Application, error) {
	app = app.DeepCopy()
	if app.Annotations == nil {
		app.Annotations = map[string]string{}
	}
	if app.Annotations[Annotation] = record; record == "" {
		delete(app.Annotations, Annotation)
	}
	if app.Spec.SyncPolicy == nil {
		app.Spec.SyncPolicy = &v1alpha1.SyncPolicy{}
	}
	app.Spec.SyncPolicy.Automated = policy
	updated, err := server.Update(ctx, app)
	switch {
	case argocd.Uncertain(err):
		return nil, fmt.Errorf("%w\nit is unknown whether auto-sync was changed: check with `release status`, and run this again", err)
	case err != nil:
		return nil, fmt.Errorf("%w\nnothing was changed", err)
	}
	return updated, nil
}

// start makes Argo CD sync the target, unless it already does or did. A sync that is under
// way would keep applying the other revision, so it is ended first; one that waits for a
// hook may miss the first request.
func start(ctx context.Context, server *argocd.Server, name string, target *v1alpha1.RevisionHistory, requested *bool) (string, error) {
	app, err := server.Get(ctx, name, false)
	if err != nil {
		return "", err
	}
	running, revision := argocd.Running(app), argocd.OperationRevision(app)
	switch {
	case revision == target.Revision && (running || *requested || app.Status.OperationState.Phase == common.OperationSucceeded):
		return "", nil
	case running:
		return "ending the sync to " + argocd.Short(revision), server.Terminate(ctx, name)
	}
	err = server.Rollback(ctx, name, target.ID)
	// Another sync may have begun in between. Argo CD has no code of its own for that.
	if err != nil && !strings.Contains(err.Error(), "in progress") {
		return "", err
	}
	*requested = err == nil
	return fmt.Sprintf("rolling back to %d (%s)", target.ID, argocd.Short(target.Revision)), nil
}

// Resumable returns the record of the rollback in force; nil if auto-sync is on. Unless
// forced, it fails while the branch deploys anything but what runs. The Application must
// be refreshed: a revert that was pushed seconds ago is what decides.
func Resumable(app *v1alpha1.Application, force bool) (*Record, error) {
	record, err := Recorded(app)
	switch {
	case err != nil:
		return nil, err
	case argocd.AutoSync(app) != nil:
		return nil, nil
	case record == nil:
		return nil, fmt.Errorf("auto-sync of %s was not suspended by `release rollback`, so its earlier policy is unknown: turn it on with `argocd app set %s --sync-policy automated --auto-prune --self-heal`", app.Name, app.Name)
	case force || app.Status.Sync.Status == v1alpha1.SyncStatusCodeSynced:
		return record, nil
	}
	differ := argocd.Conditions(app)
	for _, resource := range app.Status.Resources {
		if resource.Status == v1alpha1.SyncStatusCodeOutOfSync {
			differ = append(differ, resource.Kind+" "+resource.Name)
		}
	}
	return nil, fmt.Errorf("branch %s at %s deploys something else than what runs since the rollback to %s (%s): push the revert first, which `release rollback %d --app %s` prints; if this is the fix: release rollback --resume --force --app %s",
		app.Spec.GetSource().TargetRevision, argocd.Short(app.Status.Sync.Revision), argocd.Short(record.To), strings.Join(differ, ", "), record.ID, app.Name, app.Name)
}

// Resume restores auto-sync as it was before the rollback.
func Resume(ctx context.Context, server *argocd.Server, app *v1alpha1.Application, record *Record) error {
	_, err := update(ctx, server, app, record.Automated, "")
	return err
}

// Lasting returns the commands that make a rollback permanent: they commit to the branch
// the state that was rolled back to. Applied migrations stay in the tree: a database never
// applies another one with the same number. Each is a whole command for a shell in a
// clean checkout.
func Lasting(branch, revision string) []string {
	return []string{
		fmt.Sprintf("git fetch %s %s", repository.Remote, branch),
		"git switch " + branch,
		fmt.Sprintf("git merge --ff-only %s/%s", repository.Remote, branch),
		fmt.Sprintf("git restore --source=%s --staged --worktree -- . ':!migrations/*.sql'", revision),
		fmt.Sprintf("git commit -m 'Roll back to %s'", argocd.Short(revision)),
		fmt.Sprintf("git push %s %s", repository.Remote, branch),
	}
}
