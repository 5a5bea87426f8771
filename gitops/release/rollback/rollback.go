package rollback

import (
	"context"
	"fmt"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/sync/common"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
)

// tries are attempts to start the rollback, each after ending a sync that came between.
// restoreWait bounds the cleaning up after a caller that has given up.
const (
	tries       = 3
	restoreWait = 30 * time.Second
)

// Rollback describes what a rollback will do. Prepare fills it in, so that all of it
// can be shown before anything changes.
type Rollback struct {
	Application string
	Branch      string
	Target      v1alpha1.RevisionHistory
	// Head is the branch's commit, which auto-sync would deploy again.
	Head string
	// Ends is the revision of the running sync, which will be ended.
	Ends string

	server *argocd.Server
	seen   *v1alpha1.Application // before any change
	app    *v1alpha1.Application
	record *Record // of an earlier rollback that is still in force
}

// Prepare determines what a rollback would do. It changes nothing. It refuses a target
// that runs already, unless an earlier rollback is in force or a sync is under way:
// then running again is how an interrupted rollback is finished.
func Prepare(ctx context.Context, server *argocd.Server, name, argument string) (*Rollback, error) {
	app, err := server.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	if app.Spec.HasMultipleSources() {
		return nil, fmt.Errorf("%s has several sources: roll it back with `argocd app rollback`", name)
	}
	record, err := Recorded(app)
	if err != nil {
		return nil, err
	}
	target, err := choose(app, argument)
	if err != nil {
		return nil, err
	}
	r := &Rollback{
		Application: name, Branch: app.Spec.GetSource().TargetRevision, Target: target, Head: app.Status.Sync.Revision,
		server: server, seen: app, app: app, record: record,
	}
	if argocd.Running(app) && argocd.OperationRevision(app) != target.Revision {
		r.Ends = argocd.OperationRevision(app)
	}
	if target.Revision == r.Head && app.Status.Sync.Status == v1alpha1.SyncStatusCodeSynced && record == nil && !argocd.Running(app) {
		return nil, fmt.Errorf("%s already runs %s: choose an earlier deployment of %s", name, short(target.Revision), listed(app.Status.History))
	}
	return r, nil
}

// Suspends describes the auto-sync policy that the rollback suspends.
func (r *Rollback) Suspends() string { return Described(automated(r.app)) }

// Run rolls back and returns when the old revision serves. It is safe to run again
// after any error. The order matters: with auto-sync on, Argo CD refuses a rollback
// (FailedPrecondition) and would undo it. An error says what state the Application is
// in and what to do next.
// ctx bounds the waiting too. When it ends, the rollback itself goes on in Argo CD.
func (r *Rollback) Run(ctx context.Context, report func(string)) error {
	if err := r.suspend(ctx, report); err != nil {
		return err
	}
	if err := r.start(ctx, report); err != nil {
		return r.restore(ctx, err)
	}
	if err := r.server.Wait(ctx, argocd.Goal{Application: r.Application, Revision: r.Target.Revision, RolledBack: true}, report); err != nil {
		return fmt.Errorf("%w\n%s", err, r.halfway())
	}
	return nil
}

// halfway describes a rollback that was started and did not arrive, and both ways out
// of it.
func (r *Rollback) halfway() string {
	state := fmt.Sprintf("auto-sync of %s is suspended. Run `release rollback %d --app %s` again, or choose another deployment.", r.Application, r.Target.ID, r.Application)
	return state + fmt.Sprintf("\nTo return to branch %s instead: release rollback --resume --force --app %s", r.Branch, r.Application)
}

// suspend turns auto-sync off and stores its policy, in one write. It writes nothing
// when an interrupted run has written the same.
func (r *Rollback) suspend(ctx context.Context, report func(string)) error {
	record := r.record
	if record == nil {
		if automated(r.app) == nil {
			return nil
		}
		record = &Record{}
	}
	current := automated(r.app)
	if current == nil && record.To == r.Target.Revision && record.ID == r.Target.ID {
		return nil
	}
	if current != nil {
		record.Automated = current
	}
	app, err := suspended(r.app, record.next(r.Head, r.Target))
	if err != nil {
		return err
	}
	updated, err := r.server.Update(ctx, app)
	if err != nil {
		if argocd.Uncertain(err) {
			return fmt.Errorf("%w\nit is unknown whether auto-sync is suspended: check with `release status`, and run this again", err)
		}
		return fmt.Errorf("%w\nnothing was changed", err)
	}
	// An Application that is itself synced from git gets its old policy back at once.
	if automated(updated) != nil {
		return fmt.Errorf("auto-sync of %s stays on: suspend an Application that is synced from git in git", r.Application)
	}
	if current != nil {
		report("auto-sync is suspended (it was: " + Described(current) + ")")
	}
	r.app = updated
	return nil
}

// start makes Argo CD sync the target, unless it already did. A sync that is under way
// would keep applying the other revision, so it is ended first. Another may start
// before the rollback does; hence several tries.
// A call whose answer was lost is settled by the next look.
func (r *Rollback) start(ctx context.Context, report func(string)) error {
	var err error
	for range tries {
		var app *v1alpha1.Application
		if app, err = r.server.Get(ctx, r.Application); err != nil {
			return err
		}
		if r.reached(app) {
			return nil
		}
		if argocd.Running(app) {
			report("ending the sync to " + short(argocd.OperationRevision(app)))
			if _, err = r.server.End(ctx, r.Application); err != nil {
				return err
			}
		}
		if err = r.server.Rollback(ctx, r.Application, r.Target.ID); err == nil {
			report(fmt.Sprintf("rolling back to %d (%s)", r.Target.ID, short(r.Target.Revision)))
			return nil
		}
		if !argocd.Uncertain(err) && !argocd.Busy(err) {
			return err
		}
	}
	return err
}

// reached reports whether the running or last operation deploys the target.
func (r *Rollback) reached(app *v1alpha1.Application) bool {
	if argocd.OperationRevision(app) != r.Target.Revision {
		return false
	}
	return argocd.Running(app) || app.Status.OperationState.Phase == common.OperationSucceeded
}

// restore restores auto-sync and the record after a refused rollback. Its error
// describes the resulting state. After an answer that never came nobody knows whether
// the rollback runs: then everything is left as it is, and running it again finds out.
func (r *Rollback) restore(ctx context.Context, cause error) error {
	changed := r.app != r.seen
	if argocd.Uncertain(cause) || ctx.Err() != nil || !changed {
		if automated(r.app) == nil && r.app.Annotations[Annotation] != "" {
			return fmt.Errorf("%w\n%s", cause, r.halfway())
		}
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreWait)
	defer cancel()
	app := r.app.DeepCopy()
	app.Annotations, app.Spec.SyncPolicy = r.seen.Annotations, r.seen.Spec.SyncPolicy
	if _, err := r.server.Update(ctx, app); err != nil {
		return fmt.Errorf("%w\nand auto-sync could not be restored (%w)\n%s", cause, err, r.halfway())
	}
	return fmt.Errorf("%w\nauto-sync is unchanged (%s); no object was changed", cause, Described(automated(r.seen)))
}
