// Package budget compares the connections that an environment's functions may open with
// those that its PostgreSQL allows. It reads manifests and asks no cluster, so that a
// change is refused in review. Begin with Check.
//
// It counts connections to PostgreSQL itself; behind a pooler its server's limit is the one to
// state.
package budget

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"knative.dev/serving/pkg/apis/autoscaling"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// The Job that migrates before a release has one connection for the lock and one for the
// statements.
const migrations = 2

// Function is one function's share. It is read from the function's manifest.
type Function struct {
	Name string
	// Pool is the maximum number of connections of one instance.
	Pool int
	// Instances is the maximum number of instances.
	Instances int
	// Rollout is the number of instances that the next revision starts beside those.
	Rollout int
}

// Connections is the most that the function may open during a rollout.
func (f Function) Connections() int { return f.Pool * (f.Instances + f.Rollout) }

// Report is the budget of one environment. All numbers are of connections at the worst
// moment: every function at its limit, in a rollout, while migrations run.
type Report struct {
	Functions []Function
	// Reserved is the number for operators, backups and monitoring.
	Reserved int
	// Maximum is PostgreSQL's max_connections.
	Maximum int
}

// Connections is the most that may be open at a time.
func (r Report) Connections() int {
	sum := migrations + r.Reserved
	for _, function := range r.Functions {
		sum += function.Connections()
	}
	return sum
}

// String shows how the sum comes about, as that is what somebody who is refused wants
// to change.
func (r Report) String() string {
	var terms []string
	for _, function := range r.Functions {
		terms = append(terms, fmt.Sprintf("%s %d × (%d + %d)", function.Name, function.Pool, function.Instances, function.Rollout))
	}
	terms = append(terms, fmt.Sprintf("migrations %d", migrations), fmt.Sprintf("reserved %d", r.Reserved))
	return fmt.Sprintf("%d of %d connections: %s", r.Connections(), r.Maximum, strings.Join(terms, ", "))
}

// Check adds up the connections that the Knative Services with a DATABASE_URL may open
// and fails if they exceed max-connections in the ConfigMap database. The report is
// complete in that case too. Knative would start the instances, and PostgreSQL refuse
// their connections: calls fail at the worst moment, so it is found before.
// Functions in the report are in the order of the objects.
func Check(objects []*unstructured.Unstructured) (Report, error) {
	var report Report
	var problems numbers
	found := false
	for _, object := range objects {
		kind := object.GroupVersionKind()
		switch {
		case kind == corev1.SchemeGroupVersion.WithKind("ConfigMap") && object.GetName() == "database":
			found = true
			// What the owner of the database says of it; nothing here can ask it.
			data, _, _ := unstructured.NestedStringMap(object.Object, "data")
			report.Maximum = problems.read("ConfigMap database: max-connections", data["max-connections"], 1)
			report.Reserved = problems.read("ConfigMap database: reserved-connections", data["reserved-connections"], 0)
		case kind == servingv1.SchemeGroupVersion.WithKind("Service"):
			service := &servingv1.Service{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, service); err != nil {
				problems = append(problems, fmt.Errorf("function %s: %w", object.GetName(), err))
			} else if function, connects := problems.function(service); connects {
				report.Functions = append(report.Functions, function)
			}
		}
	}
	if !found {
		problems = append(problems, errors.New("there is no ConfigMap database: add one with max-connections and reserved-connections of PostgreSQL"))
	}
	if err := errors.Join(problems...); err != nil {
		return report, fmt.Errorf("add up the database's connections: %w", err)
	}
	if report.Connections() > report.Maximum {
		return report, fmt.Errorf("the functions may open more connections than the database allows: %s; lower max-scale or DATABASE_MAX_CONNS, or raise PostgreSQL's max_connections and max-connections with it", report)
	}
	return report, nil
}

// numbers collects what is wrong with the numbers that were read.
type numbers []error

// read returns the number that the setting says, and notes one that is none or too small.
func (n *numbers) read(setting, text string, least int) int {
	value, err := strconv.Atoi(text)
	if err != nil || value < least {
		*n = append(*n, fmt.Errorf("%s is %q: want a number from %d", setting, text, least))
	}
	return value
}

// function reads a Service; one without DATABASE_URL does not connect. Each setting has to be
// written out: a default would be another number than the one that is reviewed.
// During a rollout a new revision starts its minimum scale, or its initial one if that is
// higher, while the old one still serves.
func (n *numbers) function(service *servingv1.Service) (function Function, connects bool) {
	variables := map[string]string{}
	for _, container := range service.Spec.Template.Spec.Containers {
		for _, variable := range container.Env {
			variables[variable.Name] = variable.Value
		}
	}
	if _, connects = variables["DATABASE_URL"]; !connects {
		return function, false
	}
	title := "function " + service.Name + ": "
	scale := func(key, unset string, least int) int {
		text := cmp.Or(service.Spec.Template.Annotations[key], unset)
		return n.read(title+"annotation "+key+" of its template", text, least)
	}
	return Function{
		Name:      service.Name,
		Pool:      n.read(title+"DATABASE_MAX_CONNS", variables["DATABASE_MAX_CONNS"], 1),
		Instances: scale(autoscaling.MaxScaleAnnotationKey, "", 1),
		Rollout:   max(1, scale(autoscaling.MinScaleAnnotationKey, "0", 0), scale(autoscaling.InitialScaleAnnotationKey, "0", 0)),
	}, true
}
