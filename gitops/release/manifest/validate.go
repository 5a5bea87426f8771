package manifest

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/resolver"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicy"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicybinding"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
	"knative.dev/eventing/pkg/apis/config"
	"knative.dev/eventing/pkg/apis/eventing"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	"knative.dev/eventing/pkg/apis/feature"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	servingv1beta1 "knative.dev/serving/pkg/apis/serving/v1beta1"

	// They register kinds, defaults and conversions in legacyscheme.Scheme.
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
)

// Scheme has the kinds of Kubernetes and of Knative.
var Scheme = func() *runtime.Scheme {
	for _, add := range []func(*runtime.Scheme) error{
		servingv1.AddToScheme, servingv1beta1.AddToScheme, eventingv1.AddToScheme, sourcesv1.AddToScheme,
	} {
		utilruntime.Must(add(legacyscheme.Scheme))
	}
	return legacyscheme.Scheme
}()

// decoder refuses unknown and duplicate fields. The API server would only warn of an
// unknown field, and drop it.
var decoder = serializer.NewCodecFactory(Scheme, serializer.EnableStrict).UniversalDeserializer()

// strategies are the API server's own checks for creation. A kind that is not listed
// here is only decoded, so a new kind in the manifests deserves a line.
var strategies = map[runtimeschema.GroupKind]rest.RESTCreateStrategy{
	{Kind: "ConfigMap"}:                                 configmap.Strategy,
	{Kind: "Namespace"}:                                 namespace.Strategy,
	{Kind: "Secret"}:                                    secret.Strategy,
	{Kind: "Service"}:                                   service.Strategy,
	{Kind: "ServiceAccount"}:                            serviceaccount.Strategy,
	{Group: "apps", Kind: "DaemonSet"}:                  daemonset.Strategy,
	{Group: "apps", Kind: "Deployment"}:                 deployment.Strategy,
	{Group: "apps", Kind: "StatefulSet"}:                statefulset.Strategy,
	{Group: "batch", Kind: "CronJob"}:                   cronjob.Strategy,
	{Group: "batch", Kind: "Job"}:                       job.Strategy,
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}: networkpolicy.Strategy,
	{Group: "policy", Kind: "PodDisruptionBudget"}:      poddisruptionbudget.Strategy,
	{Group: rbac, Kind: "Role"}:                         role.Strategy,
	{Group: rbac, Kind: "RoleBinding"}:                  rolebinding.Strategy,
	{Group: rbac, Kind: "ClusterRole"}:                  clusterrole.Strategy,
	{Group: rbac, Kind: "ClusterRoleBinding"}:           clusterrolebinding.Strategy,
	// Without an authorizer they do not ask whether a user may read the parameters.
	{Group: admission, Kind: "ValidatingAdmissionPolicy"}:        validatingadmissionpolicy.NewStrategy(nil, nil),
	{Group: admission, Kind: "ValidatingAdmissionPolicyBinding"}: validatingadmissionpolicybinding.NewStrategy(nil, nil, resolver.ResourceResolverFunc(nil)),
}

const (
	rbac      = "rbac.authorization.k8s.io"
	admission = "admissionregistration.k8s.io"
)

// knative has the defaults of an installation: brokers of the class that Eventing ships,
// and no feature flags.
var knative = func() context.Context {
	flags, err := feature.NewFlagsConfigFromMap(nil)
	utilruntime.Must(err)
	brokers := &config.Config{Defaults: &config.Defaults{
		ClusterDefaultConfig: &config.DefaultConfig{DefaultBrokerClass: eventing.MTChannelBrokerClassValue},
	}}
	return apis.WithinCreate(feature.ToContext(config.ToContext(context.Background(), brokers), flags))
}()

