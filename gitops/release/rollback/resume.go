package rollback

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// Resumption describes what resuming auto-sync will do. It is read at one moment.
// Update compares the Application's version, so a change in between refuses Run.
type Resumption struct {
	Application string
	Head        string
	Record      *Record
	// On means that auto-sync is already on: only the record is removed, if there is one.
	On bool

	server *argocd.Server
	app    *v1alpha1.Application
}

// PrepareResume determines what auto-sync would do. Unless forced, it fails while the
// branch deploys anything but the target of the rollback. The Application is refreshed
// first, since a revert that was pushed seconds ago is what decides.
// It changes nothing.
func PrepareResume(ctx context.Context, server *argocd.Server, name string, force bool) (*Resumption, error) {
	app, err := server.Refresh(ctx, name)
	if err != nil {
		return nil, err
	}
	record, err := Recorded(app)
	if err != nil {
		return nil, err
	}
	r := &Resumption{Application: name, Head: app.Status.Sync.Revision, Record: record, On: automated(app) != nil, server: server, app: app}
	switch {
	case r.On:
		return r, nil
	case record == nil:
		return nil, fmt.Errorf("auto-sync of %s was not suspended by `release rollback`, so its earlier policy is unknown: turn it on with `argocd app set %s --sync-policy automated --auto-prune --self-heal`", name, name)
	case argocd.Running(app):
		return nil, fmt.Errorf("a sync of %s to %s is running: wait until it ends (`release status`), then resume", name, short(argocd.OperationRevision(app)))
	case force:
		return r, nil
	}
	return r, r.guard(ctx)
}

// guard refuses to resume if that would deploy a rolled-back revision again. Equal
// objects are enough: a revert makes another commit with the same content. The error
// says which of three things the branch deploys: what was rolled back, the same under
// another commit, or something new.
// It may ask Argo CD for several builds; all but the branch's were deployed and are usually
// cached.
func (r *Resumption) guard(ctx context.Context) error {
	branch := r.app.Spec.GetSource().TargetRevision
	revert := fmt.Sprintf("push the revert to branch %s first (`release rollback %d --app %s` prints it)", branch, r.Record.ID, r.Application)
	if r.Head == r.Record.To {
		return nil
	}
	back := slices.Contains(r.Record.RolledBack, r.Head)
	still := fmt.Errorf("branch %s is still at %s, which was rolled back and would be deployed again: %s", branch, short(r.Head), revert)
	for _, condition := range r.app.Status.Conditions {
		if condition.Type == v1alpha1.ApplicationConditionComparisonError {
			if back {
				return still
			}
			return fmt.Errorf("branch %s does not build at %s: %s", branch, short(r.Head), condition.Message)
		}
	}
	head, err := r.server.Manifests(ctx, r.Application, r.Head)
	if err != nil {
		return err
	}
	wanted, err := r.server.Manifests(ctx, r.Application, r.Record.To)
	if err != nil {
		return err
	}
	differing := differences(wanted, head)
	if len(differing) == 0 {
		return nil
	}
	if back {
		return still
	}
	for _, revision := range r.Record.RolledBack {
		bad, err := r.server.Manifests(ctx, r.Application, revision)
		if err == nil && len(differences(bad, head)) == 0 {
			return fmt.Errorf("branch %s at %s deploys the same as %s, which was rolled back: %s", branch, short(r.Head), short(revision), revert)
		}
	}
	return fmt.Errorf("branch %s at %s deploys something else than %s, the target of the rollback: %s differ: %s; if this is the fix: release rollback --resume --force --app %s",
		branch, short(r.Head), short(r.Record.To), strings.Join(differing, ", "), revert, r.Application)
}

// differences returns the names of objects that differ between two revisions. Objects
// are compared whole, as git has them; what a cluster adds is in neither.
func differences(a, b []*unstructured.Unstructured) []string {
	x, y := manifest.ByName(a), manifest.ByName(b)
	names := map[string]bool{}
	for name, object := range x {
		if other, ok := y[name]; !ok || !reflect.DeepEqual(object.Object, other.Object) {
			names[name] = true
		}
	}
	for name := range y {
		if _, ok := x[name]; !ok {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Run restores auto-sync as it was before the rollback. It can be repeated: the second
// time auto-sync is on and the record gone.
func (r *Resumption) Run(ctx context.Context) error {
	if r.On && r.Record == nil {
		return nil
	}
	policy := automated(r.app)
	if policy == nil {
		policy = r.Record.Automated
	}
	updated, err := r.server.Update(ctx, resumed(r.app, policy))
	if err != nil {
		if argocd.Uncertain(err) {
			return fmt.Errorf("%w\nit is unknown whether auto-sync is on: check with `release status`, and run this again", err)
		}
		return fmt.Errorf("%w\nauto-sync stays suspended", err)
	}
	r.app = updated
	return nil
}

// Follow waits until the branch's commit serves.
// Call it after Run.
func (r *Resumption) Follow(ctx context.Context, report func(string)) error {
	return r.server.Wait(ctx, argocd.Goal{Application: r.Application, Revision: r.Head}, report)
}
