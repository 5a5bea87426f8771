// Package policy checks objects against the ValidatingAdmissionPolicies of a folder, with
// the API server's own admission plugin.
//
// It needs no cluster, and knows only what such policies can see: one object, its namespace and
// ConfigMaps as parameters. Begin with Load, then Check.
package policy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// Deployer is the user as which Argo CD applies manifests.
const Deployer = "system:serviceaccount:argocd:argocd-application-controller"

// Policies are the policies, bindings, namespaces and parameters of a folder.
type Policies struct {
	plugin     *validating.Plugin
	namespaces cache.Store
}

// Violation is one reason to deny a request, with the policy and the index of its
// expression that was false. A request with several is denied by the first; all are
// listed, so that they can be mended together.
type Violation struct {
	validating.ValidationFailureValue        // without a policy if it could not be evaluated: the message names it
	Object                            string // kind, namespace and name
}

// String leaves the binding out, since a policy usually has one.
func (v Violation) String() string {
	if v.Policy == "" {
		return v.Object + ": " + v.Message
	}
	return fmt.Sprintf("%s: %s (policy %s)", v.Object, v.Message, v.Policy)
}

// Load reads a kustomization and others, such as the namespaces and parameters of a folder
// that has only policies. An expression that does not compile denies everything.
// Compiling takes most of its time: load once and check often.
func Load(folder string, others ...*unstructured.Unstructured) (*Policies, error) {
	objects, err := manifest.Build(folder)
	if err != nil {
		return nil, err
	}
	var cluster []runtime.Object
	for _, object := range slices.Concat(objects, others) {
		typed, err := manifest.Complete(object)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", manifest.Title(object), err)
		}
		if binding, ok := typed.(*admissionv1.ValidatingAdmissionPolicyBinding); ok {
			if !slices.Contains(binding.Spec.ValidationActions, admissionv1.Deny) {
				continue
			}
			// A denied request names the first violation. An audit notes all of them.
			binding.Spec.ValidationActions = []admissionv1.ValidationAction{admissionv1.Audit}
		}
		cluster = append(cluster, typed)
	}
	client, mapper, never := fake.NewClientset(cluster...), meta.NewDefaultRESTMapper(nil), make(chan struct{})
	mapper.Add(corev1.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
	plugin, factory := validating.NewPlugin(nil), informers.NewSharedInformerFactory(client, 0)
	plugin.SetExternalKubeClientSet(client)
	plugin.SetExternalKubeInformerFactory(factory)
	plugin.SetRESTMapper(mapper)
	plugin.SetDynamicClient(struct{ dynamic.Interface }{}) // for parameters of other kinds, which the mapper refuses
	plugin.SetAuthorizer(authorizerfactory.NewAlwaysDenyAuthorizer())
	plugin.SetDrainedNotification(never)
	if err := plugin.ValidateInitialization(); err != nil {
		return nil, fmt.Errorf("read policies of %s: %w", folder, err)
	}
	factory.Core().V1().ConfigMaps().Informer() // so that parameters are there before the first request
	factory.Start(never)
	factory.WaitForCacheSync(never)
	return &Policies{plugin, factory.Core().V1().Namespaces().Informer().GetStore()}, nil
}

// Check returns the violations of creating the objects, in their order. As on a cluster,
// the policies of the folder apply to every object that they match, whoever creates it.
func (p *Policies) Check(ctx context.Context, objects []*unstructured.Unstructured) (violations []Violation, err error) {
	for _, object := range objects {
		complete, err := manifest.Complete(object)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", manifest.Title(object), err)
		}
		if _, known, _ := p.namespaces.Get(complete); object.GetKind() == "Namespace" && !known {
			_ = p.namespaces.Add(complete) // for the objects in it; it always has a key
		}
		resource, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind()) // right for the kinds that the policies match
		failures, err := p.admit(ctx, admission.NewAttributesRecord(complete, nil, object.GroupVersionKind(), object.GetNamespace(), object.GetName(), resource,
			"", admission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{Name: Deployer}))
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", manifest.Title(object), err)
		}
		for _, failure := range failures {
			violations = append(violations, Violation{failure, manifest.Title(object)})
		}
	}
	return violations, nil
}

// admit returns the reasons to deny one request; none means that it is admitted.
func (p *Policies) admit(ctx context.Context, request admission.Attributes) ([]validating.ValidationFailureValue, error) {
	log := &auditLog{Attributes: request}
	err := p.plugin.Validate(ctx, log, admission.NewObjectInterfacesFromScheme(manifest.Scheme))
	var denial *apierrors.StatusError
	if errors.As(err, &denial) && apierrors.IsInvalid(denial) {
		// As on a cluster, a policy that cannot be evaluated, for want of its parameters
		// or its namespace, denies everything.
		log.failures = append(log.failures, validating.ValidationFailureValue{Message: denial.ErrStatus.Details.Causes[0].Message})
	} else if err != nil {
		return nil, err
	}
	// The plugin tries the policies in any order.
	slices.SortStableFunc(log.failures, func(a, b validating.ValidationFailureValue) int { return cmp.Compare(a.Policy, b.Policy) })
	return log.failures, nil
}

// auditLog collects the violations that the plugin notes for the API server's audit log.
type auditLog struct {
	admission.Attributes
	failures []validating.ValidationFailureValue
}

// AddAnnotation receives one violation at a time, as a list.
func (l *auditLog) AddAnnotation(key, value string) error {
	if key != "validation.policy.admission.k8s.io/validation_failure" {
		return nil
	}
	var failures []validating.ValidationFailureValue
	err := json.Unmarshal([]byte(value), &failures)
	l.failures = append(l.failures, failures...)
	return err
}
