package argocd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
)

// refreshEvery is after how many looks Argo CD is asked to look at git again, in case its
// webhook was lost.
const refreshEvery = 10

// Poll repeats look until it returns no step, which means done. It reports each step
// once while it lasts. An uncertain error of Argo CD is such a step: its API restarts
// while the cluster runs on. Any other error ends it, as does the context.
func (s *Server) Poll(ctx context.Context, report func(string), look func(context.Context) (string, error)) error {
	last := "it has not begun"
	for {
		step, err := look(ctx)
		switch {
		case err == nil && step == "":
			return nil
		case errors.Is(ctx.Err(), context.Canceled):
			return fmt.Errorf("interrupted: %s", last)
		case ctx.Err() != nil:
			return fmt.Errorf("timed out: %s", last)
		case Uncertain(err):
			step = err.Error()
		case err != nil:
			return err
		}
		if step != last {
			report(step)
		}
		select {
		case <-ctx.Done():
		case <-time.After(s.Pause):
			last = step // only now: a call that the context's end cut short is no step
		}
	}
}

// Goal is the state to wait for: the Application's functions serve a revision. What
// else is in the Application is judged by Argo CD's health of the whole.
type Goal struct {
	Application string
	Revision    string
	// RolledBack means that the revision is the target of a rollback: the branch has
	// another one, so the Application stays OutOfSync.
	RolledBack bool
}

// Wait returns nil when the goal is reached. Its error says why that is not so, or that
// the context ended, and lists all that was failing then. Wait undoes nothing.
func (s *Server) Wait(ctx context.Context, goal Goal, report func(string)) error {
	w := &waiting{server: s, goal: goal, app: &v1alpha1.Application{}}
	err := s.Poll(ctx, report, w.look)
	if err == nil {
		return nil
	}
	lines := append([]string{err.Error()}, w.failing(ctx)...)
	return fmt.Errorf("%s does not serve %s: %s", goal.Application, Short(goal.Revision), strings.Join(lines, "\n  "))
}

// waiting is what Wait knows from look to look. It polls rather than watches: Argo CD's
// events leave out the status of Knative's Services.
type waiting struct {
	server *Server
	goal   Goal

	looks     int
	first     string            // the branch's revision when the waiting began
	pins      map[string]string // read once, since a revision does not change
	app       *v1alpha1.Application
	functions []Function
}

// read reads the Application and its functions. A rollback has nothing to find in git,
// which may be down.
func (w *waiting) read(ctx context.Context) (err error) {
	app, err := w.server.Get(ctx, w.goal.Application, w.looks%refreshEvery == 0 && !w.goal.RolledBack)
	w.looks++
	if err != nil {
		return err
	}
	w.app = app
	if w.pins == nil {
		w.first = app.Status.Sync.Revision
		if w.pins, err = w.server.Pins(ctx, app.Name, w.goal.Revision); err != nil {
			return err
		}
	}
	w.functions, err = w.server.Functions(ctx, app, w.pins)
	return err
}

// look decides by the order in which a sync goes. A branch at a third revision has moved
// on.
func (w *waiting) look(ctx context.Context) (string, error) {
	if err := w.read(ctx); err != nil {
		return "", err
	}
	status, wanted := w.app.Status, Short(w.goal.Revision)
	switch revision := OperationRevision(w.app); {
	case w.goal.RolledBack && AutoSync(w.app) != nil:
		return "", errors.New("auto-sync was turned on again by someone else; suspend an Application that is synced from git in git")
	case Running(w.app):
		return fmt.Sprintf("syncing %s: %s", Short(revision), message(w.app)), nil
	case revision == w.goal.Revision && failed(w.app):
		return "", errors.New("the sync failed: " + message(w.app))
	case w.goal.RolledBack && revision != w.goal.Revision:
		return "", errors.New("another sync took over, to " + Short(revision))
	case w.goal.RolledBack: // the branch has another revision, so its sync status says nothing
	case status.Sync.Revision == w.first && w.first != w.goal.Revision:
		return fmt.Sprintf("waiting for Argo CD to detect %s; it has %s", wanted, Short(w.first)), nil
	case status.Sync.Revision != w.goal.Revision:
		return "", errors.New("the branch has moved on to " + Short(status.Sync.Revision))
	case status.Sync.Status == v1alpha1.SyncStatusCodeSynced:
	case AutoSync(w.app) == nil:
		return "", errors.New("auto-sync is suspended")
	case len(Conditions(w.app)) > 0:
		return "", errors.New("it cannot be synced") // failing has the conditions
	default:
		return wanted + " is detected, not synced yet", nil
	}
	return w.serving(ctx)
}

