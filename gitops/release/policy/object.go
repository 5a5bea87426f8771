package policy

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	admissionregistration "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	apps "k8s.io/kubernetes/pkg/apis/apps/install"
	batch "k8s.io/kubernetes/pkg/apis/batch/install"
	core "k8s.io/kubernetes/pkg/apis/core/install"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// scheme has the types for which the API server and Knative set defaults.
var scheme = func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	admissionregistration.Install(scheme)
	apps.Install(scheme)
	batch.Install(scheme)
	core.Install(scheme)
	utilruntime.Must(servingv1.AddToScheme(scheme))
	return scheme
}()

// admitted returns the object as policies see it: with all defaults, which the API server
// sets before admission.
// The object itself is not changed.
func admitted(object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	data, err := object.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", manifest.Title(object), err)
	}
	plain := &unstructured.Unstructured{}
	if err := plain.UnmarshalJSON(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", manifest.Title(object), err)
	}
	kind := plain.GroupVersionKind()
	// Custom resources get their defaults from schemas that are not at hand here; the
	// policies read none of them.
	if !scheme.Recognizes(kind) {
		return plain, nil
	}
	typed, err := scheme.New(kind)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", manifest.Title(object), err)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(plain.Object, typed); err != nil {
		return nil, fmt.Errorf("read %s: %w", manifest.Title(object), err)
	}
	scheme.Default(typed)
	if knative, ok := typed.(apis.Defaultable); ok {
		knative.SetDefaults(apis.WithinCreate(context.Background()))
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", manifest.Title(object), err)
	}
	complete := &unstructured.Unstructured{Object: fields}
	complete.SetGroupVersionKind(kind)
	return complete, nil
}
