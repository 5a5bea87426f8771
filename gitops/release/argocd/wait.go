package argocd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
)

// refreshEvery asks Argo CD to look at git again, in case its webhook was lost. A
// degraded Application gets degradedLooks polls to recover, because functions are
// degraded while they start. failedReads in a row end the waiting; a single one is a
// restart of the API server.
const (
	refreshEvery  = 10 // polls
	degradedLooks = 30
	failedReads   = 10
)

// Goal is the state to wait for: the Application's functions serve a revision. What
// else is in the Application is judged by Argo CD's health of the whole.
// Goals of several Applications are waited for one by one.
type Goal struct {
	Application string
	Revision    string
	// RolledBack means that the revision is the target of a rollback: the branch has
	// another one, so the Application stays OutOfSync.
	RolledBack bool
}

// Stuck is the error of a goal that was not reached. Wait undoes nothing.
type Stuck struct {
	Goal
	Reason    string
	Resources []string // failing resources with their messages
}

func (s *Stuck) Error() string {
	text := fmt.Sprintf("%s does not serve %s: %s", s.Application, short(s.Revision), s.Reason)
	for _, resource := range s.Resources {
		text += "\n  " + resource
	}
	return text
}

// Wait returns nil when the goal is reached, and a *Stuck if it cannot be reached or the
// context ends. It reports each step once.
// An error that is not *Stuck is that of reading Argo CD's state.
func (s *Server) Wait(ctx context.Context, goal Goal, report func(string)) error {
	w := &waiting{server: s, goal: goal, report: report}
	ticker := time.NewTicker(s.pause)
	defer ticker.Stop()
	for {
		done, err := w.look(ctx)
		if ctx.Err() != nil {
			return w.explained(ctx, w.stuck(ending(ctx)))
		}
		if done || err != nil {
			return w.explained(ctx, err)
		}
		select {
		case <-ctx.Done():
			return w.explained(ctx, w.stuck(ending(ctx)))
		case <-ticker.C:
		}
	}
}

// ending tells a timeout from an interruption, for the last line that a person reads.
func ending(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "timed out"
	}
	return "interrupted"
}

// waiting is what Wait knows from poll to poll.
// pins are read once, since a revision does not change; app and functions at each look.
type waiting struct {
	server *Server
	goal   Goal
	report func(string)

	looks     int
	unread    int // consecutive failed reads
	degraded  int // consecutive polls
	first     string
	said      string
	pins      []Pin
	app       *v1alpha1.Application
	functions []Function
}

// say reports a step, once while it lasts.
func (w *waiting) say(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); line != w.said {
		w.said = line
		w.report(line)
	}
}

// stuck is the error; explained adds what was failing.
func (w *waiting) stuck(reason string) error {
	return &Stuck{Goal: w.goal, Reason: reason}
}

// treeWait bounds the reading of what is unhealthy, after the context of the waiting may
// have ended.
const treeWait = 15 * time.Second

// explained adds to a *Stuck all that was failing at the last look. The health of single
// resources is in the tree only: Argo CD 3 does not store it in the Application. Without
// an answer the rest is reported.
func (w *waiting) explained(ctx context.Context, err error) error {
	var stuck *Stuck
	if !errors.As(err, &stuck) || w.app == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), treeWait)
	defer cancel()
	tree, _ := w.server.Tree(ctx, w.goal.Application)
	stuck.Resources = failing(w.app, tree, w.functions)
	return stuck
}

// look takes one look and reports whether the goal is reached. Its error ends the
// waiting.
func (w *waiting) look(ctx context.Context) (bool, error) {
	w.looks++
	if err := w.read(ctx); err != nil {
		// Argo CD may be unavailable for a moment; the cluster keeps running without it.
		if w.unread++; w.unread >= failedReads || !Uncertain(err) {
			return false, err
		}
		w.say("%v", err)
		return false, nil
	}
	w.unread = 0
	if w.goal.RolledBack {
		return w.rolledBack()
	}
	return w.synced()
}

