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
)

// Resumption is what turning auto-sync on again is going to do.
type Resumption struct {
	Application string
	Head        string
	Record      *Record
	// On means that auto-sync is on: only the record goes, if there is one.
	On bool

	server *argocd.Server
	app    *v1alpha1.Application
}

// PrepareResume finds out what auto-sync would do. It refuses while the branch
// holds anything but what was rolled back to, unless forced.
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
		return nil, fmt.Errorf("auto-sync of %s is off, but not by `release rollback`, so how it was is not known: turn it on with `argocd app set %s --sync-policy automated --auto-prune --self-heal`", name, name)
	case argocd.Running(app):
		return nil, fmt.Errorf("a sync of %s to %s runs: wait for its end (`release status`), then resume", name, short(argocd.OperationRevision(app)))
	case force:
		return r, nil
	}
	return r, r.guard(ctx)
}

// guard refuses what would bring back what was rolled back.
func (r *Resumption) guard(ctx context.Context) error {
	branch := r.app.Spec.GetSource().TargetRevision
	revert := fmt.Sprintf("push the revert to branch %s first (`release rollback %d --app %s` prints it)", branch, r.Record.ID, r.Application)
	if r.Head == r.Record.To {
		return nil
	}
	back := slices.Contains(r.Record.RolledBack, r.Head)
	still := fmt.Errorf("branch %s still is at %s, which was rolled back and would come back at once: %s", branch, short(r.Head), revert)
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
	return fmt.Errorf("branch %s at %s deploys something else than %s, which was rolled back to: %s differ: %s; if it is the fix: release rollback --resume --force --app %s",
		branch, short(r.Head), short(r.Record.To), strings.Join(differing, ", "), revert, r.Application)
}

// differences names the objects that are not the same in two revisions.
func differences(a, b []*unstructured.Unstructured) []string {
	x, y := byName(a), byName(b)
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

func byName(objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	named := map[string]*unstructured.Unstructured{}
	for _, object := range objects {
		named[object.GetKind()+" "+object.GetName()] = object
	}
	return named
}

// Run turns auto-sync on as it was before the rollback.
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
			return fmt.Errorf("%w\nwhether auto-sync is on again is not known: look with `release status`, and run this again", err)
		}
		return fmt.Errorf("%w\nauto-sync stays suspended", err)
	}
	r.app = updated
	return nil
}

// Follow returns when the branch's commit serves.
func (r *Resumption) Follow(ctx context.Context, report func(string)) error {
	return r.server.Wait(ctx, argocd.Goal{Application: r.Application, Revision: r.Head}, report)
}
