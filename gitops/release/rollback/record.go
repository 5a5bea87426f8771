// Package rollback rolls an Application back to an earlier deployment and later resumes
// auto-sync.
//
// It changes no branch: what lasts is printed as commands (Lasting) for a person to run. Begin
// with Prepare and Run; the way back is PrepareResume and Run.
package rollback

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
)

// Annotation is the Application's annotation that stores the Record. The state of a
// rollback is there and nowhere else, so that anybody can repeat or resume it from any
// machine.
const Annotation = "sequential-questioning/rollback"

// Record is what a rollback stores on the Application, to restore auto-sync later.
type Record struct {
	// Automated is the auto-sync policy before the rollback.
	Automated *v1alpha1.SyncPolicyAutomated `json:"automated"`
	// RolledBack lists the revisions that must not be deployed again.
	RolledBack []string  `json:"rolledBack"`
	To         string    `json:"to"`
	ID         int64     `json:"id"`
	At         time.Time `json:"at"`
}

// Recorded returns the record of the rollback in force, or nil if there is none.
// A malformed record is an error rather than none: without it the earlier policy is unknown.
func Recorded(app *v1alpha1.Application) (*Record, error) {
	text, ok := app.Annotations[Annotation]
	if !ok {
		return nil, nil
	}
	var record Record
	if err := json.Unmarshal([]byte(text), &record); err != nil || record.Automated == nil || record.To == "" {
		return nil, fmt.Errorf("the annotation %s of %s is malformed: remove it with `kubectl annotate`, and turn auto-sync on with `argocd app set %s --sync-policy automated`", Annotation, app.Name, app.Name)
	}
	return &record, nil
}

// next returns the record after another rollback. The policy stays that of the time
// before the first rollback; revisions that were rolled back add up, without the one
// that is now wanted.
func (r *Record) next(from string, target v1alpha1.RevisionHistory) *Record {
	next := &Record{Automated: r.Automated, To: target.Revision, ID: target.ID, At: time.Now().UTC().Truncate(time.Second)}
	for _, revision := range append(slices.Clone(r.RolledBack), r.To, from) {
		if revision != "" && revision != target.Revision && !slices.Contains(next.RolledBack, revision) {
			next.RolledBack = append(next.RolledBack, revision)
		}
	}
	return next
}

// automated is the auto-sync policy, nil where auto-sync is off.
func automated(app *v1alpha1.Application) *v1alpha1.SyncPolicyAutomated {
	if app.Spec.SyncPolicy == nil {
		return nil
	}
	return app.Spec.SyncPolicy.Automated
}

// suspended returns the Application without auto-sync and with the record. One write
// does both. Whoever finds auto-sync off then also finds why, and what it was.
func suspended(app *v1alpha1.Application, record *Record) (*v1alpha1.Application, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("write the record of a rollback: %w", err)
	}
	app = app.DeepCopy()
	if app.Annotations == nil {
		app.Annotations = map[string]string{}
	}
	app.Annotations[Annotation] = string(text)
	if app.Spec.SyncPolicy != nil {
		app.Spec.SyncPolicy.Automated = nil
	}
	return app, nil
}

// resumed returns the Application with the auto-sync policy and without the record. The
// other fields are kept as they are on the server.
func resumed(app *v1alpha1.Application, policy *v1alpha1.SyncPolicyAutomated) *v1alpha1.Application {
	app = app.DeepCopy()
	delete(app.Annotations, Annotation)
	if policy != nil {
		if app.Spec.SyncPolicy == nil {
			app.Spec.SyncPolicy = &v1alpha1.SyncPolicy{}
		}
		app.Spec.SyncPolicy.Automated = policy.DeepCopy()
	}
	return app
}

// Described describes an auto-sync policy.
func Described(policy *v1alpha1.SyncPolicyAutomated) string {
	if policy == nil {
		return "off"
	}
	text := "on"
	if policy.Prune {
		text += ", prune"
	}
	if policy.SelfHeal {
		text += ", self-heal"
	}
	return text
}