// read reads the Application and the functions. It asks Argo CD to look at git only
// while that may help: each refresh builds the branch again.
func (w *waiting) read(ctx context.Context) error {
	var err error
	behind := w.app != nil && !w.goal.RolledBack && w.app.Status.Sync.Revision != w.goal.Revision
	if w.looks == 1 || (w.looks%refreshEvery == 0 && (behind || w.degraded > 0)) {
		w.app, err = w.server.Refresh(ctx, w.goal.Application)
	} else {
		w.app, err = w.server.Get(ctx, w.goal.Application)
	}
	if err != nil {
		return err
	}
	if w.pins == nil {
		objects, err := w.server.Manifests(ctx, w.goal.Application, w.goal.Revision)
		if err != nil {
			return err
		}
		w.pins = Pins(objects, w.app.Spec.Destination.Namespace)
	}
	w.functions, err = w.server.Functions(ctx, w.goal.Application, w.pins)
	return err
}

// synced decides while Argo CD syncs the branch. The cases stand in the order in which
// a sync goes; first is the revision that the branch had when the waiting began, so
// that a third one shows that it has moved on.
func (w *waiting) synced() (bool, error) {
	status := w.app.Status
	if w.first == "" {
		w.first = status.Sync.Revision
	}
	automated := w.app.Spec.SyncPolicy != nil && w.app.Spec.SyncPolicy.Automated != nil
	switch {
	case Running(w.app):
		w.say("syncing %s: %s", short(OperationRevision(w.app)), progress(w.app))
		return false, nil
	case status.Sync.Revision != w.goal.Revision && status.Sync.Revision != w.first:
		return false, w.stuck("the branch has moved on to " + short(status.Sync.Revision))
	case status.Sync.Revision != w.goal.Revision:
		w.say("waiting for Argo CD to detect %s; it has %s", short(w.goal.Revision), short(status.Sync.Revision))
		return false, nil
	case operationFailed(w.app, w.goal.Revision) && !applied(w.app):
		return false, w.stuck("the sync failed: " + status.OperationState.Message)
	case !automated && status.Sync.Status != v1alpha1.SyncStatusCodeSynced:
		return false, w.stuck("auto-sync is suspended")
	case status.Sync.Status != v1alpha1.SyncStatusCodeSynced:
		if problem := comparison(w.app); problem != "" {
			return false, w.stuck("Argo CD cannot compare it with its branch: " + problem)
		}
		w.say("%s is detected, not synced yet", short(w.goal.Revision))
		return false, nil
	}
	return w.serving()
}

// rolledBack decides while a rollback is under way. The branch has another revision all the
// while, so sync status says nothing here.
func (w *waiting) rolledBack() (bool, error) {
	status := w.app.Status
	switch {
	case w.app.Spec.SyncPolicy != nil && w.app.Spec.SyncPolicy.Automated != nil:
		return false, w.stuck("auto-sync was turned on again by someone else; suspend an Application that is synced from git in git")
	case Running(w.app) || status.OperationState == nil:
		w.say("rolling back to %s: %s", short(w.goal.Revision), progress(w.app))
		return false, nil
	case OperationRevision(w.app) != w.goal.Revision:
		return false, w.stuck("another sync took over, to " + short(OperationRevision(w.app)))
	case operationFailed(w.app, w.goal.Revision) && !applied(w.app):
		return false, w.stuck("the rollback failed: " + status.OperationState.Message)
	case status.ReconciledAt == nil || status.ReconciledAt.Before(status.OperationState.FinishedAt):
		w.say("rolled back; Argo CD is refreshing")
		return false, nil
	}
	return w.serving()
}

