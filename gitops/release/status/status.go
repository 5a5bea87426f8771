// Package status reads the deployed revision and functions of each environment.
//
// It only reads, with the rights of an account that may see Applications, and needs no access
// to a cluster. Begin with Read.
package status

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	corev1 "k8s.io/api/core/v1"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/rollback"
)

// Environments lists the environments in the order of promotion. Each has an overlay of
// its name in gitops/overlays.
var Environments = []string{"dev", "staging", "prod"}

// Application returns the name of an environment's Application.
func Application(environment string) string { return "sequential-questioning-" + environment }

// Environment is the state of one environment. Sync, health and the operation's phase
// are Argo CD's words. What could not be read is in Problems; the rest stands
// nevertheless.
type Environment struct {
	Name        string     `json:"environment"`
	Application string     `json:"application"`
	Installed   bool       `json:"installed"`
	Sync        string     `json:"sync,omitempty"`
	Health      string     `json:"health,omitempty"`
	Branch      string     `json:"branch,omitempty"`
	Head        string     `json:"head,omitempty"`     // the branch's commit
	Revision    string     `json:"revision,omitempty"` // deployed, or being deployed
	Subject     string     `json:"subject,omitempty"`
	AutoSync    string     `json:"autoSync,omitempty"`
	RolledBack  []string   `json:"rolledBack,omitempty"`
	Operation   *Operation `json:"operation,omitempty"`
	Functions   []Function `json:"functions,omitempty"`
	Problems    []string   `json:"problems,omitempty"`
}

// Operation is the running or last sync. After a sync that failed and was reverted, the
// phase still says Failed while the environment is in sync: it tells of the last
// operation, not of the state.
type Operation struct {
	Phase    string     `json:"phase"`
	Revision string     `json:"revision"`
	Started  time.Time  `json:"startedAt"`
	Finished *time.Time `json:"finishedAt,omitempty"`
	Message  string     `json:"message,omitempty"`
}

// Function is the state of one function in one environment. Pods are counted in Argo
// CD's tree, which may lag by some seconds.
type Function struct {
	Name     string `json:"name"`
	Revision string `json:"revision,omitempty"` // Knative's
	Digest   string `json:"digest,omitempty"`
	Ready    bool   `json:"ready"`
	Pinned   bool   `json:"pinned"` // runs the image that the environment's revision pins
	Pods     int    `json:"pods"`
	PodsUp   int    `json:"podsReady"`
	Problem  string `json:"problem,omitempty"`
}

// Subject returns the first line of a commit's message, or "".
// It is called for what is deployed only, and may be slow.
type Subject func(ctx context.Context, application, revision string) string

// Read returns the state of environments. An environment without an Application in Argo
// CD is not installed. Only a server that does not answer is an error. A problem in one
// environment does not hide the others.
func Read(ctx context.Context, server *argocd.Server, environments []string, subject Subject) ([]Environment, error) {
	apps, err := server.List(ctx)
	if err != nil {
		return nil, err
	}
	var all []Environment
	for _, name := range environments {
		environment := Environment{Name: name, Application: Application(name)}
		// Argo CD shows an account only what it may read, so a missing Application may
		// be a forbidden one.
		at := slices.IndexFunc(apps, func(app v1alpha1.Application) bool { return app.Name == environment.Application })
		if at >= 0 {
			if err := environment.read(ctx, server, &apps[at], subject); err != nil {
				return nil, err
			}
		}
		all = append(all, environment)
	}
	return all, nil
}

// read fills in an installed environment. After a rollback the deployed revision is the
// recorded one: Argo CD's own status compares with the branch.
func (e *Environment) read(ctx context.Context, server *argocd.Server, app *v1alpha1.Application, subject Subject) error {
	e.Installed = true
	e.Sync, e.Health = string(app.Status.Sync.Status), string(app.Status.Health.Status)
	e.Branch, e.Head, e.Revision = app.Spec.GetSource().TargetRevision, app.Status.Sync.Revision, app.Status.Sync.Revision
	// Off and suspended differ in what to do: a suspended one has a rollback to resume
	// from.
	e.AutoSync = "off"
	if app.Spec.SyncPolicy != nil && app.Spec.SyncPolicy.Automated != nil {
		e.AutoSync = "on"
	}
	record, err := rollback.Recorded(app)
	switch {
	case err != nil:
		e.Problems = append(e.Problems, err.Error())
	case record != nil:
		e.Revision, e.RolledBack = record.To, record.RolledBack
		if e.AutoSync == "off" {
			e.AutoSync = "suspended"
		}
	}
	if e.Revision != "" {
		e.Subject = subject(ctx, app.Name, e.Revision)
	}
	e.operation(app)
	for _, condition := range app.Status.Conditions {
		if condition.IsError() {
			e.Problems = append(e.Problems, condition.Message)
		}
	}
	return e.functions(ctx, server, app)
}

