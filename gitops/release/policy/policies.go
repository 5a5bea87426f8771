// Package policy checks objects against the ValidatingAdmissionPolicies of a folder, with
// the API server's own code.
//
// It needs no cluster, and knows only what such policies can see: one object, its namespace and
// ConfigMaps as parameters. Begin with Load, then Check.
package policy

import (
	"errors"
	"fmt"
	"path/filepath"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// Policies are compiled policies with their bindings.
type Policies struct {
	bound []boundPolicy
	// others are the folder's other objects: namespaces, and ConfigMaps with parameters.
	others []*unstructured.Unstructured
}

// boundPolicy is a policy with what applies it. Without a binding a policy does
// nothing, which the API server accepts in silence.
type boundPolicy struct {
	definition *admissionv1.ValidatingAdmissionPolicy
	bindings   []*admissionv1.ValidatingAdmissionPolicyBinding
	evaluator  validating.Validator
}

// Load reads the policies, bindings, namespaces and parameters of a kustomization. It
// returns an error for objects that the API server would refuse, and for policies
// without a binding.
// Compiling takes most of its time: load once and check often.
func Load(folder string) (*Policies, error) {
	objects, err := manifest.Build(folder)
	if err != nil {
		return nil, err
	}
	policies, err := read(objects)
	if err != nil {
		return nil, fmt.Errorf("read policies of %s: %w", filepath.Base(folder), err)
	}
	return policies, nil
}

// read sorts the objects of a folder. All that is wrong is reported together.
func read(objects []*unstructured.Unstructured) (*Policies, error) {
	var definitions []*admissionv1.ValidatingAdmissionPolicy
	bindings := map[string][]*admissionv1.ValidatingAdmissionPolicyBinding{}
	policies := &Policies{}
	var problems []error
	for _, object := range objects {
		var into runtime.Object
		switch object.GroupVersionKind() {
		case admissionv1.SchemeGroupVersion.WithKind("ValidatingAdmissionPolicy"):
			into = &admissionv1.ValidatingAdmissionPolicy{}
		case admissionv1.SchemeGroupVersion.WithKind("ValidatingAdmissionPolicyBinding"):
			into = &admissionv1.ValidatingAdmissionPolicyBinding{}
		default:
			policies.others = append(policies.others, object)
			continue
		}
		if err := manifest.Validate([]*unstructured.Unstructured{object}); err != nil { // compiles the expressions
			problems = append(problems, err)
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
			return nil, fmt.Errorf("read %s: %w", manifest.Title(object), err)
		}
		scheme.Default(into)
		switch read := into.(type) {
		case *admissionv1.ValidatingAdmissionPolicy:
			definitions = append(definitions, read)
		case *admissionv1.ValidatingAdmissionPolicyBinding:
			bindings[read.Spec.PolicyName] = append(bindings[read.Spec.PolicyName], read)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	for _, definition := range definitions {
		// lookup knows no other kind, and would find no parameters.
		if kind := definition.Spec.ParamKind; kind != nil && (kind.APIVersion != "v1" || kind.Kind != "ConfigMap") {
			problems = append(problems, fmt.Errorf("policy %s: spec.paramKind: parameters must be a v1 ConfigMap, not a %s of %s", definition.Name, kind.Kind, kind.APIVersion))
		}
		bound := bindings[definition.Name]
		if len(bound) == 0 {
			problems = append(problems, fmt.Errorf("policy %s: it has no binding: add a ValidatingAdmissionPolicyBinding with spec.policyName %s", definition.Name, definition.Name))
		}
		delete(bindings, definition.Name)
		policies.bound = append(policies.bound, boundPolicy{definition: definition, bindings: bound, evaluator: compile(definition)})
	}
	// What is left binds a policy that does not exist, which the API server accepts in
	// silence.
	for name, unbound := range bindings {
		for _, binding := range unbound {
			problems = append(problems, fmt.Errorf("binding %s: spec.policyName: there is no policy %s", binding.Name, name))
		}
	}
	if len(policies.bound) == 0 {
		problems = append(problems, errors.New("there is no ValidatingAdmissionPolicy"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return policies, nil
}
