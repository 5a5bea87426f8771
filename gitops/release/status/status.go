// Package status reads the deployed revision and functions of each environment.
//
// It only reads, with the rights of an account that may see Applications, and needs no access
// to a cluster. Begin with Read.
package status

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"knative.dev/serving/pkg/apis/serving"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/rollback"
)

// Environments lists the environments in the order of promotion. Each has an overlay of
// its name in gitops/overlays.
var Environments = []string{"dev", "staging", "prod"}

// Application returns the name of an environment's Application.
func Application(environment string) string { return "sequential-questioning-" + environment }

// Environment is the state of one environment. Sync and health are Argo CD's words. What
// could not be read is in Problems; the rest stands nevertheless.
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
	AutoSync    string     `json:"autoSync,omitempty"` // on, off, or suspended by a rollback
	LastSync    string     `json:"lastSync,omitempty"` // its phase, revision, beginning and message
	Functions   []Function `json:"functions,omitempty"`
	Problems    []string   `json:"problems,omitempty"`
}

// Function is the state of one function in one environment. Pods are counted in Argo
// CD's tree, which may lag by some seconds.
type Function struct {
	Name     string `json:"name"`
	Revision string `json:"revision,omitempty"` // Knative's
	Digest   string `json:"digest,omitempty"`
	Ready    bool   `json:"ready"`  // in Knative's word
	Pinned   bool   `json:"pinned"` // runs the image that the environment's revision pins
	Pods     int    `json:"pods"`
	PodsUp   int    `json:"podsReady"`
	Problem  string `json:"problem,omitempty"`
}

// Read returns the state of environments. One without an Application that the account may
// read is not installed. Only a server that does not answer is an error.
func Read(ctx context.Context, server *argocd.Server, environments []string) ([]Environment, error) {
	var all []Environment
	for _, name := range environments {
		environment := Environment{Name: name, Application: Application(name)}
		app, err := server.Get(ctx, environment.Application, false)
		switch status.Code(err) {
		case codes.OK:
			environment.read(ctx, server, app)
		case codes.NotFound, codes.PermissionDenied:
		default:
			return nil, err
		}
		all = append(all, environment)
	}
	return all, nil
}

// read fills in an installed environment. After a rollback the deployed revision is the
// recorded one: Argo CD's own status compares with the branch.
func (e *Environment) read(ctx context.Context, server *argocd.Server, app *v1alpha1.Application) {
	e.Installed = true
	e.Sync, e.Health, e.Problems = string(app.Status.Sync.Status), string(app.Status.Health.Status), argocd.Conditions(app)
	e.Branch, e.Head, e.Revision = app.Spec.GetSource().TargetRevision, app.Status.Sync.Revision, app.Status.Sync.Revision
	e.AutoSync = "on"
	if argocd.AutoSync(app) == nil {
		e.AutoSync = "off"
	}
	record, err := rollback.Recorded(app)
	e.problem("", err)
	if record != nil {
		e.Revision, e.AutoSync = record.To, "suspended"
	}
	if e.Revision != "" {
		e.Subject = server.Subject(ctx, app.Name, e.Revision)
	}
	if state := app.Status.OperationState; state != nil {
		e.LastSync = fmt.Sprintf("%s to %s at %s: %s", state.Phase, argocd.Short(argocd.OperationRevision(app)), state.StartedAt.Local().Format(time.DateTime), state.Message)
	}
	e.functions(ctx, server, app)
}

// problem notes what could not be read.
func (e *Environment) problem(what string, err error) {
	if err != nil {
		e.Problems = append(e.Problems, what+err.Error())
	}
}