// operation reads the last sync, or the one that was requested and has not begun.
func (e *Environment) operation(app *v1alpha1.Application) {
	state := app.Status.OperationState
	if state == nil {
		if app.Operation != nil {
			e.Operation = &Operation{Phase: "Requested", Revision: argocd.OperationRevision(app)}
		}
		return
	}
	e.Operation = &Operation{Phase: string(state.Phase), Revision: argocd.OperationRevision(app), Started: state.StartedAt.Time, Message: state.Message}
	if state.FinishedAt != nil {
		e.Operation.Finished = &state.FinishedAt.Time
	}
}

// functions compares each function with what the revision pins. It needs three answers
// of Argo CD (manifests, live objects, tree); each that is missing costs its columns
// only.
// Functions are sorted by name.
func (e *Environment) functions(ctx context.Context, server *argocd.Server, app *v1alpha1.Application) error {
	var pins []argocd.Pin
	if e.Revision != "" {
		objects, err := server.Manifests(ctx, app.Name, e.Revision)
		if err != nil {
			e.Problems = append(e.Problems, "pins are unknown: "+err.Error())
		}
		pins = argocd.Pins(objects, app.Spec.Destination.Namespace)
	}
	// Deployed functions that are no longer pinned are shown too.
	for _, resource := range app.Status.Resources {
		known := func(pin argocd.Pin) bool { return pin.Name == resource.Name && pin.Namespace == resource.Namespace }
		if resource.Group == "serving.knative.dev" && resource.Kind == "Service" && !slices.ContainsFunc(pins, known) {
			pins = append(pins, argocd.Pin{Namespace: resource.Namespace, Name: resource.Name})
		}
	}
	functions, err := server.Functions(ctx, app.Name, pins)
	if err != nil {
		e.Problems = append(e.Problems, err.Error())
		return nil
	}
	tree, err := server.Tree(ctx, app.Name)
	if err != nil {
		e.Problems = append(e.Problems, "pods are unknown: "+err.Error())
		tree = &v1alpha1.ApplicationTree{}
	} else if hidden(tree, functions) {
		e.Problems = append(e.Problems, "pods are unknown: Argo CD shows no Revisions: permit what gitops/argocd/projects lists in the project "+app.Spec.Project)
	}
	for _, function := range functions {
		up, all := pods(tree, function.Name)
		// Ready is Knative's word for the Service; serving also asks which image
		// answers.
		serving, why := function.Serving()
		one := Function{
			Name: function.Name, Digest: argocd.Digest(function.Running()), Ready: function.Ready() == corev1.ConditionTrue,
			Pinned: function.Image != "" && function.Running() == function.Image, Pods: all, PodsUp: up,
		}
		if !serving {
			one.Problem = why
		}
		if function.Image == "" {
			one.Problem = fmt.Sprintf("is not part of %s", e.Revision[:min(len(e.Revision), 8)])
		}
		if function.Service != nil {
			one.Revision = function.Service.Status.LatestReadyRevisionName
		}
		e.Functions = append(e.Functions, one)
	}
	slices.SortFunc(e.Functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// hidden reports whether functions have revisions that the tree lacks: Argo CD leaves out
// kinds that the project does not permit, and everything below them.
func hidden(tree *v1alpha1.ApplicationTree, functions []argocd.Function) bool {
	shown := slices.ContainsFunc(tree.Nodes, func(node v1alpha1.ResourceNode) bool {
		return node.Group == "serving.knative.dev" && node.Kind == "Revision"
	})
	return !shown && slices.ContainsFunc(functions, func(function argocd.Function) bool {
		return function.Service != nil && function.Service.Status.LatestReadyRevisionName != ""
	})
}

// pods counts the pods that a Knative Service owns indirectly, and how many are ready.
// Both are 0 for a function at rest.
func pods(tree *v1alpha1.ApplicationTree, function string) (int, int) {
	// A pod's parents lead to its Service by way of ReplicaSet, Deployment, Revision
	// and Configuration.
	parents := map[string][]v1alpha1.ResourceRef{}
	for _, node := range tree.Nodes {
		parents[node.UID] = node.ParentRefs
	}
	var owned func(refs []v1alpha1.ResourceRef, depth int) bool
	owned = func(refs []v1alpha1.ResourceRef, depth int) bool {
		return depth > 0 && slices.ContainsFunc(refs, func(ref v1alpha1.ResourceRef) bool {
			if ref.Group == "serving.knative.dev" && ref.Kind == "Service" {
				return ref.Name == function
			}
			return owned(parents[ref.UID], depth-1)
		})
	}
	var up, all int
	for _, node := range tree.Nodes {
		// Ten levels are more than Knative has, and end a cycle.
		if node.Group != "" || node.Kind != "Pod" || !owned(node.ParentRefs, 10) {
			continue
		}
		all++
		if node.Health != nil && node.Health.Status == health.HealthStatusHealthy {
			up++
		}
	}
	return up, all
}