// serving decides once everything is applied.
func (w *waiting) serving(ctx context.Context) (string, error) {
	serving := true
	for _, function := range w.functions {
		if function.Failing() {
			return "", fmt.Errorf("%s %s", function.Name, function.Problem())
		}
		serving = serving && function.Problem() == ""
	}
	now := w.app.Status.Health.Status
	if serving && now == health.HealthStatusHealthy {
		return "", nil
	}
	return fmt.Sprintf("Argo CD reports %s: %s", now, strings.Join(w.failing(ctx), "; ")), nil
}

// failing lists what fails, with reasons: functions, resources that the last sync did not
// apply, unhealthy resources, and what Argo CD says of the whole. The health of single
// resources is in the tree only: Argo CD 3 does not store it in the Application. Without
// a tree the rest is reported.
func (w *waiting) failing(ctx context.Context) (lines []string) {
	for _, function := range w.functions {
		if problem := function.Problem(); problem != "" {
			lines = append(lines, fmt.Sprintf("Service %s %s", function.Name, problem))
		}
	}
	for _, resource := range unapplied(w.app) {
		lines = append(lines, fmt.Sprintf("%s %s: %s", resource.Kind, resource.Name, resource.Message))
	}
	// The waiting may have timed out.
	if tree, err := w.server.Tree(context.WithoutCancel(ctx), w.goal.Application); err == nil {
		for _, node := range tree.Nodes {
			// What a resource owns is unhealthy with it, and functions are listed already.
			if len(node.ParentRefs) == 0 && node.Health != nil && node.Health.Status != health.HealthStatusHealthy && node.Group != knativeService.Group {
				lines = append(lines, fmt.Sprintf("%s %s: %s: %s", node.Kind, node.Name, node.Health.Status, node.Health.Message))
			}
		}
	}
	return append(lines, Conditions(w.app)...)
}

// AutoSync returns the policy of auto-sync; nil where it is off.
func AutoSync(app *v1alpha1.Application) *v1alpha1.SyncPolicyAutomated {
	if app.Spec.SyncPolicy == nil {
		return nil
	}
	return app.Spec.SyncPolicy.Automated
}

// Running reports whether an operation is requested or running. A requested one has not
// begun, and a second would be refused already.
func Running(app *v1alpha1.Application) bool {
	state := app.Status.OperationState
	return app.Operation != nil || (state != nil && state.FinishedAt == nil)
}

// OperationRevision returns the revision of the running or last operation. The result's
// is the commit; the request may only name a branch.
func OperationRevision(app *v1alpha1.Application) string {
	state := app.Status.OperationState
	switch {
	case app.Operation != nil && app.Operation.Sync != nil:
		return app.Operation.Sync.Revision
	case state != nil && state.SyncResult != nil && state.SyncResult.Revision != "":
		return state.SyncResult.Revision
	case state != nil && state.Operation.Sync != nil:
		return state.Operation.Sync.Revision
	}
	return ""
}

// failed reports whether the last operation failed. One that applied all its resources
// did not: something was unhealthy at that moment, possibly still the previous state,
// because Argo CD does not check whether Knative has reconciled the change.
func failed(app *v1alpha1.Application) bool {
	state := app.Status.OperationState
	if state == nil || (state.Phase != common.OperationFailed && state.Phase != common.OperationError) {
		return false
	}
	return state.SyncResult == nil || len(state.SyncResult.Resources) == 0 || len(unapplied(app)) > 0
}

// unapplied returns what the last operation did not apply. A hook is applied once it has
// succeeded.
func unapplied(app *v1alpha1.Application) v1alpha1.ResourceResults {
	state := app.Status.OperationState
	if state == nil || state.SyncResult == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(state.SyncResult.Resources), func(resource *v1alpha1.ResourceResult) bool {
		if resource.HookType != "" {
			return resource.HookPhase == common.OperationSucceeded
		}
		return resource.Status != "" && resource.Status != common.ResultCodeSyncFailed
	})
}

// message is Argo CD's own on the operation. A sync that waits for a hook names it there.
func message(app *v1alpha1.Application) string {
	if state := app.Status.OperationState; state != nil && state.Message != "" {
		return state.Message
	}
	return "started"
}

// Conditions returns Argo CD's errors with the Application, such as a branch that does not
// build. That of a sync is left out: the operation has it, and it outlasts the sync.
func Conditions(app *v1alpha1.Application) (messages []string) {
	for _, condition := range app.Status.Conditions {
		if condition.IsError() && condition.Type != v1alpha1.ApplicationConditionSyncError {
			messages = append(messages, condition.Message)
		}
	}
	return messages
}