// Validate checks each object as the API server does when it is created, without a
// server: kinds of Kubernetes and Knative with their own code, other kinds with the
// given schemas. An unknown kind is an error. The error joins those of all invalid objects.
// The version of Kubernetes is that of go.mod, which need not be the cluster's. Objects
// are not compared with each other: a reference to a missing object is no error here.
func Validate(objects []*unstructured.Unstructured, schemas ...Schemas) error {
	var errs []error
	for _, object := range objects {
		if err := validate(object.DeepCopy(), schemas); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", Title(object), err))
		}
	}
	return errors.Join(errs...)
}

// Title returns an object's name for messages: kind namespace/name. The API version is
// left out, as people name objects without it.
func Title(object *unstructured.Unstructured) string {
	name := cmp.Or(object.GetName(), object.GetGenerateName())
	if namespace := object.GetNamespace(); namespace != "" {
		name = namespace + "/" + name
	}
	return object.GetKind() + " " + name
}

// validate may change the object.
func validate(object *unstructured.Unstructured, schemas []Schemas) error {
	kind := object.GroupVersionKind()
	if kind.Kind == "" || kind.Version == "" || object.GetName() == "" {
		return errors.New("apiVersion, kind and metadata.name must be set")
	}
	if !Scheme.Recognizes(kind) {
		for _, each := range schemas {
			if schema, ok := each[kind]; ok {
				return schema.validate(object.Object)
			}
		}
		return fmt.Errorf("no schema for %s of %s: check the apiVersion", kind.Kind, kind.GroupVersion())
	}
	strategy, ok := strategies[kind.GroupKind()]
	if object.GetNamespace() == "" && (!ok || strategy.NamespaceScoped()) {
		object.SetNamespace(metav1.NamespaceDefault) // overlays set the real one
	}
	typed, err := Complete(object)
	if err != nil {
		return err
	}
	if service, ok := typed.(*servingv1.Service); ok {
		if err := withinLimits(service); err != nil {
			return err
		}
	}
	if knatives, ok := typed.(apis.Validatable); ok {
		if errs := knatives.Validate(knative).Filter(apis.ErrorLevel); errs != nil { // warnings are no errors
			return errs
		}
	}
	if !ok {
		return nil
	}
	internal, err := Scheme.ConvertToVersion(typed, runtimeschema.GroupVersion{Group: kind.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		return err
	}
	if service, ok := internal.(*core.Service); ok && service.Spec.ClusterIP != "" {
		service.Spec.ClusterIPs = []string{service.Spec.ClusterIP} // as the API server does
	}
	accessor, err := meta.Accessor(internal)
	if err != nil {
		return err
	}
	rest.FillObjectMetaSystemFields(accessor)
	ctx := request.WithRequestInfo(context.Background(), &request.RequestInfo{APIGroup: kind.Group, APIVersion: kind.Version})
	return rest.BeforeCreate(strategy, request.WithNamespace(ctx, accessor.GetNamespace()), internal)
}

// withinLimits refuses a request above its limit, which Knative would only report when no
// instance starts.
func withinLimits(service *servingv1.Service) (err error) {
	for i, container := range service.Spec.Template.Spec.Containers {
		for name, limit := range container.Resources.Limits {
			if requested := container.Resources.Requests[name]; requested.Cmp(limit) > 0 {
				err = errors.Join(err, fmt.Errorf("spec.template.spec.containers[%d].resources.limits.%s: %q is less than the request, %q", i, name, limit.String(), requested.String()))
			}
		}
	}
	return err
}

// Complete returns an object as the API server would store it: with all defaults, and of
// its Go type if Scheme has one. Others get their defaults from schemas, and are
// returned as they are.
// The object itself is not changed.
func Complete(object *unstructured.Unstructured) (runtime.Object, error) {
	if !Scheme.Recognizes(object.GroupVersionKind()) {
		return object, nil
	}
	data, err := object.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	typed, err := runtime.Decode(decoder, data)
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		return nil, errors.Join(strict.Errors()...) // without the whole object
	}
	if err != nil {
		return nil, err
	}
	Scheme.Default(typed)
	if resource, ok := typed.(apis.Defaultable); ok {
		resource.SetDefaults(knative)
	}
	return typed, nil
}
