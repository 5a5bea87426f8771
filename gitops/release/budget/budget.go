// Package budget compares the connections that an environment's functions may open with
// those that its PostgreSQL allows. It reads manifests and asks no cluster, so that a
// change is refused in review. Begin with Check.
//
// It counts connections to PostgreSQL itself; behind a pooler its server's limit is the one to
// state.
package budget

import (
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

// migrationConnections are one for the lock and one for the statements.
const migrationConnections = 2

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
func (f Function) Connections() int {
	return f.Pool * (f.Instances + f.Rollout)
}

// Report is the budget of one environment. All numbers are of connections at the worst
// moment: every function at its limit, in a rollout, while migrations run.
type Report struct {
	Functions []Function
	// Migrations is the number for the Job that runs before a release.
	Migrations int
	// Reserved is the number for operators, backups and monitoring.
	Reserved int
	// Maximum is PostgreSQL's max_connections.
	Maximum int
}

// Connections is the most that may be open at a time.
func (r Report) Connections() int {
	sum := r.Migrations + r.Reserved
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
	terms = append(terms, fmt.Sprintf("migrations %d", r.Migrations), fmt.Sprintf("reserved %d", r.Reserved))
	return fmt.Sprintf("%d of %d connections: %s", r.Connections(), r.Maximum, strings.Join(terms, ", "))
}

// Check adds up the connections that the Knative Services with a DATABASE_URL may open
// and fails if they exceed max-connections in the ConfigMap database. The report is
// complete in that case too. Knative would start the instances, and PostgreSQL refuse
// their connections: calls fail at the worst moment, so it is found before.
// Functions in the report are in the order of the objects.
func Check(objects []*unstructured.Unstructured) (Report, error) {
	report := Report{Migrations: migrationConnections}
	var problems []error
	found := false
	for _, object := range objects {
		switch {
		case object.GroupVersionKind() == corev1.SchemeGroupVersion.WithKind("ConfigMap") && object.GetName() == "database":
			found = true
			var err error
			if report.Maximum, report.Reserved, err = limits(object); err != nil {
				problems = append(problems, err)
			}
		case object.GroupVersionKind() == servingv1.SchemeGroupVersion.WithKind("Service"):
			function, err := function(object)
			if err != nil {
				problems = append(problems, err)
			} else if function != nil {
				report.Functions = append(report.Functions, *function)
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

// limits reads what the owner of the database says of it; nothing here can ask it.
func limits(database *unstructured.Unstructured) (maximum, reserved int, err error) {
	number := func(key string, least int) int {
		text, _, _ := unstructured.NestedString(database.Object, "data", key)
		value, wrong := strconv.Atoi(text)
		if wrong != nil || value < least {
			err = errors.Join(err, fmt.Errorf("ConfigMap database: %s is %q: want a number from %d", key, text, least))
		}
		return value
	}
	maximum, reserved = number("max-connections", 1), number("reserved-connections", 0)
	return maximum, reserved, err
}

// function returns nil for a Service without DATABASE_URL. Each setting has to be
// written out: a default would be another number than the one that is reviewed.
// During a rollout a new revision starts its minimum scale, or its initial one if that is
// higher, while the old one still serves.
func function(object *unstructured.Unstructured) (*Function, error) {
	service := &servingv1.Service{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, service); err != nil {
		return nil, fmt.Errorf("function %s: %w", object.GetName(), err)
	}
	template := service.Spec.Template
	connects, pool := false, ""
	for _, container := range template.Spec.Containers {
		for _, variable := range container.Env {
			switch variable.Name {
			case "DATABASE_URL":
				connects = true
			case "DATABASE_MAX_CONNS":
				pool = variable.Value
			}
		}
	}
	if !connects {
		return nil, nil
	}
	function := &Function{Name: service.Name}
	var err error
	if function.Pool, err = strconv.Atoi(pool); err != nil || function.Pool < 1 {
		return nil, fmt.Errorf("function %s: DATABASE_MAX_CONNS is %q: want a number from 1", service.Name, pool)
	}
	key, text, _ := autoscaling.MaxScaleAnnotation.Get(template.Annotations)
	if function.Instances, err = strconv.Atoi(text); err != nil || function.Instances < 1 {
		return nil, fmt.Errorf("function %s: annotation %s of its template is %q: want a number from 1", service.Name, key, text)
	}
	function.Rollout = 1
	for _, annotation := range []func(map[string]string) (string, string, bool){autoscaling.MinScaleAnnotation.Get, autoscaling.InitialScaleAnnotation.Get} {
		key, text, set := annotation(template.Annotations)
		if !set {
			continue
		}
		least, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("function %s: annotation %s of its template is %q: want a number", service.Name, key, text)
		}
		function.Rollout = max(function.Rollout, least)
	}
	return function, nil
}
