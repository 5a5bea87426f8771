package policy

import (
	"context"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// Deployer is the user as which Argo CD applies manifests.
const Deployer = "system:serviceaccount:argocd:argocd-application-controller"

// Request is one admission request. Exactly one of Object and Old may be nil.
// Objects are not changed: defaults are set on copies.
type Request struct {
	// Object is the object to create, or the new state; nil deletes Old.
	Object *unstructured.Unstructured
	// Old is the previous state; nil creates Object.
	Old *unstructured.Unstructured
	// Subresource is written instead of the object, such as a pod's ephemeralcontainers.
	Subresource string
	// User makes the request; Deployer if empty.
	User string
}

// Violation is one reason to deny a request. A request with several is denied by the
// first; all are listed, so that they can be mended together.
type Violation struct {
	Policy  string
	Binding string
	// Object is the object's kind, namespace and name.
	Object  string
	Message string
	// Validation is the index of the policy's expression that was false; -1 if none was
	// evaluated or evaluation failed.
	Validation int
}

// String leaves the binding out, since a policy usually has one.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s (policy %s)", v.Object, v.Message, v.Policy)
}

// Check returns the violations of creating the objects. It looks up namespaces and
// parameters in others, then in the folder of the policies, then among the objects. As
// on a cluster, the policies of the folder apply to every object that they match,
// whoever creates it.
// Order and repetitions are those of the objects.
func (p *Policies) Check(ctx context.Context, objects []*unstructured.Unstructured, others ...*unstructured.Unstructured) ([]Violation, error) {
	// The last one wins, so what the caller passes overrides the folder.
	lookup, err := look(objects, p.others, others)
	if err != nil {
		return nil, err
	}
	var violations []Violation
	for _, object := range objects {
		found, err := p.admit(ctx, Request{Object: object}, lookup)
		if err != nil {
			return nil, err
		}
		violations = append(violations, found...)
	}
	return violations, nil
}

// Admit returns the violations of one request; none means that it is admitted. Check is
// for many objects that are created together.
func (p *Policies) Admit(ctx context.Context, request Request, others ...*unstructured.Unstructured) ([]Violation, error) {
	lookup, err := look(p.others, others)
	if err != nil {
		return nil, err
	}
	return p.admit(ctx, request, lookup)
}

// admit needs the namespace of a namespaced object, because policies match by its
// labels. That it is unknown is an error and not a violation: nothing was checked.
// Policies are tried in the order of the folder.
func (p *Policies) admit(ctx context.Context, request Request, lookup *lookup) ([]Violation, error) {
	attributes, err := request.attributes()
	if err != nil {
		return nil, err
	}
	var namespace *corev1.Namespace
	if name := attributes.GetNamespace(); name != "" {
		if namespace, err = lookup.namespaces.Get(name); err != nil {
			return nil, fmt.Errorf("check %s: unknown namespace %s: pass its Namespace object", request.describe(), name)
		}
	}
	var violations []Violation
	for _, policy := range p.bound {
		found, err := policy.admit(ctx, attributes, namespace, lookup)
		if err != nil {
			return nil, fmt.Errorf("check %s against policy %s: %w", request.describe(), policy.definition.Name, err)
		}
		for i := range found {
			found[i].Object = request.describe()
		}
		violations = append(violations, found...)
	}
	return violations, nil
}

// admit follows Dispatch of the API server's plugin, which only reports the first
// violation.
func (p boundPolicy) admit(ctx context.Context, attributes admission.Attributes, namespace *corev1.Namespace, lookup *lookup) ([]Violation, error) {
	interfaces := admission.NewObjectInterfacesFromScheme(scheme)
	matches, resource, kind, err := lookup.matcher.DefinitionMatches(attributes, interfaces, validating.NewValidatingAdmissionPolicyAccessor(p.definition))
	if err != nil || !matches {
		return nil, err
	}
	var violations []Violation
	for _, binding := range p.bindings {
		matches, err := lookup.matcher.BindingMatches(attributes, interfaces, validating.NewValidatingAdmissionPolicyBindingAccessor(binding))
		if err != nil {
			return nil, err
		}
		// Warn and Audit do not deny.
		if !matches || !slices.Contains(binding.Spec.ValidationActions, admissionv1.Deny) {
			continue
		}
		violation := Violation{Policy: p.definition.Name, Binding: binding.Name, Validation: -1}
		params, err := generic.CollectParams(p.definition.Spec.ParamKind, lookup.parameters, parameterScope, binding.Spec.ParamRef, attributes.GetNamespace())
		if err != nil {
			// As on a cluster, a policy without its parameters denies everything unless
			// it says otherwise.
			if *p.definition.Spec.FailurePolicy != admissionv1.Ignore {
				violation.Message = fmt.Sprintf("failed to configure binding: %v", err)
				violations = append(violations, violation)
			}
			continue
		}
		versioned, err := admission.NewVersionedAttributes(attributes, kind, interfaces)
		if err != nil {
			return nil, err
		}
		for _, param := range params {
			result := p.evaluator.Validate(ctx, resource, versioned, param, namespace, celconfig.RuntimeCELCostBudget, nil)
			for i, decision := range result.Decisions {
				if decision.Action != validating.ActionDeny {
					continue
				}
				violation.Message, violation.Validation = decision.Message, -1
				if decision.Evaluation == validating.EvalDeny {
					violation.Validation = i
				}
				violations = append(violations, violation)
			}
		}
	}
	return violations, nil
}

// subject is the object that a request is about, before it or after. Messages name it.
func (r Request) subject() *unstructured.Unstructured {
	if r.Object != nil {
		return r.Object
	}
	return r.Old
}

// describe names the object as the other commands do.
func (r Request) describe() string { return manifest.Title(r.subject()) }

// attributes are what the API server hands to its admission plugins, with all defaults
// set. The plural is guessed as Kubernetes does for kinds without a mapping; it is
// right for those that the policies match.
func (r Request) attributes() (admission.Attributes, error) {
	var object, old runtime.Object
	for state, target := range map[*unstructured.Unstructured]*runtime.Object{r.Object: &object, r.Old: &old} {
		if state == nil {
			continue
		}
		complete, err := admitted(state)
		if err != nil {
			return nil, err
		}
		*target = complete
	}
	operation, options := admission.Update, runtime.Object(&metav1.UpdateOptions{})
	switch {
	// Nothing to admit is a mistake of the caller's.
	case object == nil && old == nil:
		return nil, fmt.Errorf("check a request: it has neither Object nor Old")
	case old == nil:
		operation, options = admission.Create, &metav1.CreateOptions{}
	case object == nil:
		operation, options = admission.Delete, &metav1.DeleteOptions{}
	}
	subject := r.subject()
	kind := subject.GroupVersionKind()
	resource, _ := meta.UnsafeGuessKindToResource(kind)
	name := r.User
	if name == "" {
		name = Deployer
	}
	return admission.NewAttributesRecord(object, old, kind, subject.GetNamespace(), subject.GetName(), resource, r.Subresource,
		operation, options, false, &user.DefaultInfo{Name: name}), nil
}