// functions compares each function with what the revision pins. It needs three answers
// of Argo CD (manifests, live objects, tree); each that is missing costs its columns
// only. Functions that the revision no longer has are shown as well.
func (e *Environment) functions(ctx context.Context, server *argocd.Server, app *v1alpha1.Application) {
	shown := map[string]string{}
	pins, err := server.Pins(ctx, app.Name, e.Revision)
	e.problem("pins are unknown: ", err)
	for _, resource := range app.Status.Resources {
		if resource.Group == serving.GroupName && resource.Kind == "Service" {
			shown[resource.Name] = pins[resource.Name]
		}
	}
	functions, err := server.Functions(ctx, app, shown)
	e.problem("functions are unknown: ", err)
	tree, err := server.Tree(ctx, app.Name)
	e.problem("pods are unknown: ", err)
	if err != nil {
		tree = &v1alpha1.ApplicationTree{}
	}
	revisions := slices.ContainsFunc(tree.Nodes, func(node v1alpha1.ResourceNode) bool { return node.Kind == "Revision" })
	for _, function := range functions {
		one := Function{
			Name: function.Name, Revision: function.Service.Status.LatestReadyRevisionName, Digest: argocd.Digest(function.Running()),
			Ready: function.Ready().IsTrue(), Pinned: function.Image != "" && function.Running() == function.Image, Problem: function.Problem(),
		}
		if function.Image == "" && pins != nil {
			one.Problem = "is not part of " + argocd.Short(e.Revision)
		}
		for _, node := range tree.Nodes {
			if node.Kind == "Pod" && node.NetworkingInfo != nil && node.NetworkingInfo.Labels[serving.ServiceLabelKey] == function.Name {
				one.Pods++
				if node.Health != nil && node.Health.Status == health.HealthStatusHealthy {
					one.PodsUp++
				}
			}
		}
		// Argo CD leaves out kinds that the project does not permit, and what they own.
		if one.Revision != "" && !revisions && err == nil {
			revisions = true // it is said once
			e.Problems = append(e.Problems, "pods are unknown: Argo CD shows no Revisions: permit what gitops/argocd/projects lists in the project "+app.Spec.Project)
		}
		e.Functions = append(e.Functions, one)
	}
}

// Print prints environments as text for people; scripts read the JSON. What differs from
// the ordinary has a line of its own, so that an environment without trouble is short.
func Print(w io.Writer, environments []Environment) {
	for _, e := range environments {
		if !e.Installed {
			fmt.Fprintf(w, "%s: not installed (no Application %s that this account may read)\n\n", e.Name, e.Application)
			continue
		}
		fmt.Fprintf(w, "%s: %s, %s, auto-sync %s\n", e.Name, e.Sync, e.Health, e.AutoSync)
		fmt.Fprintf(w, "  runs       %s\n", strings.TrimSpace(argocd.Short(e.Revision)+"  "+e.Subject))
		// This is what is deployed next, or what a rollback holds back.
		if e.Head != e.Revision {
			fmt.Fprintf(w, "  branch     %s is at %s\n", e.Branch, argocd.Short(e.Head))
		}
		if e.AutoSync == "suspended" {
			fmt.Fprintf(w, "  rollback   to %s; to resume: release rollback --resume --app %s\n", argocd.Short(e.Revision), e.Application)
		}
		if e.LastSync != "" {
			fmt.Fprintf(w, "  last sync  %s\n", e.LastSync)
		}
		for _, problem := range e.Problems {
			fmt.Fprintf(w, "  problem    %s\n", problem)
		}
		table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		fmt.Fprintln(table, "  FUNCTION\tREVISION\tDIGEST\tPINNED\tREADY\tPODS\t")
		for _, f := range e.Functions {
			pods := fmt.Sprint(f.Pods)
			if f.Pods != f.PodsUp {
				pods = fmt.Sprintf("%d of %d", f.PodsUp, f.Pods)
			}
			// A dash for what is absent, and NO to be seen.
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, cmp.Or(f.Revision, "-"), cmp.Or(f.Digest, "-"), yes[f.Pinned], yes[f.Ready], pods, f.Problem)
		}
		_ = table.Flush()
		fmt.Fprintln(w)
	}
}

var yes = map[bool]string{true: "yes", false: "NO"}
