package rollback

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"golang.org/x/sync/errgroup"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
)

// builds limits how many revisions Argo CD builds for us concurrently.
const builds = 4

// Deployment is one entry of an Application's history. Argo CD keeps the last 20 of them
// (revisionHistoryLimit in gitops/argocd); an older one can only be reached by a revert.
type Deployment struct {
	ID         int64
	Revision   string
	DeployedAt time.Time
	Images     []argocd.Pin // nil if the revision no longer builds
	Live       bool
}

// History returns the deployments, newest first. A revision that Argo CD cannot build
// any more is listed without its images and can still be tried: Argo CD then says what
// is wrong.
// Manifests are built concurrently, since a page of them would take minutes one by one.
func History(ctx context.Context, server *argocd.Server, app *v1alpha1.Application) []Deployment {
	var deployments []Deployment
	for i, entry := range slices.Backward(app.Status.History) {
		deployments = append(deployments, Deployment{
			ID: entry.ID, Revision: entry.Revision, DeployedAt: entry.DeployedAt.Time, Live: i == len(app.Status.History)-1,
		})
	}
	var building errgroup.Group
	building.SetLimit(builds)
	for i := range deployments {
		building.Go(func() error {
			if objects, err := server.Manifests(ctx, app.Name, deployments[i].Revision); err == nil {
				deployments[i].Images = argocd.Pins(objects, app.Spec.Destination.Namespace)
			}
			return nil
		})
	}
	_ = building.Wait()
	return deployments
}

// Changed returns the names of the images that differ from the deployment before. A
// function that the deployment before did not have counts as changed, one that it lost
// does not.
func (d Deployment) Changed(before *Deployment) string {
	if d.Images == nil {
		return "unknown"
	}
	var changed []string
	for _, pin := range d.Images {
		if before != nil && slices.Contains(before.Images, pin) {
			continue
		}
		digest := argocd.Digest(pin.Image)
		digest = digest[:min(len(digest), 7)]
		changed = append(changed, pin.Name+"@"+digest)
	}
	if len(changed) == 0 {
		return "as before"
	}
	return strings.Join(changed, " ")
}

// choose finds a deployment by id or by the beginning of its revision. Of several
// deployments of one revision it takes the latest. A number of up to six digits is an
// id: revisions are hexadecimal and copied with seven digits or more, while an
// Application reaches a millionth deployment never.
// An ambiguous or unknown argument is an error that lists all that can be chosen.
func choose(app *v1alpha1.Application, argument string) (v1alpha1.RevisionHistory, error) {
	var none v1alpha1.RevisionHistory
	history := app.Status.History
	if len(history) == 0 {
		return none, fmt.Errorf("%s has no earlier deployment to roll back to", app.Name)
	}
	if id, err := strconv.ParseInt(argument, 10, 64); err == nil && len(argument) < 7 {
		for _, entry := range history {
			if entry.ID == id {
				return entry, nil
			}
		}
		return none, fmt.Errorf("%s has no deployment with id %d: want one of %s", app.Name, id, listed(history))
	}
	prefix := strings.ToLower(argument)
	if len(prefix) < 4 || strings.Trim(prefix, "0123456789abcdef") != "" {
		return none, fmt.Errorf("%q is neither an id nor the beginning of a revision (4 digits or more): want one of %s", argument, listed(history))
	}
	found := map[string]v1alpha1.RevisionHistory{}
	for _, entry := range history {
		if strings.HasPrefix(entry.Revision, prefix) {
			found[entry.Revision] = entry
		}
	}
	switch len(found) {
	case 0:
		return none, fmt.Errorf("%s was never deployed to %s: want one of %s", argument, app.Name, listed(history))
	case 1:
		for _, entry := range found {
			return entry, nil
		}
	}
	return none, fmt.Errorf("more than one revision begins with %s: want one of %s", argument, listed(history))
}

// listed are the deployments to choose from, the latest first, for an error.
func listed(history v1alpha1.RevisionHistories) string {
	var entries []string
	for _, entry := range slices.Backward(history) {
		entries = append(entries, fmt.Sprintf("%d (%s)", entry.ID, short(entry.Revision)))
	}
	return strings.Join(entries, ", ")
}

// short abbreviates a revision as package repository does.
func short(revision string) string { return revision[:min(len(revision), 8)] }

// Warnings returns what the history does not show: a sync that failed after the last
// deployment, a running sync, and suspended auto-sync.
func Warnings(app *v1alpha1.Application) []string {
	var warnings []string
	if argocd.Running(app) {
		warnings = append(warnings, fmt.Sprintf("A sync to %s is running.", short(argocd.OperationRevision(app))))
	} else if state := app.Status.OperationState; state != nil && !state.Phase.Successful() {
		warnings = append(warnings, fmt.Sprintf("A later sync to %s failed, so parts of it may be deployed: %s", short(argocd.OperationRevision(app)), state.Message))
	}
	if record, err := Recorded(app); err == nil && record != nil && automated(app) == nil {
		warnings = append(warnings, fmt.Sprintf("Rolled back to %d (%s) at %s; auto-sync is suspended until: release rollback --resume --app %s",
			record.ID, short(record.To), record.At.Local().Format(time.DateTime), app.Name))
	}
	return warnings
}