// serving decides once everything is applied. It trusts Knative's status first: Argo
// CD's health lags behind it.
func (w *waiting) serving() (bool, error) {
	var starting []string
	for _, function := range w.functions {
		serving, why := function.Serving()
		if function.Failing() {
			return false, w.stuck(fmt.Sprintf("%s %s", function.Name, why))
		}
		if !serving {
			starting = append(starting, function.Name+" "+why)
		}
	}
	if len(starting) > 0 {
		w.degraded = 0 // an Application is while its functions start
		w.say("%s", strings.Join(starting, "; "))
		return false, nil
	}
	switch now := w.app.Status.Health.Status; now {
	case health.HealthStatusHealthy:
		return true, nil
	case health.HealthStatusDegraded:
		if w.degraded++; w.degraded >= degradedLooks {
			return false, w.stuck("it is Degraded")
		}
		w.say("every function serves; Argo CD still reports Degraded")
	default:
		w.degraded = 0
		w.say("every function serves; Argo CD reports %s", now)
	}
	return false, nil
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

// operationFailed reports a failed operation on this revision. The phase of an earlier
// one stays until the next begins.
func operationFailed(app *v1alpha1.Application, revision string) bool {
	state := app.Status.OperationState
	return state != nil && (state.Phase == common.OperationFailed || state.Phase == common.OperationError) && OperationRevision(app) == revision
}

// applied reports whether a failed operation applied all its resources. Then it only
// failed because something was unhealthy at that moment, possibly still the previous
// state: Argo CD does not check whether Knative has reconciled the change.
// Hooks count as applied once they have succeeded.
func applied(app *v1alpha1.Application) bool {
	result := app.Status.OperationState.SyncResult
	if result == nil || len(result.Resources) == 0 {
		return false
	}
	for _, resource := range result.Resources {
		switch {
		case resource.HookType != "" && resource.HookPhase != common.OperationSucceeded:
			return false
		case resource.HookType == "" && resource.Status == common.ResultCodeSyncFailed, resource.HookType == "" && resource.Status == "":
			return false
		}
	}
	return true
}

// progress is Argo CD's own message on what it waits for. A sync that waits for a hook
// names it there.
func progress(app *v1alpha1.Application) string {
	if state := app.Status.OperationState; state != nil && state.Message != "" {
		return state.Message
	}
	return "started"
}

// comparison is why Argo CD cannot compare the Application with its branch, if it
// cannot. The operation has the error of a sync.
func comparison(app *v1alpha1.Application) string {
	for _, condition := range app.Status.Conditions {
		if condition.IsError() && condition.Type != v1alpha1.ApplicationConditionSyncError {
			return condition.Message
		}
	}
	return ""
}

// failing lists the failing resources with their reasons. A function is named once,
// with Knative's reason; then come resources that the operation failed on, and others
// managed resources that are unhealthy. The tree may be nil.
func failing(app *v1alpha1.Application, tree *v1alpha1.ApplicationTree, functions []Function) []string {
	var lines []string
	known := map[string]bool{}
	for _, function := range functions {
		if serving, why := function.Serving(); !serving {
			lines = append(lines, fmt.Sprintf("Service %s %s", function.Name, why))
			known["Service/"+function.Name] = true
		}
	}
	if state := app.Status.OperationState; state != nil && state.SyncResult != nil {
		for _, resource := range state.SyncResult.Resources {
			if resource.Status != common.ResultCodeSyncFailed && (resource.HookType == "" || resource.HookPhase == common.OperationSucceeded) {
				continue
			}
			if known[resource.Kind+"/"+resource.Name] {
				continue
			}
			known[resource.Kind+"/"+resource.Name] = true
			label := resource.Kind + " " + resource.Name
			if resource.HookType != "" {
				label += fmt.Sprintf(" (%s hook, %s)", resource.HookType, resource.HookPhase)
			}
			lines = append(lines, strings.TrimSuffix(label+": "+resource.Message, ": "))
		}
	}
	if tree == nil {
		tree = &v1alpha1.ApplicationTree{}
	}
	for _, resource := range tree.Nodes {
		// What a resource owns is unhealthy with it.
		if len(resource.ParentRefs) > 0 || resource.Health == nil || resource.Health.Status == health.HealthStatusHealthy || known[resource.Kind+"/"+resource.Name] {
			continue
		}
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s %s: %s: %s", resource.Kind, resource.Name, resource.Health.Status, resource.Health.Message), ": "))
	}
	if problem := comparison(app); problem != "" {
		lines = append(lines, problem)
	}
	return lines
}
