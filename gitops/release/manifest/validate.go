package manifest

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
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

var (
	// Scheme has the kinds of Kubernetes and of Knative.
	Scheme = func() *runtime.Scheme {
		knative := runtime.NewSchemeBuilder(servingv1.AddToScheme, servingv1beta1.AddToScheme, eventingv1.AddToScheme, sourcesv1.AddToScheme)
		utilruntime.Must(knative.AddToScheme(legacyscheme.Scheme))
		return legacyscheme.Scheme
	}()
	// decoder refuses unknown and duplicate fields. The API server would only warn of an
	// unknown field, and drop it.
	decoder = serializer.NewCodecFactory(Scheme, serializer.EnableStrict).UniversalDeserializer()
	// knative has the defaults of an installation: brokers of the class that Eventing
	// ships, and the features that are on.
	knative = apis.WithinCreate(feature.ToContext(config.ToContext(context.Background(), &config.Config{Defaults: &config.Defaults{
		ClusterDefaultConfig: &config.DefaultConfig{DefaultBrokerClass: eventing.MTChannelBrokerClassValue},
	}}), feature.FromContextOrDefaults(context.Background())))
)

// Title returns an object's name for messages: kind namespace/name. The API version is
// left out, as people name objects without it.
func Title(object *unstructured.Unstructured) string {
	name := cmp.Or(object.GetName(), object.GetGenerateName())
	if namespace := object.GetNamespace(); namespace != "" {
		name = namespace + "/" + name
	}
	return object.GetKind() + " " + name
}

// Complete returns an object as the API server would store it: of its Go type, with all
// defaults. Objects of kinds that Scheme lacks are returned as they are.
func Complete(object *unstructured.Unstructured) (runtime.Object, error) {
	if !Scheme.Recognizes(object.GroupVersionKind()) {
		return object, nil
	}
	data, err := object.MarshalJSON()
	if err != nil {
		return nil, err
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

// Validate decodes objects strictly, and validates those of Knative as its webhook does in
// a default installation. What other kinds may contain is for the API server to say.
// The error joins those of all invalid objects. Warnings are no errors.
func Validate(objects []*unstructured.Unstructured) error {
	var errs []error
	for _, object := range objects {
		placed := object.DeepCopy()
		if placed.GetNamespace() == "" {
			placed.SetNamespace(metav1.NamespaceDefault) // overlays set the real one
		}
		typed, err := Complete(placed)
		if service, ok := typed.(*servingv1.Service); ok {
			err = withinLimits(service)
		}
		if resource, ok := typed.(apis.Validatable); ok {
			if faults := resource.Validate(knative).Filter(apis.ErrorLevel); faults != nil {
				err = errors.Join(err, faults)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", Title(object), err))
		}
	}
	return errors.Join(errs...)
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
